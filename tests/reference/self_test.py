#!/usr/bin/env python3
"""Tests of the reference itself, against the papers, sums written out and the corpus' constants."""

from __future__ import annotations

import contextlib
import io
import json
import math
import tempfile
import unittest
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import check_run
import reference_corpus as corpus
import reference_model as model
import reference_windows as windows
from reference_positions import SCHEMES, sinusoids
from reference_tasks import TASKS, wrong_examples
from self_test_positions import (  # noqa: F401  (run with the tests here)
    AddedToEmbeddings,
    Biases,
    BiasesOfTheText,
    DrawnPositions,
    Rotations,
    Visibility,
)
from tiny_model import all_nats, make_model, make_options, make_tensors


def dot(a, b) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b))


def written_out_nats(options, tensors, tokens: list[int]) -> list[float]:
    """One block, RMSNorm, SwiGLU, ALiBi, tied: a second forward pass, scalar by scalar."""
    heads, width = int(options["model.heads"]), int(options["model.width"])
    head_width, slopes = width // heads, [1 / 16, 1 / 256]
    scale = float(options["model.embedding_scale"])
    embedding = tensors["embedding.weight"]
    qkv = tensors["blocks.0.attention.query_key_value.weight"]

    def norm(x, name):
        size = math.sqrt(sum(v * v for v in x) / len(x) + 1e-5)
        return [v / size * float(w) for v, w in zip(x, tensors[name + ".weight"])]

    def linear(x, name):
        bias = tensors.get(name + ".bias", [0.0] * len(tensors[name + ".weight"]))
        return [dot(row, x) + float(b) for row, b in zip(tensors[name + ".weight"], bias)]

    stream = [[float(v) * scale for v in embedding[token]] for token in tokens[:-1]]
    normed = [norm(x, "blocks.0.attention_norm") for x in stream]
    result = []
    for i, x in enumerate(stream):
        mixed: list[float] = []
        for h in range(heads):
            rows = range(h * head_width, (h + 1) * head_width)
            query = [dot(qkv[r], normed[i]) for r in rows]
            weights, values = [], []
            for j in range(i + 1):
                key = [dot(qkv[width + r], normed[j]) for r in rows]
                values.append([dot(qkv[2 * width + r], normed[j]) for r in rows])
                weights.append(
                    math.exp(dot(query, key) / math.sqrt(head_width) - slopes[h] * (i - j))
                )
            total = sum(weights)
            mixed += [
                sum(w * v[c] for w, v in zip(weights, values)) / total for c in range(head_width)
            ]
        x = [a + b for a, b in zip(x, linear(mixed, "blocks.0.attention.output"))]
        inner = norm(x, "blocks.0.feedforward_norm")
        gate = [g / (1 + math.exp(-g)) for g in linear(inner, "blocks.0.feedforward.gate")]
        up = linear(inner, "blocks.0.feedforward.up")
        down = linear([g * u for g, u in zip(gate, up)], "blocks.0.feedforward.down")
        x = norm([a + b for a, b in zip(x, down)], "final_norm")
        logits = [dot(row, x) for row in embedding]
        result.append(math.log(sum(math.exp(v) for v in logits)) - logits[tokens[i + 1]])
    return result


