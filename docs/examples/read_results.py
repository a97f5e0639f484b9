#!/usr/bin/env python3
"""A table of the perplexities in a records.jsonl, and means computed again from the value of every token.

    read_results.py RECORDS [RUN...]
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import load_file


def read_records(path: Path) -> pd.DataFrame:
    """A row a measurement, with what its run was trained with beside it."""
    with open(path, encoding="utf-8") as lines:
        runs = [json.loads(line) for line in lines]
    return pd.json_normalize(runs, "evaluations", ["scheme", "train_length", "seed", "train_seconds"])


def read_measurements(run: Path) -> pd.DataFrame:
    """The measurements of a run folder, each with the mean of its stored values."""
    table = pd.read_json(run / "evaluation.jsonl", lines=True)
    table = table[table["file"] != ""]
    nats = [load_file(run / file)["nats"].astype(np.float64) for file in table["file"]]
    return table.assign(mean_again=[values.mean() for values in nats], largest=[values.max() for values in nats])


def main() -> None:
    records = read_records(Path(sys.argv[1]))
    print(records.pivot_table(index=["scheme", "train_length"], columns="length", values="perplexity").round(3))
    for run in map(Path, sys.argv[2:]):
        measured = read_measurements(run)
        print(f"\n{run}")
        print(measured[["protocol", "length", "tokens", "nats_per_token", "mean_again", "largest"]].to_string(index=False))
        if not np.allclose(measured["nats_per_token"], measured["mean_again"], rtol=1e-6):
            sys.exit(f"{run}: the stored values have other means")


if __name__ == "__main__":
    main()
