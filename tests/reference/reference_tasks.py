"""The laws of the tasks (src/data/tasks/task.h), from their description: what the answer to a prompt is.

Token 1 begins an example, 2 ends its prompt, 3 is a mark or a plus; symbols begin at 4.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Sequence

import numpy as np

BEGIN, ASK, MARK, FIRST = 1, 2, 3, 4
VALUES = 64  # of a recall; its keys come after them
FILLERS, DIGITS = 8, 5  # of a passkey


class Answers(NamedTuple):
    """What follows the prompt, where in it the answers stand, and where what they ask for stood."""

    rest: list[int]
    at: list[int]
    places: list[float]


def whole(rest: Sequence[int]) -> Answers:
    return Answers(list(rest), list(range(len(rest))), [])


def place(index: int, last: int) -> float:
    return index / last if last else 0.0


def recall(prompt: list[int], rest: list[int]) -> Answers:
    keys, values = prompt[::2], prompt[1::2]
    asked = rest[::2]
    if len(set(keys)) < len(keys) or sorted(asked) != sorted(keys):
        raise ValueError("the keys are not asked for once each")
    if min(keys) < FIRST + VALUES or max(values) >= FIRST + VALUES:
        raise ValueError("a key stands for a value, or a value for a key")
    found = [keys.index(key) for key in asked]
    answer = [token for i, key in zip(found, asked) for token in (key, values[i])]
    return Answers(
        answer,
        list(range(1, len(answer), 2)),
        [place(i, len(keys) - 1) for i in found],
    )


def passkey(prompt: list[int], rest: list[int]) -> Answers:
    before = prompt.index(MARK)
    digits = prompt[before + 1 : before + 1 + DIGITS]
    filler = prompt[:before] + prompt[before + 1 + DIGITS :]
    if filler != [FIRST + 10 + i % FILLERS for i in range(len(filler))]:
        raise ValueError("the filler is no repeated sentence")
    return whole(digits)._replace(places=[place(before, len(filler))] * DIGITS)


def addition(prompt: list[int], rest: list[int]) -> Answers:
    plus = prompt.index(MARK)
    one, other = prompt[:plus], prompt[plus + 1 :]
    if len(one) != len(other):
        raise ValueError("the numbers are not of one size")

    def number(tokens: list[int]) -> int:
        return sum((token - FIRST) * 10**i for i, token in enumerate(tokens))

    total = number(one) + number(other)
    return whole([FIRST + total // 10**i % 10 for i in range(len(one) + 1)])


def sum_modulo(modulus: int) -> Callable[[list[int], list[int]], Answers]:
    return lambda prompt, rest: whole([FIRST + sum(t - FIRST for t in prompt) % modulus])


TASKS: dict[str, Callable[[list[int], list[int]], Answers]] = {
    "copy": lambda prompt, rest: whole(prompt),
    "sort": lambda prompt, rest: whole(sorted(prompt)),
    "recall": recall,
    "passkey": passkey,
    "addition": addition,
    "parity": sum_modulo(2),
    "modular_addition": sum_modulo(5),
}


def wrong_examples(
    task: str,
    tokens: np.ndarray,
    offsets: np.ndarray,
    answers: np.ndarray,
    places: np.ndarray | None,
) -> list[str]:
    """What of examples [N, inputs + 1] and their answers is not as the task has it."""
    for number, example in enumerate(tokens.tolist()):
        begin, end = int(offsets[number]), int(offsets[number + 1])
        ask = example.index(ASK) + 1
        prompt, rest = example[1 : ask - 1], example[ask:]
        try:
            law = TASKS[task](prompt, rest)
        except ValueError as error:
            return [f"example {number}: {error}"]
        if example[0] != BEGIN or rest != law.rest:
            return [f"example {number}: its answer is another"]
        if answers[begin:end].tolist() != [ask + at for at in law.at]:
            return [f"example {number}: its answers stand elsewhere"]
        if law.places and not np.allclose(places[begin:end], law.places, atol=1e-12):
            return [f"example {number}: what it asks for stands elsewhere"]
    if len(np.unique(tokens, axis=0)) == 1 < len(tokens):
        return ["all examples are the same one"]
    return []