class Model(unittest.TestCase):
    def test_agrees_with_sums_written_out(self):
        options = make_options(
            model__layers=1,
            model__activation="swiglu",
            model__norm="rms",
            model__tied_embeddings="true",
            model__embedding_scale=1.75,
            position__scheme="alibi",
        )
        tensors = make_tensors(options, seed=3)
        tokens = [4, 0, 9, 9, 2, 10, 7, 1]
        nats = all_nats(model.ReferenceModel(tensors, options), tokens)
        np.testing.assert_allclose(nats, written_out_nats(options, tensors, tokens), rtol=1e-12)

    def test_is_causal_and_sees_everything_before(self):
        for scheme in SCHEMES:
            reference = make_model(position__scheme=scheme)
            tokens = [1, 5, 3, 8, 2, 7, 7, 4]
            before = all_nats(reference, tokens)
            late = all_nats(reference, tokens[:5] + [9, 0, 6])
            np.testing.assert_allclose(late[:4], before[:4], rtol=0, atol=1e-12)
            early = all_nats(reference, [2] + tokens[1:])
            self.assertTrue((np.abs(early - before) > 1e-6).all(), scheme)

    def test_order_of_earlier_tokens_matters_with_positions_and_with_two_layers_without(self):
        tokens, swapped = [1, 5, 3, 8, 2], [5, 1, 3, 8, 2]
        for scheme in SCHEMES:
            reference = make_model(position__scheme=scheme, model__layers=1)
            difference = abs(all_nats(reference, tokens)[-1] - all_nats(reference, swapped)[-1])
            if scheme == "none":
                self.assertLess(difference, 1e-12)
            else:
                self.assertGreater(difference, 1e-5, scheme)

    def test_position_embeddings_are_added_to_the_scaled_embeddings(self):
        # Zero output projections leave embedding and position alone in the stream.
        for scheme, positions in (
            ("sinusoidal", sinusoids(np.arange(5.0), 8, 10000.0)),
            ("learned", None),
        ):
            options = make_options(position__scheme=scheme, model__embedding_scale=3)
            tensors = make_tensors(options)
            for n in range(2):
                tensors[f"blocks.{n}.attention.output.weight"][:] = 0
                tensors[f"blocks.{n}.feedforward.down.weight"][:] = 0
                tensors[f"blocks.{n}.feedforward.down.bias"][:] = 0
            wide = {name: tensor.astype("f8") for name, tensor in tensors.items()}
            table = wide["position.table"][:5] if positions is None else positions
            x = 3 * wide["embedding.weight"][[1, 5, 3, 8, 2]] + table
            x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
            x = x * wide["final_norm.weight"] + wide["final_norm.bias"]
            likelihoods = np.exp(x @ wide["head.weight"].T)
            likelihoods /= likelihoods.sum(1, keepdims=True)
            expected = -np.log(likelihoods[np.arange(5), [5, 3, 8, 2, 6]])
            nats = all_nats(model.ReferenceModel(tensors, options), [1, 5, 3, 8, 2, 6])
            np.testing.assert_allclose(nats, expected, rtol=1e-12)

    def test_a_batch_scores_each_window_as_if_alone(self):
        reference = make_model(position__scheme="rotary")
        tokens = np.random.default_rng(2).integers(0, 11, (3, 10))
        together = reference.nats(tokens[:, :-1], tokens[:, 5:])
        alone = [all_nats(reference, row.tolist())[-5:] for row in tokens]
        np.testing.assert_allclose(together, alone, rtol=1e-12)

    def test_a_head_of_zeros_costs_log_of_the_vocabulary(self):
        options = make_options()
        tensors = make_tensors(options)
        tensors["head.weight"][:] = 0
        nats = all_nats(model.ReferenceModel(tensors, options), [3, 1, 4])
        np.testing.assert_allclose(nats, math.log(11), rtol=1e-15)

    def test_activations_and_norms_at_known_points(self):
        x = np.array([-1.0, 0.0, 1.0, 2.0])
        # 1 and 2 times the normal distribution function at 1 and 2, from tables.
        phi1, phi2 = 0.8413447460685429, 0.9772498680518208
        np.testing.assert_allclose(model.gelu(x), [phi1 - 1, 0, phi1, 2 * phi2], rtol=1e-14)
        np.testing.assert_array_equal(model.relu(x), [0, 0, 1, 2])
        np.testing.assert_allclose(model.silu(x), x / (1 + np.exp(-x)), rtol=1e-14)
        self.assertEqual(model.silu(np.array([-1e4]))[0], 0.0)
        ones, y = np.ones(4), np.array([1.0, 2.0, 3.0, 4.0])
        np.testing.assert_allclose(
            model.layer_norm(y, ones, ones), 1 + (y - 2.5) / math.sqrt(1.25 + 1e-5), rtol=1e-14
        )
        np.testing.assert_allclose(model.rms_norm(y, ones), y / math.sqrt(7.5 + 1e-5), rtol=1e-14)

    def test_refuses_what_it_would_leave_unchecked(self):
        options = make_options()
        extra = {**make_tensors(options), "position.slopes": np.zeros(2, "f4")}
        with self.assertRaisesRegex(ValueError, "unknown to the reference: position.slopes"):
            model.ReferenceModel(extra, options).refuse_unused()
        with self.assertRaisesRegex(ValueError, "position.scheme: unknown 'kerple'"):
            make_model(position__scheme="kerple")
        with self.assertRaisesRegex(ValueError, "randomized.scheme: unknown 'kerple'"):
            make_model(position__scheme="randomized", position__randomized__scheme="kerple")
        with self.assertRaisesRegex(ValueError, "randomized.scheme: must be another"):
            make_model(position__scheme="randomized", position__randomized__scheme="randomized")
        with self.assertRaisesRegex(ValueError, "learned positions end at 12"):
            all_nats(make_model(position__scheme="learned"), [0] * 14)


