"""The transformer in float64: dense, slow and plain, written from the papers.

Shapes: B windows, T inputs, D width, H heads, K = D / H head width, F feed-forward width,
V vocabulary size. Every function takes positions as whole numbers from 0 in each window.

Papers: Vaswani et al. 2017 (attention, sinusoidal), Su et al. 2021 (rotary), Press et al. 2021
(ALiBi), Ba et al. 2016 (LayerNorm), Zhang and Sennrich 2019 (RMSNorm), Hendrycks and Gimpel 2016
(GELU), Shazeer 2020 (SwiGLU).
"""

from __future__ import annotations

import math

import numpy as np
from safetensors import safe_open

NORM_EPSILON = 1e-5
LOGITS_AT_ONCE = 1 << 22


def sinusoids(length: int, width: int, base: float) -> np.ndarray:
    """[T, D]: dimension 2i is sin(p / base^(2i/D)), dimension 2i + 1 the cosine of the same."""
    frequencies = base ** (-np.arange(0, width, 2) / width)
    angles = np.outer(np.arange(length), frequencies)
    table = np.empty((length, width))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table


def rotate(vectors: np.ndarray, base: float, pairing: str) -> np.ndarray:
    """[..., T, K] -> the same: pair i of position p turned by the angle p * base^(-2i/K).

    The pair is (2i, 2i + 1) with "interleaved" and (i, i + K/2) with "half".
    """
    length, width = vectors.shape[-2:]
    if pairing == "interleaved":
        first, second = slice(0, None, 2), slice(1, None, 2)
    elif pairing == "half":
        first, second = slice(0, width // 2), slice(width // 2, None)
    else:
        raise ValueError(f"position.rotary.pairing: unknown '{pairing}'; known: half, interleaved")
    angles = np.outer(np.arange(length), base ** (-np.arange(0, width, 2) / width))
    x, y = vectors[..., first], vectors[..., second]
    turned = np.empty_like(vectors)
    turned[..., first] = x * np.cos(angles) - y * np.sin(angles)
    turned[..., second] = x * np.sin(angles) + y * np.cos(angles)
    return turned


def alibi_slopes(heads: int) -> list[float]:
    """Geometric from 2^(-8/n) for n a power of two; otherwise those of the largest power of two
    below n, then the 1st, 3rd, ... of twice that power."""
    power = 1 << (heads.bit_length() - 1)
    slopes = [2.0 ** (-8.0 * (i + 1) / power) for i in range(power)]
    between = [2.0 ** (-8.0 * (i + 1) / (2 * power)) for i in range(0, 2 * power, 2)]
    return slopes + between[: heads - power]


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def gelu(x: np.ndarray) -> np.ndarray:
    """x times the normal distribution function, exact (no tanh)."""
    erf = np.fromiter(map(math.erf, (x / math.sqrt(2.0)).ravel().tolist()), np.float64, x.size)
    return 0.5 * x * (1.0 + erf.reshape(x.shape))


def silu(x: np.ndarray) -> np.ndarray:
    # The logistic function through tanh cannot overflow.
    return 0.5 * x * (1.0 + np.tanh(0.5 * x))


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + NORM_EPSILON) * weight + bias


def rms_norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + NORM_EPSILON) * weight


def causal_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """[B, H, T, K] each, bias [H or 1, T, T] with minus infinity above the diagonal."""
    scores = (q / math.sqrt(q.shape[-1])) @ k.swapaxes(-1, -2)
    scores += bias
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    return (scores @ v) / scores.sum(axis=-1, keepdims=True)


