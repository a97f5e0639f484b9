"""Text to tokens, and tokens to the windows of an evaluation protocol.

A split is a list of documents; positions count tokens through the whole split. Protocols as in
Press et al. 2021: section 2.1 (non-overlapping) and appendix B (sliding); and windows of which only
the last targets are scored. A protocol's name with "paper_" before it is the same over the whole
split as one stream.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Sequence

import numpy as np

import reference_corpus

END_OF_LINE = "<eos>"
UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Document:
    """What a reader of one document is fed: `sequence[t]` is read, `sequence[t + 1]` predicted."""

    sequence: np.ndarray  # [n + 1] int64
    first_target_position: int  # where sequence[1] stands in the split's stream of tokens

    @property
    def targets(self) -> int:
        return max(0, len(self.sequence) - 1)


@dataclass(frozen=True)
class Window:
    """Inputs sequence[first_input : end], of which the last end - first_target predict targets."""

    document: int
    first_input: int
    first_target: int
    end: int

    @property
    def inputs(self) -> int:
        return self.end - self.first_input

    @property
    def scored(self) -> int:
        return self.end - self.first_target


def source_files(path: Path) -> list[Path]:
    """The file, or every file below the folder but hidden ones, sorted by path."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such file or folder")
    below = sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())
    return [path / file for file in below if not any(p.startswith(".") for p in file.parts)]


def encode_bytes(text: bytes) -> np.ndarray:
    return np.frombuffer(text, np.uint8).astype(np.int64)