class Windows(unittest.TestCase):
    def test_validation_split_of_wikitext_tiles_as_in_the_paper(self):
        for length, count, last in ((512, 426, 46), (3072, 71, 2606)):
            planned = windows.plan_windows([217646], "non_overlapping", length, 0)
            self.assertEqual(len(planned), count)
            self.assertEqual(planned[-1].scored, last)
            self.assertTrue(all(w.inputs == w.scored for w in planned))

    def test_every_target_is_scored_once_in_order(self):
        for length, stride in ((8, 8), (8, 3), (8, 1), (1, 1)):
            planned = windows.plan_windows([20, 0, 3, 8], "sliding", length, stride)
            scored = [(w.document, t) for w in planned for t in range(w.first_target, w.end)]
            expected = [(d, t) for d, n in enumerate([20, 0, 3, 8]) for t in range(n)]
            self.assertEqual(scored, expected)

    def test_sliding_windows_fill_up_and_then_keep_their_length(self):
        planned = windows.plan_windows([11], "sliding", 8, 3)
        self.assertEqual([w.scored for w in planned], [3, 3, 3, 2])
        # Three, six, then eight; the short last step keeps the context of 8 - 3 before it.
        self.assertEqual([w.inputs for w in planned], [3, 6, 8, 7])
        ones = windows.plan_windows([20], "sliding", 8, 1)
        self.assertEqual([w.inputs for w in ones], [min(i + 1, 8) for i in range(20)])

    def test_sliding_by_the_length_is_non_overlapping(self):
        self.assertEqual(
            windows.plan_windows([21, 5], "sliding", 8, 8),
            windows.plan_windows([21, 5], "non_overlapping", 8, 0),
        )

    def test_max_tokens_keeps_the_first_targets_of_the_split(self):
        whole = windows.plan_windows([10, 10], "sliding", 6, 4)
        cut = windows.plan_windows([10, 10], "sliding", 6, 4, max_tokens=13)
        self.assertEqual(cut[:3], whole[:3])
        self.assertEqual(cut[3], windows.Window(1, 0, 0, 3))
        self.assertEqual(len(cut), 4)

    def test_a_stride_beyond_the_length_would_skip_tokens_and_is_refused(self):
        for stride in (0, 9):
            with self.assertRaisesRegex(ValueError, "out of range"):
                windows.plan_windows([20], "sliding", 8, stride)

    def test_last_k_scores_the_same_targets_from_nearly_full_windows_at_every_length(self):
        for stride in (3, 7):
            scored = []
            for length in (4, 9, 16):
                planned = windows.plan_windows(
                    [40, 15, 16, 17], "last_k", length, stride, last=3, skipped=15
                )
                seen = [t - w.first_input + 1 for w in planned for t in range(w.first_target, w.end)]
                self.assertTrue(all(length - 2 <= each <= length for each in seen))
                scored.append([(w.document, t) for w in planned for t in range(w.first_target, w.end)])
            self.assertEqual(scored[0], scored[1])
            self.assertEqual(scored[0], scored[2])
            self.assertEqual(scored[0][0], (0, 15))
            self.assertNotIn(1, [document for document, _ in scored[0]])
            if stride == 3:  # all that have 16 tokens before them
                self.assertEqual(len(scored[0]), 25 + 0 + 1 + 2)
        with self.assertRaisesRegex(ValueError, "is full"):
            windows.plan_windows([40], "last_k", 9, 3, last=3, skipped=7)

    def test_what_is_read_before_a_document(self):
        tokens = [np.array([5, 6]), np.array([8]), np.array([9, 4])]

        def read(first_token, start_token=0, joined=False):
            documents = windows.make_documents(tokens, start_token, joined, first_token)
            return [d.sequence.tolist() for d in documents]

        self.assertEqual(read("none"), [[5, 6], [8], [9, 4]])
        self.assertEqual(read("eos"), [[0, 5, 6], [0, 8], [0, 9, 4]])
        self.assertEqual(read("previous"), [[0, 5, 6], [6, 8], [8, 9, 4]])
        self.assertEqual(read("previous", None), [[5, 6], [6, 8], [8, 9, 4]])
        self.assertEqual(read("previous", joined=True), [[0, 5, 6, 8, 9, 4]])

    def test_positions_leave_out_first_tokens_unless_a_start_token_is_read(self):
        tokens = [np.array([5, 6, 7]), np.array([8]), np.array([9, 4])]

        def positions(start_token, joined):
            documents = windows.make_documents(tokens, start_token, joined)
            planned = windows.plan_windows([d.targets for d in documents], "non_overlapping", 2, 0)
            return windows.scored_positions(documents, planned).tolist()

        self.assertEqual(positions(None, False), [1, 2, 5])
        self.assertEqual(positions(None, True), [1, 2, 3, 4, 5])
        self.assertEqual(positions(0, False), [0, 1, 2, 3, 4, 5])
        self.assertEqual(positions(0, True), [0, 1, 2, 3, 4, 5])
        documents = windows.make_documents(tokens, 0)
        self.assertEqual(documents[2].sequence.tolist(), [0, 9, 4])


