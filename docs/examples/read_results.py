#!/usr/bin/env python3
"""A table of the perplexities in a records.jsonl, and what the value of every token of a run folder says.

    read_results.py RECORDS [RUN...]
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors import safe_open

# What tells one row of measurements from another, and what records of older versions mean where they do not say it.
# Two runs may differ in options that records do not hold, so each line of the file keeps its number.
ROW = {
    "line": 0, "scheme": "", "train_length": 0, "seed": 0, "variant": "", "weights": "last", "text": "",
    "split": "", "protocol": "", "documents": "", "first_token": "", "own_stride": 0, "window_targets": 0,
    "max_tokens": 0,
}  # fmt: skip
ALWAYS_SHOWN = ("line", "scheme", "train_length", "seed")


def read_records(path: Path) -> pd.DataFrame:
    """A row a measurement at one length, with what its run was trained with beside it."""
    with open(path, encoding="utf-8") as lines:
        runs = [{"line": number, **json.loads(line)} for number, line in enumerate(lines, start=1)]
    table = pd.json_normalize(runs, "evaluations", ["line", "scheme", "train_length", "seed"])
    moves_by_length = table["stride_is_length"]
    table["own_stride"] = table["stride"].where(~moves_by_length, 0)
    table["window_targets"] = table["window_targets"].where(~moves_by_length, 0)
    for name, usual in ROW.items():
        if name not in table:
            table[name] = usual
        table[name] = table[name].where(table[name].notna(), usual)
    table["text"] = table["text"].str[:8]  # of its hash
    return table


def perplexity_table(records: pd.DataFrame) -> pd.DataFrame:
    """Nothing is averaged; a row has what differs between rows."""
    shown = [name for name in ROW if name in ALWAYS_SHOWN or records[name].nunique() > 1]
    return records.pivot(index=shown, columns="length", values="perplexity")


def read_tokens(run: Path, measurement: dict) -> pd.DataFrame:
    """A row a scored token: its place in its document, and the nats it cost."""
    with safe_open(run / measurement["file"], "np") as values:
        nats = values.get_tensor("nats").astype(np.float64)
        runs = values.get_tensor("positions")  # (first, count) of scored tokens that follow one another
        tokens_file = values.metadata()["tokens_file"]
    with safe_open(run / "evaluation" / tokens_file, "np") as split:
        ends = split.get_tensor("documents")[:, 0]
    position = np.concatenate([np.arange(first, first + count) for first, count in runs])
    document = np.searchsorted(ends, position, side="right")
    starts = np.concatenate([[0], ends[:-1]])
    return pd.DataFrame({"document": document, "place": position - starts[document], "nats": nats})


def main() -> None:
    print(perplexity_table(read_records(Path(sys.argv[1]))).round(3).to_string())
    for run in map(Path, sys.argv[2:]):
        for line in (run / "evaluation.jsonl").read_text(encoding="utf-8").splitlines():
            measurement = json.loads(line)
            if not measurement["file"]:
                continue  # the scheme has no positions at this length
            tokens = read_tokens(run, measurement)
            if not np.isclose(tokens["nats"].mean(), measurement["nats_per_token"], rtol=1e-6):
                sys.exit(f"{run}: {measurement['file']} has another mean than its line")
            places = pd.cut(tokens["place"], [0, 16, 64, 256, np.inf], right=False)
            by_place = tokens.groupby(places, observed=True)["nats"].agg(["size", "mean"]).round(3)
            print(f"\n{run}, length {measurement['length']}: nats by the token's place in its document")
            print(by_place.to_string())


if __name__ == "__main__":
    main()
