#!/usr/bin/env python3
"""Computes again, in float64 and from the source text, every per-token value stored in run
folders, and compares. Exit status 1: a value is further off than the tolerance, tokens are
missing, or a run has no evaluation file."""

from __future__ import annotations

import argparse
import configparser
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Iterator, Sequence

# The matrices are small: threads of the linear algebra would mostly wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from safetensors import safe_open

from reference_corpus import CORPORA, IDEAL_READER, Corpus, ideal_nats
from reference_model import ReferenceModel
from reference_positions import position_draw
from reference_tasks import wrong_examples
from reference_windows import (
    Document,
    Window,
    load_word_ids,
    open_split,
    plan_windows,
    scored_positions,
    source_files,
    unknown_words,
)

SCORES_AT_ONCE = 1 << 21
TASK_ARRAYS = {"nats", "correct", "offsets", "answers", "tokens", "places"}


@lru_cache(maxsize=8)
def cached_split(
    split: str, data: tuple[tuple[str, str], ...], base: Path, first_token: str
) -> list[Document]:
    return open_split(split, dict(data), base, first_token)


@dataclass
class Draws:
    """What names the draws of a scheme that draws its positions, and how many are averaged."""

    seed: int
    length: int
    count: int

    def names(self, place: int) -> list[int]:
        return [position_draw(self.seed, self.length, place, draw) for draw in range(self.count)]


def read_options(run: Path) -> tuple[dict[str, str], int]:
    """[data], and the seed of training."""
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#",))
    with open(run / "config.ini", encoding="utf-8") as file:
        parser.read_file(file)
    return dict(parser["data"]), int(parser["training"]["seed"])


