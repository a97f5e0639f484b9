"""The built-in corpora and their Bayes-optimal reader, in whole numbers and plain Python.

A document is a sequence of records, each a cue and then an answer. With K cues and A answers a cue,
cue k is token k and answer a of cue k is token K + k A + a. A cue repeats the one two records before
with probability 1/2 and is drawn by the cue weights otherwise. Each document has for each cue a
Dirichlet(1/8, ...) habit over its answers, integrated out: answers come from a Polya urn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Corpus:
    cue_weights: tuple[int, ...]
    answers: int  # a cue
    splits: dict[str, tuple[int, int, int, int]]  # seed, documents, records, tokens kept of each

    @property
    def cues(self) -> int:
        return len(self.cue_weights)

    @property
    def total_weight(self) -> int:
        return sum(self.cue_weights)

    @property
    def vocabulary_size(self) -> int:
        return self.cues * (1 + self.answers)


# A held-out document is kept to an odd number of tokens and so has a power of two of targets.
IDEAL_READER = Corpus(
    (11, 8, 7, 6, 5, 5, 4, 4, 4, 4, 3, 3),
    8,
    {
        "train": (1, 512, 1025, 2050),
        "test": (2, 32, 1025, 2049),
        "valid": (3, 16, 1025, 2049),
    },
)
LONG_REACH = Corpus(
    # Octaves of 1, 2, 4, 8 and 16 cues, of weight 16 each.
    tuple(16 >> ((k + 1).bit_length() - 1) for k in range(31)),
    20,
    {
        "train": (1, 512, 4097, 8194),
        "test": (2, 32, 32769, 65537),
        "valid": (3, 16, 4097, 8193),
    },
)
CORPORA = {"ideal_reader": IDEAL_READER, "long_reach": LONG_REACH}


class SplitMix64:
    """Steele, Lea and Flood 2014."""

    def __init__(self, state: int):
        self.state = state & MASK

    def next(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        return (self.next() * n) >> 64


def walk(weights: Sequence[int], draw: int) -> int:
    """The index whose share of the summed weights `draw` falls into."""
    for index, weight in enumerate(weights):
        if draw < weight:
            return index
        draw -= weight
    raise AssertionError("a draw beyond the sum of the weights")


def generate_document(
    seed: int, document: int, corpus: Corpus = IDEAL_READER, records: int = 1025
) -> list[int]:
    stream = SplitMix64(SplitMix64(SplitMix64(seed).next() + document).next())
    urns = [[1] * corpus.answers for _ in range(corpus.cues)]  # 8 n + 1 for one drawn n times
    total_weight = corpus.total_weight
    cues: list[int] = []
    tokens: list[int] = []
    for record in range(records):
        if record >= 2 and stream.below(2) == 0:
            cue = cues[-2]
        else:
            cue = walk(corpus.cue_weights, stream.below(total_weight))
        answer = walk(urns[cue], stream.below(sum(urns[cue])))
        urns[cue][answer] += 8
        cues.append(cue)
        tokens += [cue, corpus.cues + cue * corpus.answers + answer]
    return tokens


def generate_split(split: str, corpus: Corpus = IDEAL_READER) -> list[list[int]]:
    if split not in corpus.splits:
        raise ValueError(f"split '{split}' is unknown to the built-in corpora")
    seed, documents, records, kept = corpus.splits[split]
    return [generate_document(seed, d, corpus, records)[:kept] for d in range(documents)]


def ideal_probabilities(window: Sequence[int], corpus: Corpus = IDEAL_READER) -> list[float]:
    """Of each token of the window given those before it in the window, the first included."""
    cues: list[int] = []
    counts: dict[int, int] = {}  # of cues and of answers, by token
    total_weight = corpus.total_weight
    result = []
    for index, token in enumerate(window):
        if token < corpus.cues:
            probability = corpus.cue_weights[token] / total_weight
            if len(cues) >= 2:
                probability = probability / 2 + (0.5 if token == cues[-2] else 0.0)
            cues.append(token)
        else:
            cue = (token - corpus.cues) // corpus.answers
            if index == 0:
                # Answers are private, so a window's first answer tells its cue.
                probability = corpus.cue_weights[cue] / total_weight / corpus.answers
                cues.append(cue)
            else:
                seen = counts.get(cue, 0) + corpus.answers / 8
                probability = (counts.get(token, 0) + 1 / 8) / seen
            counts[token] = counts.get(token, 0) + 1
            counts[cue] = counts.get(cue, 0) + 1
        result.append(probability)
    return result


def ideal_nats(window: Sequence[int], corpus: Corpus = IDEAL_READER) -> list[float]:
    """Nats of window[1:], each given only what stands before it in the window."""
    return [-math.log(p) for p in ideal_probabilities(window, corpus)[1:]]
