"""The factors on q k' by a query's place, in float64, each from the formula of its paper.

A factor is a class and a line in FACTORS. It gives [H or 1, T]: what multiplies the scores of each query of the layer,
`keys` [T] being how many keys each of them sees.
"""

from __future__ import annotations

import numpy as np

from reference_positions import Setting


class Factor:
    def __init__(self, setting: Setting):
        self.setting = setting

    def own(self, option: str) -> float:
        return float(self.setting.text(f"{self.setting.text('query_factor')}.{option}"))

    def length(self, option: str) -> float:
        return max(2.0, self.own(option) or self.setting.train_length)

    def rows(self, layer: int, keys: np.ndarray) -> np.ndarray:
        return np.ones((1, len(keys)))


class LogN(Factor):
    least = 0.0

    def rows(self, layer, keys):
        length = max(2.0, self.setting.number("log_n.length") or self.setting.train_length)
        return np.maximum(np.log(keys) / np.log(length), self.least)[None]


class LogNBeyond(LogN):
    least = 1.0


class Ssmax(Factor):
    def __init__(self, setting):
        super().__init__(setting)
        names = [f"position.query_factor.layers.{n}.scale" for n in range(setting.layers)]
        self.scales = [setting.tensor(name, setting.heads) for name in names]

    def rows(self, layer, keys):
        return np.outer(self.scales[layer], np.log(keys))


class LogNLearned(Ssmax):
    def rows(self, layer, keys):
        return super().rows(layer, keys) / np.log(max(2.0, self.setting.train_length))


class LogA(Factor):
    def rows(self, layer, keys):
        a = self.length("a")
        return (np.log(np.arange(len(keys)) + a) / np.log(a))[None]


class Llama4(Factor):
    def rows(self, layer, keys):
        every = self.own("floor_scale") or self.setting.train_length
        steps = np.floor(np.arange(1, len(keys) + 1) / every)
        return (1 + self.own("scale") * np.log(1 + steps))[None]


class Ministral(Factor):
    def rows(self, layer, keys):
        every = self.own("original_length") or self.setting.train_length
        return (1 + self.own("beta") * np.log(1 + np.floor(np.arange(len(keys)) / every)))[None]


FACTORS: dict[str, type[Factor]] = {
    "none": Factor,
    "log_n": LogN,
    "log_n_beyond": LogNBeyond,
    "log_n_learned": LogNLearned,
    "ssmax": Ssmax,
    "log_a": LogA,
    "llama4": Llama4,
    "ministral": Ministral,
}


def make_factor(setting: Setting) -> Factor:
    """Runs of before there were factors have none."""
    return FACTORS[setting.options.get("position.query_factor", "none")](setting)