def batches(windows: Sequence[Window], heads: int) -> Iterator[list[int]]:
    """Indices of windows of one shape, as many at once as keeps the scores in memory."""
    alike: dict[tuple[int, int], list[int]] = {}
    for index, window in enumerate(windows):
        alike.setdefault((window.inputs, window.scored), []).append(index)
    for (inputs, _), indices in alike.items():
        size = max(1, SCORES_AT_ONCE // (heads * inputs * inputs))
        for begin in range(0, len(indices), size):
            yield indices[begin : begin + size]


def drawn_values(
    model: ReferenceModel, documents: Sequence[Document], windows: Sequence[Window], draws: Draws
) -> np.ndarray:
    """The same under a scheme that draws positions: each window under draws of its own."""
    result: list[np.ndarray] = []
    for window in windows:
        sequence = documents[window.document].sequence
        inputs = sequence[None, window.first_input : window.end]
        targets = sequence[None, window.first_target + 1 : window.end + 1]
        nats = []
        for name in draws.names(int(scored_positions(documents, [window])[0])):
            model.scheme.draw = name
            nats.append(model.nats(inputs, targets)[0])
        result.append(np.mean(nats, axis=0))
    return np.concatenate(result) if result else np.zeros(0)


def model_values(
    model: ReferenceModel, documents: Sequence[Document], windows: Sequence[Window], draws: Draws
) -> np.ndarray:
    """Nats of every scored target, in stream order."""
    if model.scheme.draws_positions:
        return drawn_values(model, documents, windows, draws)
    result: list[np.ndarray] = [np.zeros(0)] * len(windows)
    for indices in batches(windows, model.heads):
        chosen = [windows[i] for i in indices]
        inputs = [documents[w.document].sequence[w.first_input : w.end] for w in chosen]
        targets = [documents[w.document].sequence[w.first_target + 1 : w.end + 1] for w in chosen]
        for index, row in zip(indices, model.nats(np.stack(inputs), np.stack(targets))):
            result[index] = row
    return np.concatenate(result) if result else np.zeros(0)


def ideal_values(
    documents: Sequence[Document], windows: Sequence[Window], corpus: Corpus = IDEAL_READER
) -> np.ndarray:
    values: list[float] = []
    for w in windows:
        seen = documents[w.document].sequence[w.first_input : w.end + 1].tolist()
        values += ideal_nats(seen, corpus)[-w.scored :]
    return np.array(values)


class EvaluationFile:
    """One stored evaluation: what was scored and how."""

    def __init__(self, path: Path):
        with safe_open(path, framework="numpy") as file:
            self.metadata = file.metadata() or {}
            self.arrays = {name: file.get_tensor(name) for name in file.keys()}

    def changes(self) -> dict[str, str]:
        """Options that were not those of training: "position.scheme=none model.window=64"."""
        words = re.split(r" (?=(?:model|position|evaluation)\.)", self.metadata.get("variant", ""))
        return dict(word.split("=", 1) for word in words if word)

    def draws(self, seed: int) -> Draws:
        count = int(self.changes().get("evaluation.draws", 1))
        return Draws(seed, int(self.metadata["length"]), count)

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        return plan_windows(
            [document.targets for document in documents],
            self.metadata["protocol"],
            int(self.metadata["length"]),
            int(self.metadata.get("stride") or 0),
            int(self.metadata["max_tokens"]),
            int(self.metadata["window_targets"]),
            int(self.metadata["skipped_targets"]),
        )

    def documents(self, data: dict[str, str], base: Path) -> list[Document]:
        if self.metadata["protocol"].startswith("paper_"):
            data = data | {"documents": "joined"}
        split, first_token = self.metadata["split"], self.metadata["first_token"]
        return cached_split(split, tuple(sorted(data.items())), base, first_token)

    def wrong_statements(self, data: dict[str, str], windows: Sequence[Window]) -> list[str]:
        """What the file says of itself and is not so."""
        scored = sum(w.scored for w in windows)
        contexts = sum(w.end - w.first_input - i for w in windows for i in range(w.scored))
        joined = self.metadata["protocol"].startswith("paper_") or data["documents"] == "joined"
        wrong = []
        if int(self.metadata["tokens"]) != scored:
            wrong.append(f"says {self.metadata['tokens']} tokens, expected {scored}")
        if abs(float(self.metadata["mean_context"]) * scored - contexts) > 1e-9 * contexts:
            wrong.append(f"says mean context {self.metadata['mean_context']}")
        if self.metadata["documents"] != ("joined" if joined else "separate"):
            wrong.append(f"says documents {self.metadata['documents']}")
        return wrong

    def positions(self) -> np.ndarray:
        runs = [np.arange(first, first + count) for first, count in self.arrays["positions"]]
        return np.concatenate(runs) if runs else np.zeros(0, np.int64)


def compare(stored: np.ndarray, wanted: np.ndarray, tolerance: float) -> tuple[str, list[str]]:
    """The differences in words, and what is wrong with them."""
    if stored.shape != wanted.shape:
        return "not compared", [f"{stored.size} values stored, {wanted.size} expected"]
    if wanted.size == 0:
        return "not compared", ["no token scored"]
    difference = np.abs(stored.astype(np.float64) - wanted)
    largest = float(difference.max())
    text = f"largest difference {largest:.2e}, mean {difference.mean():.2e} nats"
    # Written so that a NaN fails.
    if not largest <= tolerance:
        return text, [f"largest difference {largest:.2e} at value {int(difference.argmax())}"]
    return text, []


def stated_ideal(path: Path) -> float | None:
    """The ideal reader's mean in the measurement's line of evaluation.jsonl, the last that counts."""
    found = None
    name = path.relative_to(path.parents[1]).as_posix()
    with open(path.parents[1] / "evaluation.jsonl", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if record.get("file") == name:
                found = record["ideal_nats_per_token"]
    return found


def compare_ideal(stated: float | None, values: np.ndarray) -> tuple[str, list[str]]:
    wanted = float(values.mean())
    if stated is None or not abs(stated - wanted) <= 1e-6 * wanted:
        return "differs", [f"the line's ideal is {stated}, expected {wanted:.9g}"]
    return f"{wanted:.6f}", []


def check_tokens(path: Path, data: dict[str, str], base: Path) -> list[str]:
    """What a file of a split's tokens holds other than the split, and the training split's counts."""
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        stored = {name: file.get_tensor(name) for name in file.keys()}
    split = path.name.removesuffix(".tokens.safetensors")

    def read(name: str) -> list[Document]:
        return cached_split(name, tuple(sorted(data.items())), base, "none")

    wanted = read(split)
    problems = []
    if metadata.get("split") != split:
        problems.append(f"says split {metadata.get('split')}")
    tokens = np.concatenate([document.sequence for document in wanted])
    if not np.array_equal(stored["tokens"].astype(np.int64), tokens):
        problems.append("holds other tokens")
    ends = np.cumsum([len(document.sequence) for document in wanted])
    if not np.array_equal(stored["documents"][:, 0], ends):
        problems.append("documents end elsewhere")
    train = np.concatenate([document.sequence for document in read("train")])
    counts = np.bincount(train, minlength=int(metadata["vocabulary_size"]))
    if not np.array_equal(stored["train_counts"], counts):
        problems.append("counts other tokens in the training split")
    is_words = data["corpus"] == "text" and data["vocabulary"] == "word"
    if is_words and data["documents"] == "separate" and "unknown_tokens" in stored:
        ids = load_word_ids(base / data["folder"])
        texts = [file.read_bytes() for file in source_files(base / data[split])]
        unknown = np.array([unknown_words(text, ids) for text in texts])
        if not np.array_equal(stored["unknown_tokens"], unknown[:, 0]):
            problems.append("counts other unknown words")
        if not np.allclose(stored["spelling_nats"][:, 0], unknown[:, 1], rtol=1e-12, atol=0):
            problems.append("spells unknown words at another price")
    return problems


def check_file(
    path: Path, model: ReferenceModel, options: tuple[dict[str, str], int], base: Path,
    tolerance: float,
) -> tuple[str, list[str]]:
    file = EvaluationFile(path)
    data, seed = options
    model = model.measured_with(file.changes())
    if file.metadata["protocol"] == "task":
        return check_task_file(file, model, data["task"], file.draws(seed), tolerance)
    documents = file.documents(data, base)
    windows = file.windows(documents)
    wanted_positions = scored_positions(documents, windows)
    text, problems = compare(
        file.arrays["nats"], model_values(model, documents, windows, file.draws(seed)), tolerance
    )
    text = f"{file.arrays['nats'].size} tokens, {text}"
    problems += file.wrong_statements(data, windows)
    if not np.array_equal(file.positions(), wanted_positions):
        problems.append("positions are not those of the scored targets")
    if data["corpus"] in CORPORA:
        ideal_text, found = compare_ideal(
            stated_ideal(path), ideal_values(documents, windows, CORPORA[data["corpus"]])
        )
        text += f"; ideal: {ideal_text}"
        problems += found
    if unknown := sorted(set(file.arrays) - {"nats", "positions"}):
        problems.append(f"arrays not checked: {', '.join(unknown)}")
    return text, problems


def check_task_file(
    file: EvaluationFile, model: ReferenceModel, task: str, draws: Draws, tolerance: float
) -> tuple[str, list[str]]:
    stored = file.arrays
    tokens = stored["tokens"].astype(np.int64)
    problems = wrong_examples(
        task, tokens, stored["offsets"], stored["answers"], stored.get("places")
    )
    if tokens.shape[1] - 1 > int(file.metadata["length"]):
        problems.append(f"holds examples of {tokens.shape[1] - 1} inputs")
    wanted, lead = [], []
    for number, example in enumerate(tokens):
        at = stored["answers"][stored["offsets"][number] : stored["offsets"][number + 1]]
        if model.scheme.draws_positions:
            model.scheme.draw = draws.names(number)[0]
        found = model.log_probabilities(example[None, :-1])[0, at - 1]
        rows = np.arange(len(at))
        own = found[rows, example[at]]
        found[rows, example[at]] = -np.inf
        wanted.append(-own)
        lead.append(own - found.max(axis=1))
    text, found_problems = compare(stored["nats"], np.concatenate(wanted), tolerance)
    # Where two tokens are as likely as each other, float32 may have either first.
    leads = np.concatenate(lead)
    wrong = (leads > 0) != (stored["correct"] == 1)
    if np.any(wrong & (np.abs(leads) > 2 * tolerance)):
        found_problems.append("says right what is wrong, or wrong what is right")
    if unknown := sorted(set(stored) - TASK_ARRAYS):
        found_problems.append(f"arrays not checked: {', '.join(unknown)}")
    return f"{len(tokens)} examples, {stored['nats'].size} tokens, {text}", problems + found_problems


def check_run(run: Path, base: Path, tolerance: float) -> bool:
    files = sorted((run / "evaluation").glob("*.safetensors"))
    # The tokens of a split, not a measurement of it.
    files = [file for file in files if not file.name.endswith(".tokens.safetensors")]
    if not files:
        print(f"{run}: FAILED: no evaluation file")
        return False
    try:
        model = ReferenceModel.load(run / "checkpoint.safetensors", base)
        options = read_options(run)
    except Exception as error:
        print(f"{run}: FAILED: {describe(error)}")
        return False
    good = True
    for path in sorted((run / "evaluation").glob("*.tokens.safetensors")):
        try:
            problems = check_tokens(path, options[0], base)
        except Exception as error:
            problems = [describe(error)]
        print(f"{path}: {'FAILED: ' + '; '.join(problems) if problems else 'as the split has them'}")
        good = good and not problems
    for path in files:
        try:
            text, problems = check_file(path, model, options, base, tolerance)
        except Exception as error:
            text, problems = "not compared", [describe(error)]
        print(f"{path}: {text}" + (f": FAILED: {'; '.join(problems)}" if problems else ""))
        good = good and not problems
    return good


def describe(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return " ".join(str(error).split()) or type(error).__name__


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_FOLDER")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="nats (default 1e-4)")
    parser.add_argument(
        "--base-dir", type=Path, default=Path("."), help="what paths in options start from"
    )
    options = parser.parse_args(arguments)
    results = [check_run(run, options.base_dir, options.tolerance) for run in options.runs]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
