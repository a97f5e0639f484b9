"""The positional schemes in float64, dense, each from the formula of its paper.

Shapes: B windows, T inputs, D width, H heads, K = D / H head width, R <= K dimensions turned.
Row i of a score matrix is the query, column j the key. A scheme reads its options
position.<name>.<option> and its tensors position.<tensor> when it is made; a new one is a class
and a line in SCHEMES.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Callable

import numpy as np

from reference_corpus import SplitMix64

PAIRS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Setting:
    """What a scheme is made from."""

    name: str
    options: dict[str, str]
    tensor: Callable[..., np.ndarray]  # name and expected shape -> the checkpoint's tensor
    width: int
    heads: int
    layers: int
    train_length: int
    folder: Path  # what paths in options start from

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    def text(self, option: str) -> str:
        return self.options[f"position.{option}"]

    def number(self, option: str) -> float:
        return float(self.text(option))

    def own(self, option: str) -> float:
        return self.number(f"{self.name}.{option}")

    def one_of(self, option: str, *known: str) -> str:
        if self.text(option) not in known:
            raise ValueError(
                f"position.{option}: unknown '{self.text(option)}'; known: {', '.join(known)}"
            )
        return self.text(option)

    def original_length(self) -> float:
        return self.own("original_length") or self.train_length

    def each_layer(self, name: str, *shape: int) -> list[np.ndarray]:
        return [
            self.tensor(f"position.layers.{layer}.{name}", *shape) for layer in range(self.layers)
        ]


@dataclass(frozen=True)
class View:
    """What one layer shows a scheme."""

    layer: int
    positions: np.ndarray  # [T]
    hidden: np.ndarray  # [B, T, D], the layer's normalised input
    queries: np.ndarray  # [B, H, T, K]
    visible: np.ndarray  # [T, T] bool
    keys: np.ndarray | None = None  # [B, H, T, K]

    def distances(self) -> np.ndarray:
        """[T, T] whole numbers; 0 where the key is later, which nobody sees."""
        p = self.positions.astype(np.int64)
        return np.maximum(np.subtract.outer(p, p), 0)


class Scheme:
    """Changes nothing, as does the absence of positions (Haviv et al. 2022)."""

    draws_positions = False
    reach_behind_window = 0  # tokens that read an input before attention, behind its window
    normalised = True  # else the exponentials of the scores are the weights

    def __init__(self, setting: Setting):
        self.setting = setting

    def positions(self, length: int) -> np.ndarray:
        return np.arange(length, dtype=np.float64)

    def embeddings(self, positions: np.ndarray) -> np.ndarray | float:
        """[T, D], added to those of the tokens."""
        return 0.0

    def turn(
        self, q: np.ndarray, k: np.ndarray, positions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Queries and keys [B, H, T, K] as the scores see them."""
        return q, k

    def products(self, view: View) -> np.ndarray:
        """What is in the place of q k' [B, H, T, T], not scaled."""
        return view.queries @ view.keys.swapaxes(-1, -2)

    def scores(self, scores: np.ndarray, view: View) -> np.ndarray:
        """From q k' / sqrt(K) [B, H, T, T], not masked, to what the softmax gets."""
        return scores


# Added to the embeddings.


def sinusoids(positions: np.ndarray, width: int, base: float) -> np.ndarray:
    """[T, D]: dimension 2i is sin(p / base^(2i/D)), dimension 2i + 1 the cosine of the same."""
    angles = np.outer(positions, base ** (-np.arange(0, width, 2) / width))
    table = np.empty((len(positions), width))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


class Sinusoidal(Scheme):
    """Vaswani et al. 2017, section 3.5."""

    def embeddings(self, positions):
        return sinusoids(positions, self.setting.width, self.setting.own("base"))


class Learned(Scheme):
    """Gehring et al. 2017, section 3.1."""

    def __init__(self, setting):
        super().__init__(setting)
        self.table = setting.tensor("position.table", setting.train_length, setting.width)

    def embeddings(self, positions):
        if positions[-1] >= len(self.table):
            raise ValueError(
                f"learned positions end at {len(self.table)}; a window reaches {positions[-1] + 1}"
            )
        return self.table[positions.astype(np.int64)]


# Rotations of queries and keys.


def frequencies(width: int, base: float) -> np.ndarray:
    """[R/2]: base^(-2i/R)."""
    return base ** (-np.arange(0, width, 2) / width)


