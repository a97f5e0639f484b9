"""The transformer in float64: dense, slow and plain, written from the papers.

Shapes: B windows, T inputs, D width, H heads, K = D / H head width, F feed-forward width,
V vocabulary size. Positional schemes are those of reference_positions.py.

Papers: Vaswani et al. 2017 (attention), Ba et al. 2016 (LayerNorm), Zhang and Sennrich 2019
(RMSNorm), Hendrycks and Gimpel 2016 (GELU), Shazeer 2020 (SwiGLU), Beltagy et al. 2020 (windows),
Xiao et al. 2023 (sinks).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from safetensors import safe_open

from reference_positions import Setting, View, logistic, make_scheme
from reference_query_factors import make_factor

NORM_EPSILON = 1e-5
LOGITS_AT_ONCE = 1 << 22

# Of options that checkpoints of other programs bring and this model does not have (C++ tests compare
# them with a float64 transformer of their own): what a run of ours says, or said by not naming them.
PLAIN = {
    "model.key_value_heads": "0",
    "model.head_width": "0",
    "model.biases": "feedforward norm",
    "model.embedding_norm": "false",
    "model.residual": "stream",
    "model.query_key_value_clip": "0",
    "model.query_key_norm": "none",
    "model.attention_scale": "0",
    "model.logit_scale": "1",
}


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def gelu(x: np.ndarray) -> np.ndarray:
    """x times the normal distribution function, exact (no tanh)."""
    erf = np.fromiter(map(math.erf, (x / math.sqrt(2.0)).ravel().tolist()), np.float64, x.size)
    return 0.5 * x * (1.0 + erf.reshape(x.shape))


def silu(x: np.ndarray) -> np.ndarray:
    return x * logistic(x)


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + NORM_EPSILON) * weight + bias


def rms_norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + NORM_EPSILON) * weight


def visible_keys(length: int, window: int, sinks: int) -> np.ndarray:
    """[T, T] bool: no key later than the query (row); with a window only the query's own place and
    window - 1 before it, and the first `sinks`."""
    behind = np.subtract.outer(np.arange(length), np.arange(length))
    near = (behind < window) | (np.arange(length) < sinks) if window else True
    return (behind >= 0) & near


def attend(
    scores: np.ndarray,
    visible: np.ndarray,
    values: np.ndarray,
    sink: np.ndarray | None = None,
    normalised: bool = True,
) -> np.ndarray:
    """Softmax over the visible keys: [B, H, T, T], [T, T] and [B, H, T, K] -> [B, H, T, K]. A sink
    [H] is one more logit, of value 0; not normalised, the exponentials are the weights."""
    scores = scores + np.where(visible, 0.0, -np.inf)
    others = np.full((len(scores[0]), 1, 1), -np.inf) if sink is None else sink[:, None, None]
    if not normalised:
        return np.exp(scores) @ values / (1 + np.exp(others))
    largest = np.maximum(scores.max(axis=-1, keepdims=True), others)
    weights = np.exp(scores - largest)
    return (weights @ values) / (weights.sum(axis=-1, keepdims=True) + np.exp(others - largest))


class ReferenceModel:
    """A checkpoint's weights and header, as float64.

    What a loaded checkpoint holds and this model does not use is an error: a tensor ignored here
    would be a part of the other program left unchecked.
    """

    def __init__(
        self, tensors: dict[str, np.ndarray], options: dict[str, str], folder: Path = Path(".")
    ):
        self._tensors = {name: np.asarray(tensors[name], np.float64) for name in tensors}
        self._unused = set(self._tensors)
        self._options = options
        self._folder = folder
        self.vocabulary_size = int(options["vocabulary_size"])
        self.train_length = int(options["model.train_length"])
        self.width = int(options["model.width"])
        self.heads = int(options["model.heads"])
        self.layers = int(options["model.layers"])
        self.feedforward = int(options["model.feedforward"])
        self.embedding_scale = float(options["model.embedding_scale"])
        self.activation = self._choice("model.activation", ("relu", "gelu", "swiglu"))
        self.norm = self._choice("model.norm", ("layer", "rms"))
        self.tied = self._choice("model.tied_embeddings", ("true", "false")) == "true"
        for name, plain in PLAIN.items():
            if options.get(name, plain) != plain:
                raise ValueError(f"{name}: '{options[name]}' is not in this reference")
        if float(options.get("model.norm_epsilon", NORM_EPSILON)) != NORM_EPSILON:
            raise ValueError("model.norm_epsilon: is not in this reference")
        # Checkpoints from before these options see all keys.
        self.window = int(options.get("model.window", 0))
        self.sinks = int(options.get("model.sinks", 0))
        setting = Setting(
            options["position.scheme"],
            options,
            self._expect,
            self.width,
            self.heads,
            self.layers,
            self.train_length,
            folder,
        )
        self.scheme = make_scheme(setting)
        self.factor = make_factor(setting)
        self.sinks_learned: list[np.ndarray] | None = None
        if options.get("position.sink_logit", "none") == "learned":
            names = [f"position.sink_logit.layers.{n}.logit" for n in range(self.layers)]
            self.sinks_learned = [self._expect(name, self.heads) for name in names]
        self._expect_all()

    @classmethod
    def load(cls, path: Path, folder: Path = Path(".")) -> ReferenceModel:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            result = cls(tensors, file.metadata() or {}, folder)
        result.refuse_unused()
        return result

    def refuse_unused(self) -> None:
        if self._unused:
            raise ValueError(f"tensors unknown to the reference: {', '.join(sorted(self._unused))}")

    def measured_with(self, changes: dict[str, str]) -> ReferenceModel:
        """The same weights under other options; tensors of the scheme trained may lie idle."""
        return ReferenceModel(self._tensors, {**self._options, **changes}, self._folder)

    def nats(self, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Negative log-likelihoods [B, S] of targets [B, S] after the last S of inputs [B, T]."""
        scored = targets.shape[1]
        hidden = self._hidden(inputs)[:, -scored:].reshape(-1, self.width)
        head = self._head()
        flat = targets.reshape(-1)
        result = np.empty(flat.shape)
        rows = max(1, LOGITS_AT_ONCE // self.vocabulary_size)
        for begin in range(0, flat.size, rows):
            logits = hidden[begin : begin + rows] @ head.T
            wanted = flat[begin : begin + rows]
            largest = logits.max(axis=1)
            total = np.exp(logits - largest[:, None]).sum(axis=1)
            chosen = logits[np.arange(wanted.size), wanted]
            result[begin : begin + rows] = largest + np.log(total) - chosen
        return result.reshape(targets.shape)

    def log_probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """Of every token [B, T, V] after each of inputs [B, T]."""
        logits = self._hidden(inputs) @ self._head().T
        largest = logits.max(axis=-1, keepdims=True)
        return logits - largest - np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True))

    def _head(self) -> np.ndarray:
        return self._tensors["embedding.weight" if self.tied else "head.weight"]

    def _hidden(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs [B, T] -> the last norm's output [B, T, D]."""
        positions = self.scheme.positions(inputs.shape[1])
        h = self._tensors["embedding.weight"][inputs] * self.embedding_scale
        h = h + self.scheme.embeddings(positions)
        for n in range(self.layers):
            block = f"blocks.{n}."
            h = h + self._attention(n, self._norm(block + "attention_norm.", h), positions)
            h = h + self._feedforward(block, self._norm(block + "feedforward_norm.", h))
        return self._norm("final_norm.", h)

    def _attention(self, n: int, x: np.ndarray, positions: np.ndarray) -> np.ndarray:
        batch, length, width = x.shape
        block = f"blocks.{n}.attention."
        projected = x @ self._tensors[block + "query_key_value.weight"].T
        # Rows of the weight run over (query, key, value), then heads, then the head's width.
        projected = projected.reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = projected.transpose(2, 0, 3, 1, 4)
        visible = visible_keys(length, self.window, self.sinks)
        q, k = self.scheme.turn(q, k, positions)
        view = View(n, positions, x, q, visible, k)
        scores = self.scheme.products(view) / math.sqrt(q.shape[-1])
        scores = scores * self.factor.rows(n, visible.sum(axis=1))[:, :, None]
        scores = self.scheme.scores(scores, view)
        sink = self.sinks_learned[n] if self.sinks_learned else None
        mixed = attend(scores, visible, v, sink, self.scheme.normalised)
        mixed = mixed.transpose(0, 2, 1, 3).reshape(batch, length, width)
        return mixed @ self._tensors[block + "output.weight"].T

    def _feedforward(self, block: str, x: np.ndarray) -> np.ndarray:
        up = self._linear(block + "feedforward.up.", x)
        if self.activation == "relu":
            inner = relu(up)
        elif self.activation == "gelu":
            inner = gelu(up)
        else:
            inner = silu(self._linear(block + "feedforward.gate.", x)) * up
        return self._linear(block + "feedforward.down.", inner)

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._tensors[name + "weight"].T + self._tensors[name + "bias"]

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        if self.norm == "layer":
            return layer_norm(x, self._tensors[name + "weight"], self._tensors[name + "bias"])
        return rms_norm(x, self._tensors[name + "weight"])

    def _choice(self, name: str, known: tuple[str, ...]) -> str:
        if self._options[name] not in known:
            raise ValueError(f"{name}: unknown '{self._options[name]}'; known: {', '.join(known)}")
        return self._options[name]

    def _expect_all(self) -> None:
        d, f = self.width, self.feedforward
        self._expect("embedding.weight", self.vocabulary_size, d)
        if not self.tied:
            self._expect("head.weight", self.vocabulary_size, d)
        for n in range(self.layers):
            block = f"blocks.{n}."
            self._expect_norm(block + "attention_norm.")
            self._expect(block + "attention.query_key_value.weight", 3 * d, d)
            self._expect(block + "attention.output.weight", d, d)
            self._expect_norm(block + "feedforward_norm.")
            for inner in ("up.", "gate.") if self.activation == "swiglu" else ("up.",):
                self._expect(block + "feedforward." + inner + "weight", f, d)
                self._expect(block + "feedforward." + inner + "bias", f)
            self._expect(block + "feedforward.down.weight", d, f)
            self._expect(block + "feedforward.down.bias", d)
        self._expect_norm("final_norm.")

    def _expect_norm(self, name: str) -> None:
        self._expect(name + "weight", self.width)
        if self.norm == "layer":
            self._expect(name + "bias", self.width)

    def _expect(self, name: str, *shape: int) -> np.ndarray:
        if name not in self._tensors:
            raise ValueError(f"tensor '{name}' is missing")
        if self._tensors[name].shape != shape:
            raise ValueError(f"tensor '{name}' is {self._tensors[name].shape}, expected {shape}")
        self._unused.discard(name)
        return self._tensors[name]
