"""The ideal-reader corpus and its Bayes-optimal reader, in whole numbers and plain Python.

A document is a sequence of records, each a cue and then an answer. Cue k is token k; answer a of
cue k is token CUES + k * ANSWERS + a. A cue repeats the one two records before with probability
1/2 and is drawn by CUE_WEIGHTS otherwise. Each document has for each cue a Dirichlet(1/8, ...)
habit over its answers, integrated out: answers come from a Polya urn.
"""

from __future__ import annotations

import math
from typing import Sequence

CUE_WEIGHTS = (11, 8, 7, 6, 5, 5, 4, 4, 4, 4, 3, 3)
CUES = len(CUE_WEIGHTS)
TOTAL_WEIGHT = sum(CUE_WEIGHTS)
ANSWERS = 8
VOCABULARY_SIZE = CUES + CUES * ANSWERS
RECORDS = 1025
# Seed, documents and tokens kept of each; a document kept to 2049 tokens has 2048 targets.
SPLITS = {"train": (1, 512, 2050), "test": (2, 32, 2049), "valid": (3, 16, 2049)}

MASK = (1 << 64) - 1


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


def generate_document(seed: int, document: int, records: int = RECORDS) -> list[int]:
    stream = SplitMix64(SplitMix64(SplitMix64(seed).next() + document).next())
    urns = [[1] * ANSWERS for _ in range(CUES)]  # 8 n + 1 for an answer drawn n times
    drawn = [0] * CUES
    cues: list[int] = []
    tokens: list[int] = []
    for record in range(records):
        if record >= 2 and stream.below(2) == 0:
            cue = cues[-2]
        else:
            cue = walk(CUE_WEIGHTS, stream.below(TOTAL_WEIGHT))
        answer = walk(urns[cue], stream.below(8 * drawn[cue] + 8))
        urns[cue][answer] += 8
        drawn[cue] += 1
        cues.append(cue)
        tokens += [cue, CUES + cue * ANSWERS + answer]
    return tokens


def generate_split(split: str) -> list[list[int]]:
    if split not in SPLITS:
        raise ValueError(f"split '{split}' is unknown to the ideal-reader corpus")
    seed, documents, kept = SPLITS[split]
    return [generate_document(seed, d)[:kept] for d in range(documents)]


def ideal_probabilities(window: Sequence[int]) -> list[float]:
    """Of each token of the window given those before it in the window, the first included."""
    cues: list[int] = []
    counts = [[0] * ANSWERS for _ in range(CUES)]
    totals = [0] * CUES
    result = []
    for index, token in enumerate(window):
        if token < CUES:
            probability = CUE_WEIGHTS[token] / TOTAL_WEIGHT
            if len(cues) >= 2:
                probability = probability / 2 + (0.5 if token == cues[-2] else 0.0)
            cues.append(token)
        else:
            cue, answer = divmod(token - CUES, ANSWERS)
            if index == 0:
                # Answers are private, so a window's first answer tells its cue.
                probability = CUE_WEIGHTS[cue] / TOTAL_WEIGHT / ANSWERS
                cues.append(cue)
            else:
                probability = (counts[cue][answer] + 1 / 8) / (totals[cue] + 1)
            counts[cue][answer] += 1
            totals[cue] += 1
        result.append(probability)
    return result


def ideal_nats(window: Sequence[int]) -> list[float]:
    """Nats of window[1:], each given only what stands before it in the window."""
    return [-math.log(p) for p in ideal_probabilities(window)[1:]]