class ReferenceModel:
    """A checkpoint's weights and header, as float64.

    Whatever the checkpoint holds and this model does not use is an error: a tensor ignored here
    would be a part of the other program left unchecked.
    """

    def __init__(self, tensors: dict[str, np.ndarray], options: dict[str, str]):
        self._tensors = {name: np.asarray(tensors[name], np.float64) for name in tensors}
        self._unused = set(self._tensors)
        self._options = options
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
        self.scheme = self._choice(
            "position.scheme", ("none", "sinusoidal", "learned", "rotary", "alibi")
        )
        self._check_tensors()

    @classmethod
    def load(cls, path) -> ReferenceModel:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            return cls(tensors, file.metadata() or {})

    def nats(self, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Negative log-likelihoods [B, S] of targets [B, S] after the last S of inputs [B, T]."""
        scored = targets.shape[1]
        hidden = self._hidden(inputs)[:, -scored:].reshape(-1, self.width)
        head = self._tensors["embedding.weight" if self.tied else "head.weight"]
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

    def _hidden(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs [B, T] -> the last norm's output [B, T, D]."""
        length = inputs.shape[1]
        h = self._tensors["embedding.weight"][inputs] * self.embedding_scale
        if self.scheme == "sinusoidal":
            h = h + sinusoids(length, self.width, self._number("position.sinusoidal.base"))
        elif self.scheme == "learned":
            if length > self.train_length:
                raise ValueError(
                    f"learned positions end at {self.train_length}; a window has {length} inputs"
                )
            h = h + self._tensors["position.table"][:length]
        bias = self._attention_bias(length)
        for n in range(self.layers):
            block = f"blocks.{n}."
            h = h + self._attention(block, self._norm(block + "attention_norm.", h), bias)
            h = h + self._feedforward(block, self._norm(block + "feedforward_norm.", h))
        return self._norm("final_norm.", h)

    def _attention_bias(self, length: int) -> np.ndarray:
        """[H or 1, T, T], added to the scores of query i (row) and key j (column)."""
        distance = np.subtract.outer(np.arange(length), np.arange(length))
        slopes = alibi_slopes(self.heads) if self.scheme == "alibi" else [0.0]
        penalty = -np.array(slopes)[:, None, None] * distance
        return np.where(distance < 0, -np.inf, penalty)

    def _attention(self, block: str, x: np.ndarray, bias: np.ndarray) -> np.ndarray:
        batch, length, width = x.shape
        projected = x @ self._tensors[block + "attention.query_key_value.weight"].T
        # Rows of the weight run over (query, key, value), then heads, then the head's width.
        projected = projected.reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = projected.transpose(2, 0, 3, 1, 4)
        if self.scheme == "rotary":
            base = self._number("position.rotary.base")
            pairing = self._options["position.rotary.pairing"]
            q, k = rotate(q, base, pairing), rotate(k, base, pairing)
        mixed = causal_attention(q, k, v, bias).transpose(0, 2, 1, 3).reshape(batch, length, width)
        return mixed @ self._tensors[block + "attention.output.weight"].T

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

    def _number(self, name: str) -> float:
        return float(self._options[name])

    def _choice(self, name: str, known: tuple[str, ...]) -> str:
        if self._options[name] not in known:
            raise ValueError(f"{name}: unknown '{self._options[name]}'; known: {', '.join(known)}")
        return self._options[name]

    def _check_tensors(self) -> None:
        d, f = self.width, self.feedforward
        self._expect("embedding.weight", self.vocabulary_size, d)
        if not self.tied:
            self._expect("head.weight", self.vocabulary_size, d)
        if self.scheme == "learned":
            self._expect("position.table", self.train_length, d)
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
        if self._unused:
            raise ValueError(f"tensors unknown to the reference: {', '.join(sorted(self._unused))}")

    def _expect_norm(self, name: str) -> None:
        self._expect(name + "weight", self.width)
        if self.norm == "layer":
            self._expect(name + "bias", self.width)

    def _expect(self, name: str, *shape: int) -> None:
        if name not in self._tensors:
            raise ValueError(f"tensor '{name}' is missing")
        if self._tensors[name].shape != shape:
            raise ValueError(f"tensor '{name}' is {self._tensors[name].shape}, expected {shape}")
        self._unused.discard(name)
