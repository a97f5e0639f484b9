#!/usr/bin/env python3
"""Trains a small model of every scheme that the program lists, on three corpora, measures it under
every protocol, and one on every task, and compares every stored per-token value with the reference.

    check_program.py PROGRAM [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Sequence

import check_run
from reference_query_factors import FACTORS
from reference_tasks import TASKS


class Measurement:
    """Options of one `evaluate`, and what its files must say of themselves beside the lengths."""

    def __init__(self, lengths: str, says: dict[str, object], **options: object):
        self.lengths = lengths.split()
        self.says = {name: str(value) for name, value in says.items()}
        self.words = [f"--evaluation.{name}={value}" for name, value in options.items()]
        self.words.append(f"--evaluation.lengths={lengths}")


# Strides and lengths are multiples of nothing here.
EVERY_SCHEME = [
    Measurement("16 37 64", {"protocol": "non_overlapping"}),
    Measurement("16 41 64", {"stride": 13}, protocol="sliding", stride=13),
    Measurement(
        "16 41 64",
        {"stride": 5, "window_targets": 5, "skipped_targets": 63},
        protocol="last_k",
        last=5,
    ),
]
# What is no matter of the scheme is measured for two of them.
SOME_SCHEMES = ("alibi", "rotary")
MORE = [
    Measurement("23", {"stride": 1}, protocol="sliding", stride=1),
    Measurement(
        "9 31",
        {"stride": 17, "window_targets": 3, "skipped_targets": 30},
        protocol="last_k",
        last=3,
        stride=17,
    ),
]
MORE_ON_TEXT = [
    Measurement(
        "29",
        {"protocol": "paper_non_overlapping", "documents": "joined"},
        counting="paper",
    ),
    Measurement(
        "29",
        {"protocol": "paper_sliding", "documents": "joined"},
        counting="paper",
        protocol="sliding",
        stride=7,
    ),
    Measurement("21", {"first_token": "previous"}, first_token="previous"),
]
MORE_ON_WORDS = [
    Measurement("21", {"first_token": "none"}, first_token="none"),
    Measurement("22", {"first_token": "eos"}, first_token="eos"),
]
# Each scheme has a factor beside it here, and none in the other settings.
WITH_FACTOR = "ideal_reader"
LIMIT = 64  # train length of a scheme that ends there; the others are trained shorter
TRAIN_LENGTH = 20

COMMON = {
    "training.steps": 12,
    "training.batch_windows": 4,
    "training.warmup_steps": 3,
    "training.learning_rate": 0.02,
    "training.log_every": 12,
}

# A setting has a corpus and a model; together they cover every activation, norm and head layout.
SETTINGS = {
    "bytes": {
        "data.corpus": "text",
        "data.train": "bytes/train",
        "data.test": "bytes/test",
        "data.vocabulary": "byte",
        "data.folder": "prepared/bytes",
        "model.width": 24,
        "model.layers": 2,
        "model.heads": 3,
        "model.feedforward": 20,
        "model.activation": "gelu",
        "model.norm": "layer",
        "position.rotary.pairing": "half",
    },
    "words": {
        "data.corpus": "text",
        "data.train": "words/train.txt",
        "data.test": "words/test.txt",
        "data.vocabulary": "word",
        "data.vocabulary_size": 14,
        "data.folder": "prepared/words",
        "data.documents": "joined",
        "model.width": 24,
        "model.layers": 1,
        "model.heads": 6,
        "model.feedforward": 30,
        "model.activation": "relu",
        "model.norm": "rms",
        "model.tied_embeddings": "true",
        "model.embedding_scale": 3.5,
        "model.dropout": 0.1,
        "position.sink_logit": "learned",
        "position.rotary.pairing": "interleaved",
        "position.rotary.base": 700,
        "position.sinusoidal.base": 300,
    },
    "ideal_reader": {
        "data.corpus": "ideal_reader",
        "model.width": 16,
        "model.layers": 2,
        "model.heads": 4,
        "model.feedforward": 24,
        "model.activation": "swiglu",
        "model.norm": "rms",
        "model.window": 23,
        "model.sinks": 2,
        "evaluation.max_tokens": 3000,
    },
}


TASK_OPTIONS = {
    "data.corpus": "task",
    "evaluation.protocol": "task",
    "model.width": 24,
    "model.layers": 2,
    "model.heads": 3,
    "model.feedforward": 20,
    "model.train_length": TRAIN_LENGTH,
    "position.scheme": "alibi",
}
TASK_MEASUREMENT = Measurement(
    "20 37", {"protocol": "task"}, protocol="task", examples=40
)


def write_texts(folder: Path) -> None:
    """Two documents of bytes and a file of words a split; the words of the test split are not all
    in the vocabulary, and some lines are empty."""
    rng = random.Random(5)
    words = "the a cat dog sat ran on under mat tree and then it far away née".split()

    def lines(count: int) -> str:
        return "".join(
            " ".join(rng.choices(words, k=rng.randrange(9))) + "\n" for _ in range(count)
        )

    for name, text in {
        "bytes/train/one.txt": lines(40),
        "bytes/train/two.txt": lines(25),
        "bytes/test/first.txt": lines(20),
        "bytes/test/second.txt": lines(13) + "no line end",
        "words/train.txt": lines(150),
        "words/test.txt": lines(70) + "unseen words here\n\nlast",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Program:
    def __init__(self, path: Path, folder: Path):
        self.path, self.folder = path, folder

    def __call__(self, *words: object) -> str:
        command = [str(self.path), *map(str, words)]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, encoding="utf-8"
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    @cached_property
    def schemes(self) -> list[tuple[str, bool]]:
        """Each scheme's name, and whether it ends at the train length."""
        head, *rows = [re.split(r"\s{2,}", row) for row in self("schemes").splitlines()]
        scheme, length = head.index("scheme"), head.index("length")
        return [(row[scheme], row[length] == "train_length") for row in rows]


