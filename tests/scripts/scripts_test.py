"""What scripts/get-wikitext-103 refuses, and what bigram-loss and press2021-claims compute, without a network."""
import collections
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def run(*words, **environment):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, env={**os.environ, **environment})


def write_stream(path, tokens, ends, vocabulary_size):
    """A prepared split: tokens, and a row a document of which the first number is its end."""
    words = b"".join(t.to_bytes(2, "little") for t in tokens)
    rows = b"".join(n.to_bytes(8, "little") for end in ends for n in (end, 0, 0, 0))
    header = json.dumps({"__metadata__": {"vocabulary_size": str(vocabulary_size)},
                         "tokens": {"dtype": "U16", "shape": [len(tokens)], "data_offsets": [0, len(words)]},
                         "documents": {"dtype": "I64", "shape": [len(ends), 4],
                                       "data_offsets": [len(words), len(words) + len(rows)]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + words + rows)


def kneser_ney(train, scored, ends, vocabulary_size, d=0.75):
    """Chen and Goodman 1999, equation 20, with dictionaries."""
    pairs = collections.Counter(zip(train, train[1:]))
    before, continued = collections.Counter(), collections.Counter()
    kinds = collections.Counter()
    for (v, w), n in pairs.items():
        before[v] += n
        kinds[v] += 1
        continued[w] += 1
    types = sum(continued.values())

    def single(w):
        return max(continued[w] - d, 0) / types + d * len(continued) / types / vocabulary_size

    nats = []
    for i, (v, w) in enumerate(zip(scored, scored[1:])):
        if i + 1 in ends:
            continue
        p = single(w) if before[v] == 0 else max(pairs[v, w] - d, 0) / before[v] + d * kinds[v] / before[v] * single(w)
        nats.append(-math.log(p))
    return sum(nats) / len(nats), len(nats)


class GetWikitext103(unittest.TestCase):
    def check_refused(self, found, *parts):
        self.assertEqual(found.returncode, 2, found.stderr)
        line = found.stderr.splitlines()[-1]
        self.assertTrue(line.startswith("get-wikitext-103: "), line)
        for part in parts:
            self.assertIn(part, line)

    def test_a_file_of_the_wrong_checksum_is_refused_with_both(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "wiki.valid.tokens")
            file.write_text("another text\n")
            found = run(SCRIPTS / "get-wikitext-103", folder)
            self.check_refused(found, "wiki.valid.tokens", "c326ac59dc587676d58c422eb8a03e119582f92b", "remove the file")
            self.assertEqual(len(found.stderr.splitlines()), 1)
            self.assertEqual(file.read_text(), "another text\n")

    def test_an_archive_of_other_files_is_refused_and_nothing_written(self):
        with tempfile.TemporaryDirectory() as folder:
            archive, data = Path(folder, "a.zip"), Path(folder, "data")
            with zipfile.ZipFile(archive, "w") as file:
                for split in ("train", "valid", "test"):
                    file.writestr(f"wikitext-103/wiki.{split}.tokens", "another text\n")
            self.check_refused(run(SCRIPTS / "get-wikitext-103", data, WIKITEXT_103_ZIP=str(archive)), "its SHA-1 is")
            self.assertFalse(data.exists())
            self.check_refused(run(SCRIPTS / "get-wikitext-103", data, WIKITEXT_103_ZIP="/nowhere"), "/nowhere")


class BigramLoss(unittest.TestCase):
    def test_it_is_kneser_ney_worked_out_with_dictionaries(self):
        random.seed(3)
        train = random.choices(range(9), [9, 8, 7, 6, 5, 4, 3, 2, 1], k=300)  # 9 ... 11 are never seen
        test = random.choices(range(12), k=100)
        with tempfile.TemporaryDirectory() as folder:
            write_stream(Path(folder, "train.safetensors"), train, [300], 12)
            write_stream(Path(folder, "test.safetensors"), test, [40, 100], 12)
            for options, scored, counted in [([], test, train), (["--max-tokens", "30"], test[:31], train),
                                             (["--train-tokens", "100"], test, train[:100])]:
                found = run(sys.executable, SCRIPTS / "bigram-loss", folder, *options)
                nats, count = kneser_ney(counted, scored, [40, 100], 12)
                self.assertIn(f"bigram: {nats:.3f} nats a token", found.stdout, found.stderr)
                self.assertIn(f"on {count} tokens of test", found.stdout)

    def test_a_folder_without_tokens_is_named(self):
        found = run(sys.executable, SCRIPTS / "bigram-loss", "/nowhere")
        self.assertNotEqual(found.returncode, 0)
        self.assertIn("/nowhere/train.safetensors is not there", found.stderr)


class Press2021Claims(unittest.TestCase):
    """The verdicts, on tables made so that each claim holds, holds in value alone, or does not."""

    def verdicts(self, cells, sliding=None):
        with tempfile.TemporaryDirectory() as folder:
            words = []
            for name, rows in (("plain", cells), ("sliding", sliding)):
                if rows is None:
                    continue
                results = Path(folder) / name
                results.mkdir()
                heading = "scheme,train_length,eval_length,perplexity,perplexity_lo,perplexity_hi,"
                lines = [heading + "train_tokens_per_second,train_peak_memory_mib"]
                lines += [f"{scheme},{train},{length},{value},{value - half},{value + half},100,50"
                          for (scheme, train, length), (value, half) in rows.items()]
                (results / "table.csv").write_text("\n".join(lines) + "\n")
                words += ["--sliding", results] if name == "sliding" else [results]
            done = run(sys.executable, SCRIPTS / "press2021-claims", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
            return {int(row[0].strip("| ")): row[2].strip(" |") for row in rows[1:]}

    def test_each_verdict_follows_from_values_and_intervals(self):
        cells = {("sinusoidal", 64, 64): (10, 0.1), ("sinusoidal", 64, 128): (12, 0.1),
                 ("sinusoidal", 128, 128): (9, 0.1), ("sinusoidal", 128, 256): (9.1, 0.2),
                 ("rotary", 64, 64): (10, 0.1), ("rotary", 64, 128): (11, 0.1),
                 ("t5_bias", 64, 64): (10, 0.1), ("t5_bias", 64, 128): (11.5, 0.1),
                 ("alibi", 64, 64): (10, 0.1), ("alibi", 64, 128): (9, 0.1), ("alibi", 64, 512): (10.3, 0.1)}
        found = self.verdicts(cells)
        self.assertEqual(found[1], "in direction")  # sure at 64, not at 128
        self.assertEqual(found[2], "reproduced")
        self.assertEqual(found[3], "not reproduced")  # T5 above rotary
        self.assertEqual(found[4], "reproduced")
        self.assertEqual(found[5], "not reproduced")  # surely worse at 8 L
        self.assertEqual(found[6], "reproduced")  # 9 as sinusoidal trained at 128
        self.assertEqual(found[7], "not measured")

    def test_a_gain_that_is_gone_where_windows_move_by_one_token_is_the_early_tokens(self):
        cells = {("alibi", 64, 64): (10, 0.1), ("alibi", 64, 256): (9, 0.1)}
        gone = {("alibi", 64, 64): (8, 0.1), ("alibi", 64, 256): (8.01, 0.1)}
        stays = {("alibi", 64, 64): (8, 0.1), ("alibi", 64, 256): (7, 0.1)}
        self.assertEqual(self.verdicts(cells, gone)[7], "reproduced")
        self.assertEqual(self.verdicts(cells, stays)[7], "not reproduced")

    def test_a_folder_that_holds_no_table_is_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(sys.executable, SCRIPTS / "press2021-claims", folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--experiment.results", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