def pairs(width: int, pairing: str) -> tuple[slice, slice]:
    """Where the first and the second numbers of all pairs stand among R dimensions."""
    if pairing == "interleaved":
        return slice(0, width, 2), slice(1, width, 2)
    return slice(0, width // 2), slice(width // 2, width)


def rotate(vectors: np.ndarray, angles: np.ndarray, pairing: str) -> np.ndarray:
    """[..., T, K] and [T, R/2] -> [..., T, K]: each pair of the first R dimensions turned."""
    first, second = pairs(2 * angles.shape[1], pairing)
    x, y = vectors[..., first], vectors[..., second]
    turned = vectors.copy()
    turned[..., first] = x * np.cos(angles) - y * np.sin(angles)
    turned[..., second] = x * np.sin(angles) + y * np.cos(angles)
    return turned


class Rotary(Scheme):
    """Su et al. 2021, equations 13 to 15."""

    def __init__(self, setting):
        super().__init__(setting)
        self.base = setting.number("rotary.base")
        self.pairing = setting.one_of("rotary.pairing", "half", "interleaved")
        # Checkpoints from before the option turn all.
        fraction = float(setting.options.get("position.rotary.fraction", 1))
        self.width = round(fraction * setting.head_width)
        if abs(self.width - fraction * setting.head_width) > 1e-9 or self.width % 2:
            raise ValueError(
                f"position.rotary.fraction: {fraction} of {setting.head_width} dimensions is not"
                " even"
            )

    def frequencies(self, length: float) -> np.ndarray:
        """For a window whose last position is `length` - 1."""
        return frequencies(self.width, self.base)

    def factor(self) -> float:
        """Of q and of k."""
        return 1.0

    def turn(self, q, k, positions):
        angles = np.outer(positions, self.frequencies(positions[-1] + 1))
        factor = self.factor()
        return factor * rotate(q, angles, self.pairing), factor * rotate(k, angles, self.pairing)


class RotaryInterpolated(Rotary):
    """Chen et al. 2023, equation 4: positions divided by s."""

    def turn(self, q, k, positions):
        return super().turn(q, k, positions / self.setting.own("factor"))


class RotaryNtk(Rotary):
    """Peng et al. 2023, section 3.1: the base grown so that the slowest pair is divided by s."""

    def growth(self, length: float) -> float:
        return self.setting.own("factor")

    def frequencies(self, length):
        exponent = self.width / (self.width - 2)
        return frequencies(self.width, self.base * self.growth(length) ** exponent)


class RotaryDynamicNtk(RotaryNtk):
    """Peng et al. 2023, section 3.3: s from the window; with a factor Hugging Face's form."""

    def growth(self, length):
        s = self.setting.own("factor")
        return max(1.0, s * length / self.setting.original_length() - (s - 1))


def rise(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to low, 1 from high on, linear between."""
    return np.clip((x - low) / (high - low), 0.0, 1.0)


def interpolate_slow(theta: np.ndarray, kept: np.ndarray, s: float) -> np.ndarray:
    return (1.0 - kept) * theta / s + kept * theta


class RotaryYarn(Rotary):
    """Peng et al. 2023, sections 3.2 and 3.4; the ramp by dimensions as in their code."""

    def frequencies(self, length):
        theta = super().frequencies(length)
        return interpolate_slow(theta, self.kept(theta), self.setting.own("factor"))

    def kept(self, theta: np.ndarray) -> np.ndarray:
        fast, slow = self.setting.own("beta_fast"), self.setting.own("beta_slow")
        original = self.setting.original_length()
        known = ("rotations", "dimensions", "dimensions_truncated")
        ramp = self.setting.one_of("rotary_yarn.ramp", *known)
        if ramp == "rotations":
            return rise(original * theta / (2 * math.pi), slow, fast)

        def pair_turning(times: float) -> float:
            if times == 0:
                return math.inf
            turns = original / (2 * math.pi * times)
            return self.width * math.log(turns) / (2 * math.log(self.base))

        low, high = pair_turning(fast), pair_turning(slow)
        if ramp == "dimensions_truncated":
            low = math.floor(low)
            high = high if math.isinf(high) else math.ceil(high)
        low, high = max(low, 0.0), min(high, self.width - 1.0)
        number = np.arange(len(theta))
        # Where nothing is left between the ends the ramp is a step.
        return 1.0 - rise(number, low, high) if low < high else (number <= low).astype(np.float64)

    def factor(self):
        return (
            self.setting.own("attention_factor") or 0.1 * math.log(self.setting.own("factor")) + 1
        )


class RotaryLlama3(Rotary):
    """Dubey et al. 2024: the frequencies of Llama 3.1."""

    def frequencies(self, length):
        theta = super().frequencies(length)
        turns = self.setting.original_length() * theta / (2 * math.pi)
        own = self.setting.own
        kept = rise(turns, own("low_frequency_factor"), own("high_frequency_factor"))
        return interpolate_slow(theta, kept, own("factor"))


def read_longrope_factors(path: Path) -> dict[str, np.ndarray]:
    """{"short_factor": ..., "long_factor": ...}, from JSON or from lines of a name and numbers."""
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        found = json.loads(text)
        for inner in ("rope_scaling", "rope_parameters"):
            found = found.get(inner) or found
    else:
        found = {words[0]: words[1:] for words in map(str.split, text.splitlines()) if words}
    try:
        return {n: np.array(found[n], np.float64) for n in ("short_factor", "long_factor")}
    except KeyError as error:
        raise ValueError(f"{path}: no {error}") from None


class RotaryLongrope(Rotary):
    """Ding et al. 2024, section 3; the factor on q and k as in the authors' code."""

    def __init__(self, setting):
        super().__init__(setting)
        path = setting.folder / setting.text("rotary_longrope.factors")
        self.factors = read_longrope_factors(path)
        for name, factors in self.factors.items():
            if factors.shape != (self.width // 2,):
                raise ValueError(
                    f"{path}: {name} has {factors.size} numbers for {self.width // 2} pairs"
                )

    def frequencies(self, length):
        longer = length > self.setting.original_length()
        return (
            super().frequencies(length) / self.factors["long_factor" if longer else "short_factor"]
        )

    def factor(self):
        given = self.setting.own("attention_factor")
        logarithms = math.log(self.setting.own("factor")) / math.log(self.setting.original_length())
        return given or math.sqrt(1 + logarithms)


class Xpos(Rotary):
    """Sun et al. 2022, algorithm 1. Not centred: float64 holds the powers of any window here."""

    def decay(self) -> np.ndarray:
        """[R/2]: what a pair of a score is multiplied by for each position of distance."""
        gamma = self.setting.own("gamma")
        zeta = (np.arange(self.width // 2) / (self.width / 2) + gamma) / (1 + gamma)
        return zeta ** (1 / self.setting.own("scale_base"))

    def turn(self, q, k, positions):
        powers = np.ones((len(positions), self.setting.head_width))
        for half in pairs(self.width, self.pairing):
            powers[:, half] = self.decay() ** positions[:, None]
        q, k = super().turn(q, k, positions)
        return q * powers, k / powers


# Biases on the scores.


class DistanceBias(Scheme):
    """A bias of the distance alone."""

    def bias(self, distances: np.ndarray, layer: int, length: int) -> np.ndarray:
        """[N] -> [H, N], in a window of `length` tokens."""
        raise NotImplementedError

    def scores(self, scores, view):
        distances = view.distances()
        table = self.bias(
            np.arange(distances.max() + 1, dtype=np.float64), view.layer, len(view.positions)
        )
        return scores + table[:, distances]


def alibi_slopes(heads: int, bias_max: float = 8) -> np.ndarray:
    """Geometric from 2^(-bias_max/n) for n a power of two; otherwise those of the largest power of
    two below n, then the 1st, 3rd, ... of twice that power."""
    power = 1 << (heads.bit_length() - 1)
    slopes = [2.0 ** (-bias_max * (i + 1) / power) for i in range(power)]
    between = [2.0 ** (-bias_max * (i + 1) / (2 * power)) for i in range(0, 2 * power, 2)]
    return np.array(slopes + between[: heads - power])


class Alibi(DistanceBias):
    """Press et al. 2022, section 3."""

    def slopes(self, layer: int, length: int) -> np.ndarray:
        return alibi_slopes(self.setting.heads, self.setting.number("alibi.bias_max"))

    def bias(self, distances, layer, length):
        return -np.outer(self.slopes(layer, length), distances)


class AlibiLearned(Alibi):
    """Press et al. 2022, section 3: slopes that are parameters, kept as logarithms."""

    def __init__(self, setting):
        super().__init__(setting)
        self.log_slopes = setting.each_layer("log_slopes", setting.heads)

    def slopes(self, layer, length):
        return np.exp(self.log_slopes[layer])


class AlibiScaled(Alibi):
    """Al-Khateeb et al. 2023: the slopes times L / T in a window of T > L tokens."""

    def slopes(self, layer, length):
        return super().slopes(layer, length) * min(1.0, self.setting.train_length / length)


def t5_bucket(distance: int, buckets: int, max_distance: int) -> int:
    """Raffel et al. 2020, causal. In whole numbers, for the borders are logarithms that meet."""
    exact = buckets // 2
    if distance < exact:
        return distance
    wide = buckets - exact
    # The largest m with m <= wide ln(distance / exact) / ln(max_distance / exact).
    m = 0
    while exact + m < buckets - 1 and (
        distance**wide * exact ** (m + 1) >= max_distance ** (m + 1) * exact**wide
    ):
        m += 1
    return exact + m


class T5Bias(DistanceBias):
    def __init__(self, setting):
        super().__init__(setting)
        buckets, max_distance = int(setting.own("buckets")), int(setting.own("max_distance"))
        self.table = setting.tensor("position.table", buckets, setting.heads)
        self.bucket = partial(t5_bucket, buckets=buckets, max_distance=max_distance)

    def bias(self, distances, layer, length):
        return self.table[[self.bucket(int(d)) for d in distances]].T


class KerpleLog(DistanceBias):
    """Chi et al. 2022, section 4: -r1 ln(1 + r2 d)."""

    def __init__(self, setting):
        super().__init__(setting)
        self.log_r1 = setting.each_layer("log_r1", setting.heads)
        self.log_r2 = setting.each_layer("log_r2", setting.heads)

    def bias(self, distances, layer, length):
        r1, r2 = np.exp(self.log_r1[layer]), np.exp(self.log_r2[layer])
        return -r1[:, None] * np.log1p(np.outer(r2, distances))


class KerplePower(DistanceBias):
    """Chi et al. 2022, section 4: -r1 d^r2 with r2 below 2."""

    def __init__(self, setting):
        super().__init__(setting)
        self.log_r1 = setting.each_layer("log_r1", setting.heads)
        self.logit_r2 = setting.each_layer("logit_r2", setting.heads)

    def bias(self, distances, layer, length):
        r1, r2 = np.exp(self.log_r1[layer]), 2 * logistic(self.logit_r2[layer])
        return -r1[:, None] * distances ** r2[:, None]


class Sandwich(DistanceBias):
    """Chi et al. 2023: inner products of sinusoidal embeddings, over 8 h / H for h = 1 ... H, less
    what they are at distance 0: beside a learned sink a bias counts from the query's own key."""

    def bias(self, distances, layer, length):
        theta = frequencies(int(self.setting.own("width")), 10000.0)
        products = (np.cos(np.outer(theta, distances)) - 1).sum(axis=0)
        compression = 8 * np.arange(1, self.setting.heads + 1) / self.setting.heads
        return products / compression[:, None]


def over_visible_pairs(
    result: np.ndarray, visible: np.ndarray, change: Callable[..., np.ndarray], *given: np.ndarray
) -> None:
    """result [H, T, T] += change(a, b, ...) [H, N], where a, b, ... are N pairs out of [..., T, T].

    A few pairs at a time, so that what a network makes of them stays small.
    """
    places = np.flatnonzero(visible)
    flat = [array.reshape(-1, visible.size) for array in given]
    out = result.reshape(-1, visible.size)
    for begin in range(0, len(places), PAIRS_AT_ONCE):
        some = places[begin : begin + PAIRS_AT_ONCE]
        out[:, some] += change(*(array[:, some] for array in flat))


class Fire(Scheme):
    """Li et al. 2024: f(psi(i - j) / psi(max(L, i))), psi(x) = ln(c x + 1)."""

    def __init__(self, setting):
        super().__init__(setting)
        shared = setting.one_of("fire.shared", "true", "false") == "true"
        own = replace(setting, layers=1) if shared else setting
        width = int(setting.own("width"))
        self.log_c = own.each_layer("log_c", 1)
        self.log_threshold = own.each_layer("log_threshold", 1)
        self.hidden_weight = own.each_layer("hidden_weight", width)
        self.hidden_bias = own.each_layer("hidden_bias", width)
        self.output_weight = own.each_layer("output_weight", setting.heads, width)

    def scores(self, scores, view):
        layer = view.layer if len(self.log_c) > 1 else 0
        c, threshold = np.exp(self.log_c[layer]), np.exp(self.log_threshold[layer])
        psi_distance = np.log(c * view.distances() + 1)
        psi_query = np.log(c * np.maximum(threshold, view.positions) + 1)
        inner, shift = self.hidden_weight[layer][:, None], self.hidden_bias[layer][:, None]

        def network(x: np.ndarray) -> np.ndarray:
            return self.output_weight[layer] @ np.maximum(inner * x + shift, 0.0)

        bias = np.zeros(scores.shape[1:])
        over_visible_pairs(bias, view.visible, network, psi_distance / psi_query[:, None])
        return scores + bias


# What depends on the text.


def logistic(x: np.ndarray) -> np.ndarray:
    # Through tanh it cannot overflow.
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class Cope(Scheme):
    """Golovneva et al. 2024, section 4: positions counted by gates, from the query back."""

    def __init__(self, setting):
        super().__init__(setting)
        self.count = int(setting.own("max_positions"))
        self.vectors = setting.each_layer("vectors", self.count, setting.head_width)

    def scores(self, scores, view):
        gates = logistic(scores) * view.visible
        counted = np.cumsum(gates[..., ::-1], axis=-1)[..., ::-1]
        p = np.minimum(counted, self.count - 1)
        below = p.astype(np.int64)
        above = np.minimum(below + 1, self.count - 1)
        looked_up = view.queries @ self.vectors[view.layer].T
        lower = np.take_along_axis(looked_up, below, axis=-1)
        upper = np.take_along_axis(looked_up, above, axis=-1)
        return scores + lower + (p - below) * (upper - lower)


class Dape(Scheme):
    """Zheng et al. 2024, section 3: a + b + f(a, b), f a network over the heads of a pair and b
    the bias of another scheme."""

    def __init__(self, setting):
        super().__init__(setting)

        def tensor_of_base(name: str, *shape: int) -> np.ndarray:
            return setting.tensor(name.replace("position.", "position.base.", 1), *shape)

        base = setting.one_of("dape.bias", "none", "alibi", "kerple_log", "fire")
        self.base = make_scheme(replace(setting, name=base, tensor=tensor_of_base))
        width, heads = int(setting.own("width")), setting.heads
        self.hidden_weight = setting.each_layer("hidden_weight", width, 2 * heads)
        self.hidden_bias = setting.each_layer("hidden_bias", width)
        self.output_weight = setting.each_layer("output_weight", heads, width)

    def scores(self, scores, view):
        from_scores, from_bias = np.hsplit(self.hidden_weight[view.layer], 2)
        shift = self.hidden_bias[view.layer][:, None]
        output = self.output_weight[view.layer]

        def correction(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            hidden = from_scores @ a + from_bias @ b + shift
            np.maximum(hidden, 0.01 * hidden, out=hidden)
            return b + output @ hidden

        bias = self.base.scores(np.zeros((1, *scores.shape[1:])), view)[0]
        result = scores.copy()
        for window in result:
            over_visible_pairs(window, view.visible, correction, window, bias)
        return result


class Cable(Scheme):
    """Veisi et al. 2025, section 3: minus the sum of what the tokens after j up to i say."""

    def __init__(self, setting):
        super().__init__(setting)
        self.weight = setting.each_layer("weight", setting.heads, setting.width)
        self.shift = setting.each_layer("bias", setting.heads)

    def scores(self, scores, view):
        push = np.logaddexp(0.0, view.hidden @ self.weight[view.layer].T + self.shift[view.layer])
        reached = np.cumsum(push, axis=1).swapaxes(1, 2)  # [B, H, T]
        return scores - (reached[..., :, None] - reached[..., None, :])


# Positions drawn.


def draw_positions(length: int, span: int, draw: int) -> np.ndarray:
    """`length` of 0 ... span - 1 in rising order, by selection sampling (Knuth, algorithm S)."""
    seed = SplitMix64(SplitMix64(draw).next() + int.from_bytes(b"position", "big")).next()
    stream = SplitMix64(seed)
    drawn: list[int] = []
    for position in range(span):
        if len(drawn) < length and stream.below(span - position) < length - len(drawn):
            drawn.append(position)
    return np.array(drawn, np.float64)


def position_draw(seed: int, length: int, place: int, draw: int) -> int:
    """The name of a draw: by the run's seed, the length measured at, the stream position of the
    window's first scored token (of a task the example's number), and which of its draws it is."""
    name = seed
    for part in (length, place, draw):
        name = SplitMix64(SplitMix64(SplitMix64(name).next() + part).next()).next()
    return name


class Randomized(Scheme):
    """Ruoss et al. 2023, section 3: another scheme at a draw of positions. `draw` is
    the one of the window at hand."""

    draws_positions = True

    def __init__(self, setting):
        super().__init__(setting)
        self.draw = 0
        self.span = int(setting.own("range"))
        name = setting.text("randomized.scheme")
        if name == setting.name:
            raise ValueError("position.randomized.scheme: must be another scheme")
        self.inner = make_scheme(
            replace(setting, name=name, train_length=self.span), "position.randomized.scheme"
        )
        self.embeddings, self.turn = self.inner.embeddings, self.inner.turn
        self.scores, self.products = self.inner.scores, self.inner.products
        self.normalised = self.inner.normalised

    def positions(self, length):
        if length > self.span:
            raise ValueError(f"positions are drawn from {self.span}; a window has {length} inputs")
        return draw_positions(length, self.span, self.draw)


class RotaryP(Rotary):
    """Barbero et al. 2025: the first floor(p R/2) pairs turn, by exponents of all R."""

    def frequencies(self, length):
        theta = super().frequencies(length)
        theta[math.floor(self.setting.own("kept") * len(theta) + 1e-9) :] = 0
        return theta


class RotaryClipped(Rotary):
    """2602.05258: the slowest pairs fade to a stop."""

    def frequencies(self, length):
        theta = super().frequencies(length)
        count = round(self.setting.own("fraction") * len(theta))
        for n in range(count):
            phi = math.pi * (n / (count - 1) if count > 1 else 1)
            hard = self.setting.text("rotary_clipped.hard") == "true"
            theta[len(theta) - count + n] *= 0 if hard else (1 + math.cos(phi)) / 2
        return theta


class RotaryResonance(Rotary):
    """Wang et al. 2024: wavelengths of whole tokens."""

    def frequencies(self, length):
        return 2 * math.pi / np.round(2 * math.pi / super().frequencies(length))


class Fox(Scheme):
    """Lin et al. 2025: the sum of the logarithms of the gates from behind the key to the query."""

    def __init__(self, setting, prefix: str = ""):
        super().__init__(setting)
        self.weights = setting.each_layer(prefix + "weight", setting.heads, setting.width)
        self.biases = setting.each_layer(prefix + "bias", setting.heads)

    def scores(self, scores, view):
        gates = logistic(view.hidden @ self.weights[view.layer].T + self.biases[view.layer])
        sums = np.log(gates).cumsum(axis=1).transpose(0, 2, 1)  # [B, H, T]
        return scores + sums[..., :, None] - sums[..., None, :]


class FoxRotary(Fox):
    """The same beside rotary."""

    def __init__(self, setting):
        super().__init__(setting)
        self.turn = Rotary(setting).turn


def fox_times(setting: Setting) -> np.ndarray:
    ends = setting.number("fox.shortest"), setting.number("fox.longest")
    return np.exp(np.linspace(*np.log(ends), setting.heads))


class FoxFixed(Scheme):
    def slopes(self, layer: int) -> np.ndarray:
        return 1 / fox_times(self.setting)

    def scores(self, scores, view):
        return scores - self.slopes(view.layer)[:, None, None] * view.distances()


class FoxConstant(FoxFixed):
    def __init__(self, setting):
        super().__init__(setting)
        self.gates = setting.each_layer("gate", setting.heads)

    def slopes(self, layer):
        return np.log1p(np.exp(-self.gates[layer]))


class ScaleInvariant(Scheme):
    """Anson et al. 2025: a_t q k' / sqrt(K) + m_t."""

    def scores(self, scores, view):
        logs = 2 * np.log(1 + view.distances() / self.setting.own("tau"))
        return np.sqrt(1 + logs) * scores - logs


class GrapeA(Scheme):
    """2512.07805, key-gated: ALiBi's slopes times what each key says."""

    def __init__(self, setting):
        super().__init__(setting)
        slopes = alibi_slopes(setting.heads, setting.number("alibi.bias_max"))
        omegas = setting.each_layer("omega", setting.heads)
        self.slopes = [slopes * np.logaddexp(0.0, omega) for omega in omegas]
        self.directions = setting.each_layer("direction", setting.heads, setting.head_width)

    def scores(self, scores, view):
        direction = self.directions[view.layer]
        direction = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        said = np.einsum("bhjk,hk->bhj", view.keys, direction) / math.sqrt(direction.shape[1])
        slopes = self.slopes[view.layer][:, None] * np.logaddexp(0.0, said)
        return scores - slopes[:, :, None, :] * view.distances()


class ContentBias(Scheme):
    """Inkling: profiles over distances, mixed by what the query's token says."""

    def __init__(self, setting):
        super().__init__(setting)
        rank, reach = int(setting.own("rank")), int(setting.own("reach"))
        self.weights = setting.each_layer("weight", setting.heads * rank, setting.width)
        self.profiles = setting.each_layer("profiles", rank, reach)

    def scores(self, scores, view):
        profiles = self.profiles[view.layer]
        rank, reach = profiles.shape
        asked = view.hidden @ self.weights[view.layer].T
        asked = asked.reshape(*asked.shape[:2], self.setting.heads, rank).swapaxes(1, 2)
        by_distance = np.concatenate([asked @ profiles, np.zeros((*asked.shape[:3], 1))], axis=3)
        distances = np.broadcast_to(np.minimum(view.distances(), reach), scores.shape)
        return scores + np.take_along_axis(by_distance, distances, axis=3)


def convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """x [B, T, C], kernel [C, W], its last column at the token itself."""
    width = kernel.shape[1]
    padded = np.pad(x, ((0, 0), (width - 1, 0), (0, 0)))
    return sum(padded[:, n : n + x.shape[1]] * kernel[:, n] for n in range(width))


class SelectiveRotary(Scheme):
    """2511.17388: angles are sums of what tokens say."""

    reach_behind_window = 2

    def __init__(self, setting):
        super().__init__(setting)
        rank, pair_count = int(setting.own("rank")), setting.heads * setting.head_width // 2
        self.down = setting.each_layer("down", rank, setting.width)
        self.up = setting.each_layer("up", pair_count, rank)
        self.kernels = setting.each_layer("convolution", pair_count, 4)

    def products(self, view):
        batch, length, _ = view.hidden.shape
        heads = self.setting.heads
        slices = view.hidden.reshape(batch, length, heads, -1)
        slices = slices / np.maximum(np.linalg.norm(slices, axis=3, keepdims=True), 1e-6)
        said = slices.reshape(view.hidden.shape) @ self.down[view.layer].T @ self.up[view.layer].T
        sums = np.cumsum(convolve(said, self.kernels[view.layer]), axis=1)
        angles = sums.reshape(batch, length, heads, -1).swapaxes(1, 2)
        angles = angles * frequencies(self.setting.head_width, self.setting.own("base"))
        half = angles.shape[-1]

        def turned(x: np.ndarray) -> np.ndarray:
            as_complex = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)
            return np.concatenate([as_complex.real, as_complex.imag], axis=-1)

        return turned(view.queries) @ turned(view.keys).swapaxes(-1, -2)


def normals(stream: SplitMix64, count: int) -> np.ndarray:
    """From N(0, 1): the first of the two that Box and Muller make of two uniform numbers."""
    uniform = [((stream.next() >> 11) + 0.5) * 2.0**-53 for _ in range(2 * count)]
    return np.sqrt(-2 * np.log(uniform[0::2])) * np.cos(2 * math.pi * np.array(uniform[1::2]))


class Fope(Scheme):
    """Hua et al. 2024: cosines and sines are fixed mixes of those of the pairs that turn a circle
    within the train length."""

    def __init__(self, setting):
        super().__init__(setting)
        theta = frequencies(setting.head_width, setting.own("base"))
        self.theta = theta[theta > 2 * math.pi / setting.train_length]
        kept, heads = len(self.theta), setting.heads
        name = int.from_bytes(b"fope", "big")
        seed = SplitMix64(SplitMix64(int(setting.own("seed"))).next() + name).next()
        drawn = normals(SplitMix64(seed), 2 * heads * kept * kept)
        drawn = drawn.reshape(2, heads, kept, kept)
        self.mixes = np.eye(kept) + setting.own("gain") / math.sqrt(max(1, kept)) * drawn

    def turn(self, q, k, positions):
        angles = np.outer(positions, self.theta)
        half, kept = self.setting.head_width // 2, len(self.theta)
        cosine = np.ones((self.setting.heads, len(positions), half))
        sine = np.zeros_like(cosine)
        cosine[..., :kept] = np.cos(angles) @ self.mixes[0]
        sine[..., :kept] = np.sin(angles) @ self.mixes[1]

        def turned(x: np.ndarray) -> np.ndarray:
            first, second = x[..., :half], x[..., half:]
            parts = first * cosine - second * sine, first * sine + second * cosine
            return np.concatenate(parts, axis=-1)

        return turned(q), turned(k)


class Pope(Scheme):
    """2509.10534: lengths from softplus, an angle a dimension."""

    def __init__(self, setting):
        super().__init__(setting)
        self.delta = setting.tensor("position.delta", setting.heads, setting.head_width)

    def products(self, view):
        width = self.setting.head_width
        theta = self.setting.own("base") ** (-np.arange(width) / width)
        angles = np.outer(view.positions, theta)
        delta = np.clip(self.delta, -2 * math.pi, 0)[:, None, :]
        q = np.logaddexp(0.0, view.queries) * np.exp(1j * angles)
        k = np.logaddexp(0.0, view.keys) * np.exp(1j * (angles + delta))
        return (q @ k.conj().swapaxes(-1, -2)).real


class StickBreaking(Scheme):
    """Tan et al. 2024: products of what nearer keys leave, from the query back."""

    normalised = False

    def scores(self, scores, view):
        own = np.eye(scores.shape[-1], dtype=bool)
        rest_to_own = self.setting.one_of("stick_breaking.remainder", "zero", "own") == "own"
        left = np.where(view.visible & ~own, -np.logaddexp(0.0, scores), 0.0)
        from_key = np.cumsum(left[..., ::-1], axis=-1)[..., ::-1]
        parts = -np.logaddexp(0.0, -scores) + from_key - left
        return np.where(own, from_key[..., :1] if rest_to_own else -np.inf, parts)


class Wall(Scheme):
    """Tilde 2026: each channel fades by gates of its own."""

    def __init__(self, setting):
        super().__init__(setting)
        channels = setting.heads * setting.head_width
        self.weights = setting.each_layer("weight", channels, setting.width)
        self.biases = setting.each_layer("bias", channels)

    def products(self, view):
        batch, length, _ = view.hidden.shape
        gates = view.hidden @ self.weights[view.layer].T + self.biases[view.layer]
        sums = np.cumsum(-np.logaddexp(0.0, -gates), axis=1)
        sums = sums.reshape(batch, length, self.setting.heads, -1).swapaxes(1, 2)
        result = np.zeros((*view.queries.shape[:3], length))
        for i in range(length):
            kept = np.exp(sums[:, :, i : i + 1] - sums[:, :, : i + 1])
            met = view.queries[:, :, i : i + 1] * view.keys[:, :, : i + 1] * kept
            result[:, :, i, : i + 1] = met.sum(axis=-1)
        return result


class Path(Scheme):
    """Yang et al. 2025: keys reflected once more at each token, before the query meets them."""

    reach_behind_window = 1

    def __init__(self, setting):
        super().__init__(setting)
        rank, channels = int(setting.number("path.rank")), setting.heads * setting.head_width
        self.down = setting.each_layer("down", rank, setting.width)
        self.up = setting.each_layer("up", channels, rank)
        self.kernels = setting.each_layer("convolution", channels, 3)
        self.weights = setting.each_layer("strength_weight", setting.heads, setting.width)
        self.biases = setting.each_layer("strength_bias", setting.heads)

    def products(self, view):
        layer, (batch, length, _) = view.layer, view.hidden.shape
        said = convolve(view.hidden @ self.down[layer].T @ self.up[layer].T, self.kernels[layer])
        w = (said * logistic(said)).reshape(batch, length, self.setting.heads, -1).swapaxes(1, 2)
        w = w / np.maximum(np.linalg.norm(w, axis=3, keepdims=True), 1e-6)
        strength = 2 * logistic(view.hidden @ self.weights[layer].T + self.biases[layer])
        keys = np.array(view.keys)
        result = np.zeros((*keys.shape[:3], length))
        for s in range(length):
            earlier, direction = keys[:, :, :s], w[:, :, s, None]
            along = (earlier * direction).sum(axis=-1, keepdims=True)
            earlier -= strength[:, s, :, None, None] * along * direction
            met = view.queries[:, :, s, None] * keys[:, :, : s + 1]
            result[:, :, s, : s + 1] = met.sum(axis=-1)
        return result


class PathFox(Path):
    def __init__(self, setting):
        super().__init__(setting)
        self.gates = Fox(setting, "gate_")

    def scores(self, scores, view):
        return self.gates.scores(scores, view)


SCHEMES: dict[str, type[Scheme]] = {
    "none": Scheme,
    "sinusoidal": Sinusoidal,
    "learned": Learned,
    "randomized": Randomized,
    "rotary": Rotary,
    "rotary_interpolated": RotaryInterpolated,
    "rotary_ntk": RotaryNtk,
    "rotary_dynamic_ntk": RotaryDynamicNtk,
    "rotary_yarn": RotaryYarn,
    "rotary_longrope": RotaryLongrope,
    "rotary_llama3": RotaryLlama3,
    "rotary_p": RotaryP,
    "rotary_clipped": RotaryClipped,
    "rotary_resonance": RotaryResonance,
    "xpos": Xpos,
    "fope": Fope,
    "selective_rotary": SelectiveRotary,
    "pope": Pope,
    "alibi": Alibi,
    "alibi_learned": AlibiLearned,
    "alibi_scaled": AlibiScaled,
    "t5_bias": T5Bias,
    "kerple_log": KerpleLog,
    "kerple_power": KerplePower,
    "sandwich": Sandwich,
    "fire": Fire,
    "content_bias": ContentBias,
    "cope": Cope,
    "dape": Dape,
    "cable": Cable,
    "fox": Fox,
    "fox_rotary": FoxRotary,
    "fox_constant": FoxConstant,
    "fox_fixed": FoxFixed,
    "scale_invariant": ScaleInvariant,
    "grape_a": GrapeA,
    "stick_breaking": StickBreaking,
    "wall": Wall,
    "path": Path,
    "path_fox": PathFox,
}


def make_scheme(setting: Setting, option: str = "position.scheme") -> Scheme:
    if setting.name not in SCHEMES:
        raise ValueError(f"{option}: unknown '{setting.name}'; known: {', '.join(SCHEMES)}")
    return SCHEMES[setting.name](setting)
