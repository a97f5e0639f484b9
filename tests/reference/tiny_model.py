"""A transformer too small for anything but tests."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from typing import Any, Callable

import numpy as np

import reference_model as model
from reference_positions import Scheme, Setting, make_scheme

_folder = tempfile.TemporaryDirectory()
atexit.register(_folder.cleanup)
FOLDER = Path(_folder.name)
(FOLDER / "factors.txt").write_text("short_factor 1 2\nlong_factor 1.5 4\n")


def make_options(**changes: object) -> dict[str, str]:
    options = {
        "vocabulary_size": 11,
        "model.width": 8,
        "model.layers": 2,
        "model.heads": 2,
        "model.feedforward": 6,
        "model.activation": "gelu",
        "model.norm": "layer",
        "model.tied_embeddings": "false",
        "model.embedding_scale": 1,
        "model.window": 0,
        "model.sinks": 0,
        "model.train_length": 12,
        "position.scheme": "none",
        "position.sinusoidal.base": 10000,
        "position.alibi.bias_max": 8,
        "position.rotary.base": 10000,
        "position.rotary.pairing": "half",
        "position.rotary.fraction": 1,
        "position.rotary_interpolated.factor": 8,
        "position.rotary_ntk.factor": 8,
        "position.rotary_dynamic_ntk.factor": 1,
        "position.rotary_dynamic_ntk.original_length": 0,
        "position.rotary_yarn.factor": 8,
        "position.rotary_yarn.original_length": 0,
        "position.rotary_yarn.beta_fast": 32,
        "position.rotary_yarn.beta_slow": 1,
        "position.rotary_yarn.ramp": "rotations",
        "position.rotary_yarn.attention_factor": 0,
        "position.rotary_longrope.factors": "factors.txt",
        "position.rotary_longrope.factor": 8,
        "position.rotary_longrope.original_length": 0,
        "position.rotary_longrope.attention_factor": 0,
        "position.rotary_llama3.factor": 8,
        "position.rotary_llama3.original_length": 0,
        "position.rotary_llama3.low_frequency_factor": 1,
        "position.rotary_llama3.high_frequency_factor": 4,
        "position.xpos.scale_base": 512,
        "position.xpos.gamma": 0.4,
        "position.randomized.scheme": "rotary",
        "position.randomized.range": 24,
        "position.t5_bias.buckets": 32,
        "position.t5_bias.max_distance": 128,
        "position.sandwich.width": 128,
        "position.fire.width": 32,
        "position.fire.c": 0.1,
        "position.fire.threshold": 0.25,
        "position.fire.shared": "false",
        "position.cope.max_positions": 64,
        "position.dape.bias": "alibi",
        "position.dape.width": 32,
        "position.rotary_p.kept": 0.75,
        "position.rotary_clipped.fraction": 0.3125,
        "position.rotary_clipped.hard": "false",
        "position.fox.shortest": 2,
        "position.fox.longest": 128,
        "position.scale_invariant.tau": 10,
        "position.content_bias.rank": 16,
        "position.content_bias.reach": 1024,
        "position.selective_rotary.base": 500000,
        "position.selective_rotary.rank": 32,
        "position.fope.base": 10000,
        "position.fope.gain": 0.3,
        "position.fope.seed": 0,
        "position.pope.base": 10000,
        "position.stick_breaking.remainder": "zero",
        "position.wall.gate": 8,
        "position.path.rank": 32,
    }
    options.update({name.replace("__", "."): value for name, value in changes.items()})
    return {name: str(value) for name, value in options.items()}


def make_setting(options: dict[str, str], tensor: Callable[..., np.ndarray]) -> Setting:
    numbers = ("width", "heads", "layers", "train_length")
    shape = {name: int(options[f"model.{name}"]) for name in numbers}
    return Setting(options["position.scheme"], options, tensor, folder=FOLDER, **shape)


def position_shapes(options: dict[str, str]) -> dict[str, tuple[int, ...]]:
    """What the scheme asks for when it is made."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, *shape: int) -> np.ndarray:
        shapes[name] = shape
        return np.zeros(shape)

    make_scheme(make_setting(options, note))
    return shapes


def scheme_with(name: str, tensors: dict[str, Any] | None = None, **changes: object) -> Scheme:
    """A scheme whose tensors, without "position.", are these."""
    given = {"position." + key: np.array(value, float) for key, value in (tensors or {}).items()}

    def take(key: str, *shape: int) -> np.ndarray:
        assert given[key].shape == shape, (key, given[key].shape, shape)
        return given[key]

    return make_scheme(make_setting(make_options(position__scheme=name, **changes), take))


def make_tensors(options: dict[str, str], seed: int = 0) -> dict[str, np.ndarray]:
    v, d, f = (int(options[k]) for k in ("vocabulary_size", "model.width", "model.feedforward"))
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (v, d)}
    norms = ["final_norm."]
    if options["model.tied_embeddings"] == "false":
        shapes["head.weight"] = (v, d)
    shapes.update(position_shapes(options))
    for n in range(int(options["model.layers"])):
        block = f"blocks.{n}."
        norms += [block + "attention_norm.", block + "feedforward_norm."]
        shapes[block + "attention.query_key_value.weight"] = (3 * d, d)
        shapes[block + "attention.output.weight"] = (d, d)
        for part in ("up", "gate") if options["model.activation"] == "swiglu" else ("up",):
            shapes[block + f"feedforward.{part}.weight"] = (f, d)
            shapes[block + f"feedforward.{part}.bias"] = (f,)
        shapes[block + "feedforward.down.weight"] = (d, f)
        shapes[block + "feedforward.down.bias"] = (d,)
    for norm in norms:
        shapes[norm + "weight"] = (d,)
        if options["model.norm"] == "layer":
            shapes[norm + "bias"] = (d,)
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 0.6, shape).astype("f4") for name, shape in shapes.items()}


def make_model(**changes: object) -> model.ReferenceModel:
    options = make_options(**changes)
    return model.ReferenceModel(make_tensors(options), options, FOLDER)


def all_nats(reference: model.ReferenceModel, tokens: list[int]) -> np.ndarray:
    sequence = np.array([tokens])
    return reference.nats(sequence[:, :-1], sequence[:, 1:])[0]