def split_words(text: bytes) -> list[bytes]:
    """Pieces between ASCII white space; the end-of-line token after each line."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    words = []
    for line in lines:
        words += line.split()
        words.append(END_OF_LINE.encode())
    return words


def encode_words(text: bytes, ids: dict[bytes, int]) -> np.ndarray:
    unknown = ids[UNKNOWN.encode()]
    return np.array([ids.get(word, unknown) for word in split_words(text)], np.int64)


def unknown_words(text: bytes, ids: dict[bytes, int]) -> tuple[int, float]:
    """How many words of a document the vocabulary lacks, and the nats that spelling them out takes:
    bytes and an end, each as frequent as among the words of the vocabulary, one more of each. In a
    document that holds any, a written <unk> is told apart as the empty spelling."""
    counts = np.ones(257)
    for word in (word for word, index in ids.items() if index > 1):
        np.add.at(counts, [*word, 256], 1)
    nats = -np.log(counts / counts.sum())
    words = split_words(text)
    lacking = [word for word in words if word not in ids]
    if not lacking:
        return 0, 0.0
    spelt = lacking + [b""] * words.count(UNKNOWN.encode())
    return len(lacking), float(sum(nats[[*word, 256]].sum() for word in spelt))


def load_word_ids(folder: Path) -> dict[bytes, int]:
    stored = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    if stored["kind"] != "word":
        raise ValueError(f"{folder}/vocabulary.json: kind is '{stored['kind']}', expected 'word'")
    return {token.encode(): index for index, token in enumerate(stored["tokens"])}


def make_documents(
    tokens: Sequence[np.ndarray],
    start_token: int | None = None,
    joined: bool = False,
    first_token: str = "eos",
) -> list[Document]:
    """A token read before a document's first one makes all of its n tokens targets, and n - 1 are
    otherwise. What is read there is nothing ("none"), the start token where there is one ("eos"),
    or the last token of the document before ("previous"), with the start token before the first."""
    if joined:
        tokens = [np.concatenate([np.asarray(t, np.int64) for t in tokens])]
    stream = np.concatenate([np.asarray(t, np.int64) for t in tokens])
    documents, begin = [], 0
    for each in tokens:
        sequence = np.asarray(each, np.int64)
        read_before = {
            "none": None,
            "eos": start_token,
            "previous": int(stream[begin - 1]) if begin > 0 else start_token,
        }[first_token]
        if read_before is None:
            documents.append(Document(sequence, begin + 1))
        else:
            documents.append(Document(np.concatenate([[read_before], sequence]), begin))
        begin += len(each)
    return documents


def open_split(
    split: str, data: dict[str, str], base: Path, first_token: str = "eos"
) -> list[Document]:
    """The documents of "train", "valid" or "test"; `data` is the [data] section of config.ini."""
    if corpus := reference_corpus.CORPORA.get(data["corpus"]):
        tokens = [np.array(t, np.int64) for t in reference_corpus.generate_split(split, corpus)]
        return make_documents(tokens, first_token=first_token)
    if data["corpus"] != "text":
        known = ", ".join([*reference_corpus.CORPORA, "text"])
        raise ValueError(f"data.corpus: unknown '{data['corpus']}'; known: {known}")
    if not data.get(split):
        raise ValueError(f"data.{split}: is empty, but an evaluation of this split is stored")
    if data["documents"] not in ("separate", "joined"):
        raise ValueError(f"data.documents: unknown '{data['documents']}'; known: separate, joined")
    texts = [file.read_bytes() for file in source_files(base / data[split])]
    joined = data["documents"] == "joined"
    if data["vocabulary"] == "byte":
        encoded = [encode_bytes(text) for text in texts]
        return make_documents(encoded, joined=joined, first_token=first_token)
    if data["vocabulary"] == "word":
        if not data.get("folder"):
            raise ValueError("data.folder: is empty; the word ids are in its vocabulary.json")
        ids = load_word_ids(base / data["folder"])
        start = ids[END_OF_LINE.encode()]
        encoded = [encode_words(text, ids) for text in texts]
        return make_documents(encoded, start, joined, first_token)
    raise ValueError(f"data.vocabulary: '{data['vocabulary']}' has no reference; known: byte, word")


def plan_windows(
    targets: Sequence[int],
    protocol: str,
    length: int,
    stride: int,
    max_tokens: int = 0,
    last: int = 0,
    skipped: int = 0,
) -> list[Window]:
    """Windows over documents of so many targets each, in stream order; max_tokens 0 scores all.

    Step k scores targets [kS, kS + S). Its inputs begin L - S before its first target's input,
    or at the document's start, and end at its last target's: never more than L of them, and a
    short last step is given no more context than the others. S = L is non-overlapping.

    last_k leaves out the first `skipped` targets of each document, so that whole windows fit before
    the others, then scores `last` targets in every S of them, from windows of L inputs.
    """
    kind = protocol.removeprefix("paper_")
    if kind == "last_k":
        windows = last_k_windows(targets, length, stride, last, skipped)
    else:
        if skipped or last not in (0, stride or length):
            raise ValueError(f"{protocol} scores every target")
        windows = tiling_windows(targets, kind, length, stride)
    return cut(windows, max_tokens) if max_tokens > 0 else windows


def tiling_windows(targets: Sequence[int], kind: str, length: int, stride: int) -> list[Window]:
    if kind == "non_overlapping":
        stride = length
    elif kind != "sliding":
        raise ValueError(f"protocol '{kind}' is unknown; known: non_overlapping, sliding, last_k")
    if not 1 <= stride <= length:
        raise ValueError(f"stride {stride} is out of range: 1 to the length, {length}")
    windows = []
    for document, count in enumerate(targets):
        for begin in range(0, count, stride):
            first_input = max(0, begin - (length - stride))
            windows.append(Window(document, first_input, begin, min(begin + stride, count)))
    return windows


def last_k_windows(
    targets: Sequence[int], length: int, stride: int, last: int, skipped: int
) -> list[Window]:
    if not 1 <= last <= min(length, stride):
        raise ValueError(f"last {last} is out of range: 1 to the length and the stride")
    if skipped + 1 < length:
        raise ValueError(f"after {skipped} targets no window of {length} is full")
    windows = []
    for document, count in enumerate(targets):
        for begin in range(skipped, count, stride):
            # A whole window ends with its k-th target: its inputs begin L before that.
            end = begin + last
            windows.append(Window(document, end - length, begin, min(end, count)))
    return windows


def cut(windows: Sequence[Window], max_tokens: int) -> list[Window]:
    """The first windows, the last of them shortened, that score so many targets."""
    kept, remaining = [], max_tokens
    for window in windows:
        if remaining > 0:
            end = min(window.end, window.first_target + remaining)
            kept.append(replace(window, end=end))
            remaining -= kept[-1].scored
    return kept


def scored_positions(documents: Sequence[Document], windows: Sequence[Window]) -> np.ndarray:
    """The stream position of every scored target, in order."""
    runs = [
        documents[w.document].first_target_position + np.arange(w.first_target, w.end)
        for w in windows
    ]
    return np.concatenate(runs) if runs else np.zeros(0, np.int64)