class Tokens(unittest.TestCase):
    def test_each_line_ends_in_an_end_of_line_token(self):
        words = windows.split_words(b" \n = Title = \n\nno newline")
        expected = [b"<eos>", b"=", b"Title", b"=", b"<eos>", b"<eos>", b"no", b"newline", b"<eos>"]
        self.assertEqual(words, expected)
        self.assertEqual(windows.split_words(b""), [])

    def test_words_outside_the_vocabulary_are_unknown(self):
        ids = {b"<unk>": 0, b"<eos>": 1, "né".encode(): 2}
        self.assertEqual(windows.encode_words("né new né\n".encode(), ids).tolist(), [2, 0, 2, 1])

    def test_bytes_are_their_values(self):
        self.assertEqual(windows.encode_bytes(b"A\n\xff").tolist(), [65, 10, 255])

    def test_a_folder_is_its_files_by_path_without_hidden_ones(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name in ("b.txt", "a/z.txt", "a/c.txt", ".hidden", ".git/x", "B.txt"):
                (root / name).parent.mkdir(exist_ok=True)
                (root / name).write_text(name)
            names = [str(f.relative_to(root)) for f in windows.source_files(root)]
            self.assertEqual(names, ["B.txt", "a/c.txt", "a/z.txt", "b.txt"])


class Corpus(unittest.TestCase):
    def test_generator_gives_the_documents_of_the_design(self):
        self.assertEqual(corpus.SplitMix64(0).next(), 0xE220A8397B1DCDAF)
        for seed, document, prefix in (
            (1, 0, "6 67 3 42 6 67 1 21 6 67 1 21 6 67 1 20 6 67 5 58 7 72 5 58"),
            (1, 1, "8 80 10 93 0 14 10 99 0 13 10 93"),
            (2, 0, "0 17 4 46 0 17 4 46 3 37 4 46 4 46 4 46"),
        ):
            expected = [int(token) for token in prefix.split()]
            self.assertEqual(corpus.generate_document(seed, document)[: len(expected)], expected)

    def test_sums_of_all_ids_are_those_of_the_design(self):
        train = sum(sum(corpus.generate_document(1, d)) for d in range(512))
        self.assertEqual(train, 27901934)
        held_out = sum(sum(corpus.generate_document(2, d)) for d in range(32))
        self.assertEqual(held_out, 1739649)

    def test_ideal_probabilities_of_a_first_window(self):
        fractions = (
            "1/16 1/8 3/32 1/8 17/32 9/16 1/16 1/8 17/32 17/24 "
            "9/16 9/16 17/32 25/32 9/16 1/24 17/32"
        )
        expected = [int(p.split("/")[0]) / int(p.split("/")[1]) for p in fractions.split()]
        document = corpus.generate_document(1, 0)
        np.testing.assert_allclose(corpus.ideal_probabilities(document[:17]), expected, rtol=1e-14)
        self.assertAlmostEqual(sum(corpus.ideal_nats(document[:17])), 19.979338170570, places=11)

    def test_ideal_loss_of_windows_that_start_anywhere(self):
        document = corpus.generate_document(1, 0)
        for start, expected in (
            (0, 94.1543229704),
            (1, 95.9460824397),
            (3, 98.7642579064),
            (100, 95.0445450206),
            (101, 93.5976260376),
            (1001, 111.5242716588),
        ):
            nats = sum(corpus.ideal_nats(document[start : start + 65]))
            self.assertAlmostEqual(nats, expected, places=9)
        self.assertAlmostEqual(sum(corpus.ideal_nats(document[:2049])), 2708.25406175, places=7)

    def test_held_out_ideal_at_each_length(self):
        documents = windows.open_split("test", {"corpus": "ideal_reader"}, Path("."))
        for length, expected in (
            (64, 1.641681),
            (128, 1.563363),
            (256, 1.483342),
            (512, 1.416787),
            (1024, 1.367251),
            (2048, 1.334380),
        ):
            planned = windows.plan_windows(
                [d.targets for d in documents], "non_overlapping", length, 0
            )
            values = check_run.ideal_values(documents, planned)
            self.assertEqual(values.size, 65536)
            self.assertAlmostEqual(values.mean(), expected, delta=1e-6)

    def test_long_reach_law_and_memory(self):
        law = corpus.LONG_REACH
        self.assertEqual((law.cues, law.total_weight, law.vocabulary_size), (31, 80, 651))
        document = corpus.generate_document(2, 0, law, 2049)
        # Longer windows tell more; the program is held to the same values in its own tests.
        losses = [
            sum(sum(corpus.ideal_nats(document[s : s + n + 1], law)) for s in range(0, 4096, n))
            for n in (64, 512, 4096)
        ]
        self.assertGreater(losses[0] - losses[1], 200)
        self.assertGreater(losses[1] - losses[2], 200)

    def test_sliding_within_the_length_reads_on_from_the_start(self):
        # 65 tokens never fill a window of 64 moved by 4: each target sees all before it.
        documents = windows.make_documents([np.array(corpus.generate_document(1, 0)[:65])])
        planned = windows.plan_windows([64], "sliding", 64, 4)
        values = check_run.ideal_values(documents, planned)
        np.testing.assert_allclose(values[:4], -np.log([1 / 8, 3 / 32, 1 / 8, 17 / 32]))
        self.assertAlmostEqual(values.sum(), 94.1543229704, places=9)


class Tasks(unittest.TestCase):
    """The examples of src/data/tasks/task.h, symbols counted from 4."""

    EXAMPLES = {
        "copy": ([1, 4, 9, 6, 2, 4, 9, 6], [5, 6, 7], None),
        "sort": ([1, 9, 4, 9, 2, 4, 9, 9], [5, 6, 7], None),
        "recall": ([1, 70, 5, 90, 6, 2, 90, 6, 70, 5], [7, 9], [1.0, 0.0]),
        "passkey": (
            [1, 14, 3, 5, 6, 7, 8, 9, 15, 16, 2, 5, 6, 7, 8, 9],
            [11, 12, 13, 14, 15],
            [1 / 3] * 5,
        ),
        "addition": ([1, 9, 6, 3, 11, 5, 2, 6, 8, 4], [7, 8, 9], None),  # 25 + 17 = 042
        "parity": ([1, 5, 4, 5, 5, 2, 5], [6], None),
        "modular_addition": ([1, 7, 8, 8, 2, 5], [5], None),
    }

    def wrong(self, task: str, tokens, at, places) -> list[str]:
        return wrong_examples(
            task,
            np.array([tokens]),
            np.array([0, len(at)]),
            np.array(at),
            None if places is None else np.array(places),
        )

    def test_every_task_has_an_example_and_finds_it_right(self):
        self.assertEqual(set(self.EXAMPLES), set(TASKS))
        for task, example in self.EXAMPLES.items():
            self.assertEqual(self.wrong(task, *example), [], task)

    def test_another_answer_or_place_is_wrong(self):
        for task, (tokens, at, places) in self.EXAMPLES.items():
            other = [*tokens[:-1], tokens[-1] + 1]
            self.assertTrue(self.wrong(task, other, at, places), task)
            self.assertTrue(self.wrong(task, tokens, [i - 1 for i in at], places), task)
            if places:
                self.assertTrue(self.wrong(task, tokens, at, [p / 2 + 0.1 for p in places]), task)

    def test_log_probabilities_are_those_that_nats_are_read_from(self):
        reference = make_model()
        tokens = np.array([[1, 3, 0, 2, 4, 1]])
        log = reference.log_probabilities(tokens[:, :-1])
        wanted = reference.nats(tokens[:, :-1], tokens[:, 1:])
        np.testing.assert_allclose(-log[0, range(5), tokens[0, 1:]], wanted[0], atol=1e-12)


class SplitTokens(unittest.TestCase):
    """The file of a split's tokens, and the ideal's mean, which is stored in the line alone."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = Path(folder.name)
        (self.base / "train.txt").write_text("aab")
        (self.base / "test.txt").write_text("ab")
        self.data = {"corpus": "text", "train": "train.txt", "test": "test.txt"}
        self.data |= {"vocabulary": "byte", "documents": "separate"}

    def problems(self, tokens=(97, 98), ends=(2,), a=2, split="test"):
        counts = np.zeros(256, np.int64)
        counts[97], counts[98] = a, 1
        path = self.base / "test.tokens.safetensors"
        save_file(
            {
                "tokens": np.array(tokens, np.uint16),
                "documents": np.array([[end, 2, 1, 1] for end in ends], np.int64),
                "train_counts": counts,
            },
            path,
            {"vocabulary_size": "256", "split": split},
        )
        return check_run.check_tokens(path, self.data, self.base)

    def test_right_tokens_pass_and_any_wrong_part_fails(self):
        self.assertEqual(self.problems(), [])
        self.assertEqual(self.problems(tokens=(97, 99)), ["holds other tokens"])
        self.assertEqual(self.problems(ends=(1,)), ["documents end elsewhere"])
        self.assertEqual(self.problems(a=3), ["counts other tokens in the training split"])
        self.assertEqual(self.problems(split="valid"), ["says split valid"])

    def test_the_ideal_of_the_line_is_checked(self):
        documents = windows.open_split("test", {"corpus": "ideal_reader"}, self.base)
        planned = windows.plan_windows([2048], "non_overlapping", 64, 64, 0, 64, 0)
        values = check_run.ideal_values(documents, planned)
        right = float(values.mean())
        self.assertEqual(check_run.compare_ideal(right, values)[1], [])
        for wrong in (None, right * (1 + 1e-5), float("nan")):
            self.assertNotEqual(check_run.compare_ideal(wrong, values)[1], [])


class CheckRun(unittest.TestCase):
    """A run folder is written from a loop over targets that shares no window code, then damaged."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = Path(folder.name)
        self.run_folder = self.base / "run"
        (self.run_folder / "evaluation").mkdir(parents=True)
        (self.base / "prepared").mkdir()
        (self.base / "prepared/vocabulary.json").write_text(
            json.dumps({"kind": "word", "tokens": ["<eos>", "<unk>", *"abcdefghi"]})
        )
        (self.base / "test.txt").write_text("a b c d\n\ne f zz g h i a b\nc c c\n")
        self.tokens = [2, 3, 4, 5, 0, 0, 6, 7, 1, 8, 9, 10, 2, 3, 0, 4, 4, 4, 0]
        (self.run_folder / "config.ini").write_text(
            "[data]\ncorpus = text\ntrain = \nvalid = \ntest = test.txt\nvocabulary = word\n"
            "vocabulary_size = 0\nfolder = prepared\ndocuments = joined\n\n"
            "[position.rotary]\nbase = 10000\n\n[training]\nseed = 1\n"
        )
        self.options = make_options(position__scheme="alibi")
        tensors = make_tensors(self.options)
        save_file(tensors, self.run_folder / "checkpoint.safetensors", self.options)
        self.reference = model.ReferenceModel(tensors, self.options)

    def write(self, nats, first=0, protocol="sliding", length=6, stride=2, variant="", says={}):
        steps = [target - target % stride for target in range(len(self.tokens))]
        seen = [t + 1 - max(0, step - (length - stride)) for t, step in enumerate(steps)]
        mean_context = sum(seen) / len(seen)
        positions = np.array([[first, len(nats)]], np.int64)
        metadata = {
            "split": "test",
            "protocol": protocol,
            "length": str(length),
            "stride": str(stride),
            "window_targets": str(stride),
            "skipped_targets": "0",
            "documents": "joined",
            "first_token": "eos",
            "tokens": str(len(self.tokens)),
            "mean_context": str(mean_context),
            "max_tokens": "0",
            "corpus": "text",
            "corpus_hash": "",
            "variant": variant,
        }
        name = f"test-{protocol}-L{length}-S{stride}.safetensors"
        save_file(
            {"nats": np.asarray(nats, np.float32), "positions": positions},
            self.run_folder / "evaluation" / name,
            metadata | says,
        )

    def right_nats(self, length=6, stride=2, reference=None):
        sequence = [0] + self.tokens
        nats = []
        for target in range(len(self.tokens)):
            step = target - target % stride
            context = sequence[max(0, step - (length - stride)) : target + 2]
            nats.append(all_nats(reference or self.reference, context)[-1])
        return nats

    def outcome(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = check_run.main([str(self.run_folder), "--base-dir", str(self.base)])
        return status, printed.getvalue()

    def test_right_values_pass(self):
        self.write(self.right_nats())
        self.write(self.right_nats(6, 6), protocol="non_overlapping", stride=6)
        status, printed = self.outcome()
        self.assertEqual(status, 0, printed)
        self.assertEqual(printed.count("19 tokens"), 2)

    def test_values_of_another_stride_fail(self):
        self.write(self.right_nats(6, 3))
        self.assertEqual(self.outcome()[0], 1)

    def test_options_changed_after_training_are_those_of_the_measurement(self):
        none = self.reference.measured_with({"position.scheme": "none"})
        self.write(self.right_nats(reference=none), variant="position.scheme=none model.window=9")
        status, printed = self.outcome()
        self.assertEqual(status, 0, printed)
        self.write(self.right_nats(reference=none), variant="position.scheme=none model.window=2")
        self.assertEqual(self.outcome()[0], 1)
        self.write(self.right_nats(reference=none))
        self.assertEqual(self.outcome()[0], 1)

    def test_one_wrong_or_missing_value_fails(self):
        right = self.right_nats()
        for wrong in (
            [*right[:7], right[7] + 2e-4, *right[8:]],
            [*right[:7], math.nan, *right[8:]],
        ):
            self.write(wrong)
            status, printed = self.outcome()
            self.assertEqual(status, 1)
            self.assertIn("at value 7", printed)
        self.write(right[:-1])
        status, printed = self.outcome()
        self.assertEqual(status, 1)
        self.assertIn("18 values stored, 19 expected", printed)

    def test_shifted_positions_fail(self):
        self.write(self.right_nats(), first=1)
        status, printed = self.outcome()
        self.assertEqual(status, 1)
        self.assertIn("positions", printed)

    def test_a_wrong_statement_fails(self):
        for says in ({"tokens": "18"}, {"mean_context": "6.0"}, {"documents": "separate"}):
            self.write(self.right_nats(), says=says)
            status, printed = self.outcome()
            self.assertEqual(status, 1)
            self.assertIn("says", printed)

    def test_a_run_without_evaluations_fails(self):
        status, printed = self.outcome()
        self.assertEqual(status, 1)
        self.assertIn("no evaluation file", printed)

    def test_a_file_that_is_no_safetensors_is_one_line(self):
        (self.run_folder / "evaluation/test-sliding-L6-S2.safetensors").write_bytes(b"half")
        status, printed = self.outcome()
        self.assertEqual(status, 1)
        self.assertEqual(printed.count("\n"), 1)
        self.assertIn("FAILED", printed)


if __name__ == "__main__":
    unittest.main()