def train(program: Program, options: dict[str, object]) -> None:
    """From a file, which may say what only another scheme reads."""
    lines: dict[str, list[str]] = {}
    for name, value in options.items():
        section, _, key = name.partition(".")
        lines.setdefault(section, [f"[{section}]"]).append(f"{key} = {value}")
    text = "\n".join("\n".join(section) for section in lines.values())
    (program.folder / "run.ini").write_text(text + "\n")
    program("train", "run.ini")


def train_scheme(program: Program, scheme: str, limited: bool, setting: str) -> Path:
    run = Path("runs") / f"{setting}-{scheme}"
    options = COMMON | SETTINGS[setting] | {"position.scheme": scheme, "run.folder": run}
    options["model.train_length"] = LIMIT if limited else TRAIN_LENGTH
    if scheme == "rotary_longrope":
        pairs = int(options["model.width"]) // int(options["model.heads"]) // 2
        factors = Path(f"factors-{setting}.txt")
        short, long = (" ".join(str(1 + slope * i) for i in range(pairs)) for slope in (0.1, 1.5))
        (program.folder / factors).write_text(f"short_factor {short}\nlong_factor {long}\n")
        options["position.rotary_longrope.factors"] = factors
    if setting == WITH_FACTOR:
        names = [name for name, _ in program.schemes]
        options["position.query_factor"] = list(FACTORS)[names.index(scheme) % len(FACTORS)]
    train(program, options)
    return run


def train_and_measure(program: Program, setting: str) -> list[Path]:
    """Every scheme in the setting. One `evaluate` measures all: a start of the program takes as
    long as a measurement."""
    runs = {
        scheme: train_scheme(program, scheme, limited, setting)
        for scheme, limited in program.schemes
    }
    for measurement in EVERY_SCHEME:
        measure(program, list(runs.values()), measurement)
    on_text = MORE_ON_TEXT if setting != "ideal_reader" else []
    for measurement in MORE + on_text + (MORE_ON_WORDS if setting == "words" else []):
        measure(program, [runs[scheme] for scheme in SOME_SCHEMES], measurement)
    return list(runs.values())


def train_and_measure_task(program: Program, task: str) -> Path:
    run = Path("runs") / f"task-{task}"
    options = COMMON | TASK_OPTIONS | {"data.task": task, "run.folder": run}
    train(program, options)
    measure(program, [run], TASK_MEASUREMENT)
    return run


def measure(program: Program, runs: list[Path], measurement: Measurement) -> None:
    """A measurement that was not made, or another one, would be compared and nobody would notice."""
    before = {run: measurements_of(program.folder / run) for run in runs}
    program("evaluate", *runs, *measurement.words)
    for run in runs:
        new = measurements_of(program.folder / run) - before[run]
        if len(new) != len(measurement.lengths):
            raise RuntimeError(f"{run}: {measurement.words} stored {len(new)} measurements")
        for path in new:
            said = check_run.EvaluationFile(path).metadata
            for name, value in measurement.says.items():
                if said[name] != value:
                    raise RuntimeError(f"{path}: says {name} {said[name]}, asked for {value}")


def measurements_of(run: Path) -> set[Path]:
    files = (run / "evaluation").glob("*.safetensors")
    # The tokens of the split are no measurement.
    return {path for path in files if not path.name.endswith(".tokens.safetensors")}


def check(program_path: Path, folder: Path) -> int:
    write_texts(folder)
    program = Program(program_path.resolve(), folder)
    if len(program.schemes) < 5:
        raise RuntimeError(f"only {len(program.schemes)} schemes are listed")
    runs = [run for setting in SETTINGS for run in train_and_measure(program, setting)]
    runs += [train_and_measure_task(program, task) for task in TASKS]
    folders = [str(folder / run) for run in runs]
    return check_run.main([*folders, "--base-dir", str(folder), "--tolerance", "1e-4"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, metavar="PROGRAM")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work here and leave it")
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    if options.keep:
        options.keep.mkdir(parents=True)
        return check(options.program, options.keep)
    with tempfile.TemporaryDirectory(prefix="lengthwise-reference-") as folder:
        return check(options.program, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
