"""Tests of the positional schemes of the reference: values of the papers, limits, and sums
written out."""

from __future__ import annotations

import json
import math
import unittest

import numpy as np

import reference_model as model
import reference_positions as positions
from reference_positions import SCHEMES
from tiny_model import FOLDER, all_nats, make_model, make_options, make_tensors, scheme_with

ROTATIONS = [name for name in SCHEMES if name.startswith("rotary") or name == "xpos"]
LEARNED_SLOPES = {f"layers.{n}.log_slopes": [math.log(1 / 16), math.log(1 / 256)] for n in (0, 1)}


def in_layers(count: int = 2, **tensors: object) -> dict[str, object]:
    return {f"layers.{n}.{name}": value for n in range(count) for name, value in tensors.items()}


def view_of(length, batch=1, heads=2, head_width=4, first=0, **parts) -> positions.View:
    given = {
        "layer": 0,
        "positions": np.arange(first, first + length, dtype=np.float64),
        "hidden": np.zeros((batch, length, heads * head_width)),
        "queries": np.zeros((batch, heads, length, head_width)),
        "visible": np.tri(length, dtype=bool),
    }
    return positions.View(**{**given, **parts})


def bias_of(scheme: positions.Scheme, length: int, **parts: object) -> np.ndarray:
    """[H, T, T]: what scores of zero become."""
    heads = scheme.setting.heads
    view = view_of(length, heads=heads, head_width=scheme.setting.head_width, **parts)
    return scheme.scores(np.zeros((1, heads, length, length)), view)[0]


def by_distance(scheme: positions.Scheme, length: int) -> np.ndarray:
    """[H, T]: the bias of the last query, from itself back, where all others agree."""
    bias = bias_of(scheme, length)
    for query in range(length):
        np.testing.assert_array_equal(
            bias[:, query, : query + 1], bias[:, -1, length - 1 - query :]
        )
    return bias[:, -1, ::-1]


def check_alibi(scheme: positions.Scheme, length: int, factor: float) -> None:
    """The slopes of two heads times the factor."""
    np.testing.assert_allclose(
        by_distance(scheme, length),
        np.outer([-factor / 16, -factor / 256], np.arange(length)),
        rtol=1e-14,
    )


class AddedToEmbeddings(unittest.TestCase):
    def test_sinusoids_are_the_papers(self):
        table = positions.sinusoids(np.arange(8.0), 4, 10000.0)
        np.testing.assert_array_equal(table[0], [0, 1, 0, 1])
        expected = [math.sin(7), math.cos(7), math.sin(0.07), math.cos(0.07)]
        np.testing.assert_allclose(table[7], expected, rtol=1e-14)

    def test_learned_rows_are_looked_up_by_position(self):
        table = np.arange(12 * 8).reshape(12, 8)
        scheme = scheme_with("learned", {"table": table})
        np.testing.assert_array_equal(scheme.embeddings(np.array([2.0, 11.0])), table[[2, 11]])
        with self.assertRaisesRegex(ValueError, "learned positions end at 12"):
            scheme.embeddings(np.array([12.0]))


class Rotations(unittest.TestCase):
    def test_pairs_turn_by_each_convention(self):
        # K = 4, base 100: pair 0 turns by 1 radian a position, pair 1 by 1/10.
        cos, sin = math.cos, math.sin
        for pairing, unit, expected in (
            ("interleaved", 0, [cos(2), sin(2), 0, 0]),
            ("interleaved", 1, [-sin(2), cos(2), 0, 0]),
            ("half", 0, [cos(2), 0, sin(2), 0]),
            ("half", 1, [0, cos(0.2), 0, sin(0.2)]),
        ):
            changes = {"position.rotary.base": 100, "position.rotary.pairing": pairing}
            rotary = scheme_with("rotary", **changes)
            vectors = np.tile(np.eye(4)[unit], (1, 1, 3, 1))
            for turned in rotary.turn(vectors, vectors, np.arange(3.0)):
                np.testing.assert_allclose(turned[0, 0, 2], expected, atol=1e-15)
                np.testing.assert_array_equal(turned[0, 0, 0], vectors[0, 0, 0])

    def test_a_fraction_turns_the_first_dimensions_by_their_own_number(self):
        # K = 8, half of it: R = 4, pairs (0, 2) and (1, 3) turned by 1 and 1/10.
        rotary = scheme_with(
            "rotary", model__width=16, position__rotary__base=100, position__rotary__fraction=0.5
        )
        ones = np.ones((1, 1, 4, 8))
        q, _ = rotary.turn(ones, ones, np.arange(4.0))
        cos, sin = math.cos, math.sin
        turned = [cos(3) - sin(3), cos(0.3) - sin(0.3), cos(3) + sin(3), cos(0.3) + sin(0.3)]
        np.testing.assert_allclose(q[0, 0, 3], [*turned, 1, 1, 1, 1], rtol=1e-14)
        with self.assertRaisesRegex(ValueError, "position.rotary.fraction"):
            scheme_with("rotary", position__rotary__fraction=0.25)

    def test_scores_depend_on_distance_only(self):
        q, k = np.random.default_rng(1).normal(size=(2, 8))
        for name in ROTATIONS:
            for pairing in ("half", "interleaved"):
                scheme = scheme_with(
                    name,
                    model__width=16,
                    position__rotary__pairing=pairing,
                    position__rotary__fraction=0.5,
                )
                turned = scheme.turn(*(np.tile(x, (1, 1, 50, 1)) for x in (q, k)), np.arange(50.0))
                scores = turned[0][0, 0] @ turned[1][0, 0].T
                for distance in (-9, 0, 1, 30):
                    diagonal = np.diagonal(scores, distance)
                    np.testing.assert_allclose(diagonal, diagonal[0], rtol=0, atol=1e-12)
                self.assertGreater(abs(scores[9, 2] - scores[9, 3]), 1e-4, name)

    def test_a_factor_of_one_is_rotary(self):
        q, k = np.random.default_rng(1).normal(size=(2, 1, 2, 9, 4))
        where = np.arange(9.0)
        expected = scheme_with("rotary").turn(q, k, where)
        for name in ROTATIONS:
            if name in ("rotary_longrope", "rotary_p", "rotary_clipped", "rotary_resonance", "xpos"):
                continue
            scheme = scheme_with(name, **{f"position.{name}.factor": 1})
            np.testing.assert_allclose(scheme.turn(q, k, where), expected, rtol=1e-13)
        scheme = scheme_with("xpos", position__xpos__scale_base=1e30)
        np.testing.assert_allclose(scheme.turn(q, k, where), expected, rtol=1e-13)
        scheme = scheme_with("rotary_p", position__rotary_p__kept=1)
        np.testing.assert_allclose(scheme.turn(q, k, where), expected, rtol=1e-13)
        scheme = scheme_with("rotary_clipped", position__rotary_clipped__fraction=0)
        np.testing.assert_allclose(scheme.turn(q, k, where), expected, rtol=1e-13)

    def test_the_slowest_pairs_stand_still_under_a_mask(self):
        for name, change in {"rotary_p": {"kept": 0.5}, "rotary_clipped": {"fraction": 0.5}}.items():
            options = {f"position.{name}.{option}": value for option, value in change.items()}
            theta = scheme_with(name, **options).frequencies(9)
            self.assertEqual(list(theta), [1, 0], name)
        np.testing.assert_allclose(
            scheme_with("rotary_resonance").frequencies(9), [2 * math.pi / 6, 2 * math.pi / 628]
        )

    def test_gates_of_a_half_halve_a_key_with_every_token(self):
        scheme = scheme_with("fox", in_layers(weight=np.zeros((2, 8)), bias=np.zeros(2)))
        last_back = bias_of(scheme, 5)[:, -1, ::-1]
        expected = np.outer([1, 1], -math.log(2) * np.arange(5))
        np.testing.assert_allclose(last_back, expected, rtol=1e-13)

    def test_interpolated_positions_are_divided(self):
        q, k = np.random.default_rng(1).normal(size=(2, 1, 2, 9, 4))
        slow = scheme_with("rotary_interpolated", position__rotary_interpolated__factor=4)
        np.testing.assert_allclose(
            slow.turn(q, k, 4 * np.arange(9.0)), scheme_with("rotary").turn(q, k, np.arange(9.0))
        )

    def test_ntk_keeps_the_fastest_pair_and_divides_the_slowest(self):
        shape = {"model.width": 16, "model.heads": 1}
        plain = scheme_with("rotary", **shape).frequencies(1)
        grown = scheme_with("rotary_ntk", position__rotary_ntk__factor=5, **shape).frequencies(1)
        self.assertEqual(grown[0], 1)
        self.assertAlmostEqual(plain[-1] / grown[-1], 5, places=12)

    def test_dynamic_ntk_grows_with_windows_beyond_the_original_length(self):
        shape = {"model.width": 16, "model.heads": 1}
        plain = scheme_with("rotary", **shape).frequencies(1)
        dynamic = scheme_with("rotary_dynamic_ntk", **shape)  # of train_length 12
        np.testing.assert_array_equal(dynamic.frequencies(12), plain)
        self.assertAlmostEqual(plain[-1] / dynamic.frequencies(30)[-1], 2.5, places=12)
        changes = {"factor": 2, "original_length": 10}
        given = {f"position.rotary_dynamic_ntk.{key}": value for key, value in changes.items()}
        dynamic = scheme_with("rotary_dynamic_ntk", **given, **shape)
        np.testing.assert_array_equal(dynamic.frequencies(10), plain)
        # Hugging Face's form: 2 * 30 / 10 - 1.
        self.assertAlmostEqual(plain[-1] / dynamic.frequencies(30)[-1], 5, places=12)

    def test_yarn_by_rotations_rises_between_its_betas(self):
        # R = 2: theta = 1, and L positions are L / (2 pi) turns.
        for turns, kept in ((0.5, 0), (1, 0), (16.5, 0.5), (32, 1), (40, 1)):
            yarn = scheme_with(
                "rotary_yarn",
                model__heads=4,
                position__rotary_yarn__factor=4,
                position__rotary_yarn__original_length=2 * math.pi * turns,
            )
            np.testing.assert_allclose(yarn.frequencies(1), [kept + (1 - kept) / 4], rtol=1e-14)

    def test_yarn_by_dimensions_is_that_of_llama_2(self):
        # The authors' code at R = 128, L = 4096: pairs up to 20 kept, from 46 on interpolated.
        def divided(ramp):
            changes = {"factor": 16, "original_length": 4096, "ramp": ramp}
            given = {f"position.rotary_yarn.{key}": value for key, value in changes.items()}
            yarn = scheme_with("rotary_yarn", model__width=128, model__heads=1, **given)
            return yarn.frequencies(1) * 10000 ** (np.arange(64) / 64)

        part = divided("dimensions_truncated")
        np.testing.assert_allclose(part[:21], 1, rtol=1e-12)
        np.testing.assert_allclose(part[46:], 1 / 16, rtol=1e-12)
        self.assertAlmostEqual(part[33], (1 + 1 / 16) / 2, places=12)
        # Not rounded: pair 64 log(L / (2 pi b)) / log(10000) is 20.94 and 45.03.
        part = divided("dimensions")
        low, high = (64 * math.log10(4096 / (2 * math.pi * b)) / 4 for b in (32, 1))
        self.assertEqual((round(low, 2), round(high, 2)), (20.94, 45.03))
        self.assertAlmostEqual(part[20], 1, places=12)
        kept = 1 - (21 - low) / (high - low)
        self.assertAlmostEqual(part[21], kept + (1 - kept) / 16, places=12)
        self.assertAlmostEqual(part[46], 1 / 16, places=12)

    def test_yarn_by_dimensions_is_a_step_where_its_ends_meet(self):
        # L = 6 is less than one turn of the fastest pair: both ends lie below pair 0.
        changes = {"factor": 4, "original_length": 6, "ramp": "dimensions"}
        given = {f"position.rotary_yarn.{key}": value for key, value in changes.items()}
        yarn = scheme_with("rotary_yarn", **given)
        np.testing.assert_allclose(yarn.frequencies(1), [1, 0.01 / 4], rtol=1e-14)

    def test_factors_on_queries_and_keys_are_the_published_ones(self):
        yarn = scheme_with("rotary_yarn", position__rotary_yarn__factor=16)
        self.assertAlmostEqual(yarn.factor(), 1.2772588722239782, places=14)
        # Phi-3 with 128K: 4096 tokens times 32.
        changes = {"factor": 32, "original_length": 4096}
        given = {f"position.rotary_longrope.{key}": value for key, value in changes.items()}
        self.assertAlmostEqual(
            scheme_with("rotary_longrope", **given).factor(), 1.190238071423808, places=14
        )
        given["position.rotary_longrope.attention_factor"] = 1.5
        scheme = scheme_with(
            "rotary_longrope", model__width=16, **given, position__rotary__fraction=0.5
        )
        ones = np.ones((1, 2, 1, 8))
        for turned in scheme.turn(ones, ones, np.zeros(1)):
            np.testing.assert_array_equal(turned, 1.5)

    def test_llama3_follows_the_wavelengths_of_the_released_code(self):
        changes = {"factor": 8, "original_length": 8192}
        given = {f"position.rotary_llama3.{key}": value for key, value in changes.items()}
        scheme = scheme_with(
            "rotary_llama3",
            model__width=128,
            model__heads=1,
            position__rotary__base=500000,
            **given,
        )
        for i, found in enumerate(scheme.frequencies(1)):
            theta = 500000 ** (-i / 64)
            wavelength = 2 * math.pi / theta
            if wavelength < 8192 / 4:
                expected = theta
            elif wavelength > 8192:
                expected = theta / 8
            else:
                smooth = (8192 / wavelength - 1) / 3
                expected = (1 - smooth) * theta / 8 + smooth * theta
            self.assertAlmostEqual(found / expected, 1, places=12)
        self.assertEqual(scheme.factor(), 1)

    def test_longrope_takes_the_short_list_up_to_the_original_length(self):
        scheme = scheme_with("rotary_longrope")  # train_length 12; lists 1 2 and 1.5 4
        np.testing.assert_allclose(scheme.frequencies(12), [1, 0.01 / 2], rtol=1e-14)
        np.testing.assert_allclose(scheme.frequencies(13), [1 / 1.5, 0.01 / 4], rtol=1e-14)

    def test_longrope_lists_are_read_from_each_form(self):
        lists = {"short_factor": [1, 1.5], "long_factor": [2, 3]}
        path = FOLDER / "read.txt"
        for text in (
            json.dumps(lists),
            json.dumps({"hidden_size": 8, "rope_scaling": {"type": "longrope", **lists}}),
            json.dumps({"rope_parameters": lists}),
            "short_factor 1 1.5\nlong_factor 2 3\n",
        ):
            path.write_text(text)
            found = positions.read_longrope_factors(path)
            self.assertEqual({name: list(numbers) for name, numbers in found.items()}, lists)
        changes = {"position.rotary_longrope.factors": "read.txt", "model.heads": 1}
        with self.assertRaisesRegex(ValueError, "short_factor has 2 numbers for 4 pairs"):
            scheme_with("rotary_longrope", **changes)

    def test_xpos_pairs_fade_with_distance(self):
        # R = 4, gamma 0.4: zeta is 0.4/1.4 and 0.9/1.4, to the power distance / scale_base.
        scheme = scheme_with(
            "xpos", position__xpos__scale_base=6, position__rotary__pairing="interleaved"
        )
        for dimension, zeta, theta in ((0, 2 / 7, 1), (1, 2 / 7, 1), (2, 9 / 14, 0.01)):
            unit = np.tile(np.eye(4)[dimension], (1, 1, 20, 1))
            q, k = scheme.turn(unit, unit, np.arange(20.0))
            expected = zeta ** (12 / 6) * math.cos(12 * theta)
            self.assertAlmostEqual(q[0, 0, 17] @ k[0, 0, 5], expected, places=12)


class Biases(unittest.TestCase):
    def test_alibi_slopes_are_the_papers(self):
        eight = [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]
        self.assertEqual(positions.alibi_slopes(8).tolist(), eight)
        between = [2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5]
        np.testing.assert_allclose(positions.alibi_slopes(12), eight + between, rtol=1e-15)
        np.testing.assert_allclose(
            positions.alibi_slopes(16), [2 ** (-(i + 1) / 2) for i in range(16)], rtol=1e-15
        )

    def test_alibi_weights_fall_by_the_slope_where_queries_are_zero(self):
        bias = bias_of(scheme_with("alibi"), 4)
        values = np.tile(np.eye(4), (1, 2, 1, 1))
        weights = model.attend(bias[None], np.tri(4, dtype=bool), values)[0]
        for head, slope in enumerate((1 / 16, 1 / 256)):
            row = np.exp(-slope * np.array([2.0, 1.0, 0.0]))
            np.testing.assert_allclose(weights[head, 2], [*(row / row.sum()), 0], rtol=1e-14)

    def test_learned_slopes_at_their_start_are_alibi(self):
        check_alibi(scheme_with("alibi_learned", LEARNED_SLOPES), 9, 1)
        other = {**LEARNED_SLOPES, "layers.1.log_slopes": [0, math.log(3)]}
        bias = bias_of(scheme_with("alibi_learned", other), 3, layer=1)
        np.testing.assert_allclose(bias[:, 2, 0], [-2, -6], rtol=1e-14)

    def test_scaled_slopes_shrink_beyond_train_length(self):
        scheme = scheme_with("alibi_scaled")
        for length, factor in ((5, 1), (12, 1), (24, 1 / 2), (48, 1 / 4)):
            check_alibi(scheme, length, factor)

    def test_t5_buckets_begin_where_the_authors_do(self):
        begins = [16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113]
        for distance in range(1000):
            expected = distance if distance < 16 else 15 + sum(b <= distance for b in begins)
            self.assertEqual(positions.t5_bucket(distance, 32, 128), expected)

    def test_a_distance_on_a_t5_border_belongs_to_what_lies_beyond(self):
        # 8 buckets up to 64: from 4 on each is twice as wide as the last.
        for distance, bucket in (
            (3, 3), (4, 4), (7, 4), (8, 5), (15, 5), (16, 6), (31, 6), (32, 7), (64, 7), (999, 7),
        ):  # fmt: skip
            self.assertEqual(positions.t5_bucket(distance, 8, 64), bucket)

    def test_t5_bias_is_the_row_of_the_bucket(self):
        changes = {"position.t5_bias.buckets": 4, "position.t5_bias.max_distance": 8}
        scheme = scheme_with("t5_bias", {"table": [[1, 5], [2, 6], [3, 7], [4, 8]]}, **changes)
        np.testing.assert_array_equal(
            by_distance(scheme, 7), [[1, 2, 3, 3, 4, 4, 4], [5, 6, 7, 7, 8, 8, 8]]
        )

    def test_kerple_is_its_kernel(self):
        e = math.e
        r1, r2 = np.log([2, 3]), np.log([e - 1, (e * e - 1) / 4])
        found = by_distance(scheme_with("kerple_log", in_layers(log_r1=r1, log_r2=r2)), 5)
        np.testing.assert_array_equal(found[:, 0], 0)
        self.assertAlmostEqual(found[0, 1], -2, places=14)
        self.assertAlmostEqual(found[1, 4], -6, places=14)
        # r2 = 2 / (1 + exp(-x)): 1 and 1/2.
        parameters = in_layers(log_r1=r1, logit_r2=[0, -math.log(3)])
        found = by_distance(scheme_with("kerple_power", parameters), 10)
        np.testing.assert_array_equal(found[:, 0], 0)
        np.testing.assert_allclose(found[:, 9], [-18, -9], rtol=1e-14)

    def test_sandwich_is_the_inner_product_of_sinusoids(self):
        scheme = scheme_with("sandwich", model__heads=4, position__sandwich__width=6)
        sinusoids = positions.sinusoids(np.arange(7.0), 6, 10000.0)
        products = [sinusoids[6] @ sinusoids[6 - d] for d in range(7)]
        expected = np.outer([1 / 2, 1 / 4, 1 / 6, 1 / 8], products)
        # Less that at distance 0: what is constant in a row shows beside a sink alone.
        expected = expected - expected[:, :1]
        np.testing.assert_allclose(by_distance(scheme, 7), expected, rtol=1e-13, atol=1e-15)
        self.assertAlmostEqual(products[0], 3, places=14)

    def test_fire_is_distance_as_a_part_of_the_position(self):
        # One hidden unit that passes its input: the bias is psi(i - j) / psi(max(L, i)).
        parameters = in_layers(
            log_c=[0], log_threshold=[0], hidden_weight=[1], hidden_bias=[0],
            output_weight=[[1], [-2]],
        )  # fmt: skip
        bias = bias_of(scheme_with("fire", parameters, position__fire__width=1), 4)
        for i, j, expected in ((0, 0, 0), (1, 0, 1), (3, 2, 1 / 2), (3, 0, 1)):
            np.testing.assert_allclose(bias[:, i, j], [expected, -2 * expected], atol=1e-14)
        parameters.update(in_layers(log_threshold=[math.log(7)]))
        scheme = scheme_with("fire", parameters, position__fire__width=1)
        self.assertAlmostEqual(bias_of(scheme, 4)[0, 3, 0], 2 / 3, places=14)
        # Far along the normaliser has grown: i = 15 has psi 4 ln 2.
        far = bias_of(scheme, 4, first=12)
        self.assertAlmostEqual(far[0, 3, 2], 1 / 4, places=14)

    def test_fire_goes_through_its_hidden_layer(self):
        parameters = in_layers(
            log_c=[math.log(3)], log_threshold=[0], hidden_weight=[2, -1],
            hidden_bias=[-1, 0.5], output_weight=[[1, 10], [0, 1]],
        )  # fmt: skip
        bias = bias_of(scheme_with("fire", parameters, position__fire__width=2), 6)
        # ln(3 + 1) / ln(15 + 1) is 1/2: ReLUs of 0 and 0; the query itself has 0: -1 and 1/2.
        np.testing.assert_allclose(bias[:, 5, 4], [0, 0], atol=1e-14)
        np.testing.assert_allclose(bias[:, 5, 5], [5, 0.5], rtol=1e-14)
        np.testing.assert_allclose(bias[:, 5, 0], [1, 0], atol=1e-13)

    def test_fire_shares_one_network_between_layers(self):
        options = make_options(position__scheme="fire", position__fire__shared="true")
        tensors = make_tensors(options)
        repeated = {**tensors}
        for name in tensors:
            if name.startswith("position."):
                repeated[name.replace(".0.", ".1.")] = tensors[name]
        self.assertEqual(len(repeated), len(tensors) + 5)
        shared = model.ReferenceModel(tensors, options)
        own = model.ReferenceModel(repeated, make_options(position__scheme="fire"))
        tokens = [1, 5, 3, 8, 2, 7]
        np.testing.assert_array_equal(all_nats(shared, tokens), all_nats(own, tokens))

    def test_many_pairs_at_once_are_as_one_by_one(self):
        visible, x = np.tri(7, dtype=bool), np.random.default_rng(0).normal(size=(7, 7))
        result, whole = np.ones((2, 2, 7, 7))
        saved, positions.PAIRS_AT_ONCE = positions.PAIRS_AT_ONCE, 5
        self.addCleanup(setattr, positions, "PAIRS_AT_ONCE", saved)
        positions.over_visible_pairs(result, visible, lambda a: np.stack([a[0], 2 * a[0]]), x)
        whole += np.where(visible, np.stack([x, 2 * x]), 0)
        np.testing.assert_array_equal(result, whole)


class BiasesOfTheText(unittest.TestCase):
    def test_cope_counts_gates_back_from_the_query(self):
        # Scores of zero: gates of 1/2, so key j of query i stands at (i - j + 1) / 2.
        vectors = np.outer([0, 1, 4], [1, 2, 3, 4])
        scheme = scheme_with("cope", in_layers(vectors=vectors), position__cope__max_positions=3)
        queries = np.ones((1, 2, 6, 4))
        bias = bias_of(scheme, 6, queries=queries)
        # 0, 1, 4 at whole positions, halfway between, and no further than the last.
        expected = 10 * np.array([0.5, 1, 2.5, 4, 4, 4])
        for head in range(2):
            for i in range(6):
                np.testing.assert_allclose(bias[head, i, : i + 1], expected[i::-1], rtol=1e-14)

    def test_cope_gates_are_logistic_and_only_of_visible_keys(self):
        vectors = np.outer(np.arange(64), [1, 0, 0, 0])  # the bias is the count
        scheme = scheme_with("cope", in_layers(vectors=vectors))
        scores = np.random.default_rng(0).normal(size=(1, 2, 7, 7))
        visible = model.visible_keys(7, 3, 1)
        queries = np.ones((1, 2, 7, 4))
        found = scheme.scores(scores, view_of(7, queries=queries, visible=visible)) - scores
        seen = [0, 4, 5, 6]
        for j in seen:
            gates = [1 / (1 + math.exp(-scores[0, 1, 6, n])) for n in seen if n >= j]
            self.assertAlmostEqual(found[0, 1, 6, j], sum(gates), places=12)

    def test_dape_with_a_silent_network_is_its_bias(self):
        silent = in_layers(
            hidden_weight=np.ones((3, 4)), hidden_bias=np.ones(3), output_weight=np.zeros((2, 3))
        )
        check_alibi(scheme_with("dape", silent, position__dape__width=3), 5, 1)
        none = scheme_with("dape", silent, position__dape__width=3, position__dape__bias="none")
        np.testing.assert_array_equal(bias_of(none, 5), 0)

    def test_dape_corrects_from_the_scores_and_biases_of_all_heads(self):
        random = np.random.default_rng(0)
        scores = random.normal(size=(2, 2, 5, 5))
        w1, c, w2 = random.normal(size=(3, 4)), random.normal(size=3), random.normal(size=(2, 3))
        parameters = in_layers(hidden_weight=w1, hidden_bias=c, output_weight=w2)
        scheme = scheme_with("dape", parameters, position__dape__width=3)
        found = scheme.scores(scores, view_of(5, batch=2))
        for n, i, j in ((0, 4, 4), (0, 4, 1), (1, 3, 0), (1, 2, 1)):
            a, b = scores[n, :, i, j], [-(i - j) / 16, -(i - j) / 256]
            hidden = [float(w1[w] @ [*a, *b]) + c[w] for w in range(3)]
            hidden = [h if h > 0 else h / 100 for h in hidden]
            expected = [a[h] + b[h] + float(w2[h] @ hidden) for h in range(2)]
            np.testing.assert_allclose(found[n, :, i, j], expected, rtol=1e-13)

    def test_dape_corrects_the_bias_of_a_learned_scheme(self):
        base = in_layers(log_r1=np.log([2, 3]), log_r2=np.log([math.e - 1, 5]))
        network = in_layers(hidden_weight=[[0, 0, 1, 0]], hidden_bias=[1], output_weight=[[0], [1]])
        parameters = {**{"base." + name: value for name, value in base.items()}, **network}
        scheme = scheme_with(
            "dape", parameters, position__dape__width=1, position__dape__bias="kerple_log"
        )
        # The first head's bias at distance 1 is -2: a hidden unit of -1, and 0.01 of it comes back.
        np.testing.assert_allclose(bias_of(scheme, 2)[:, 1, 0], [-2, -3 * math.log(6) - 0.01])

    def test_cable_without_weights_is_alibi_of_its_slopes(self):
        # softplus(c) = 1/16 and 1/256.
        shift = [math.log(math.expm1(1 / 16)), math.log(math.expm1(1 / 256))]
        scheme = scheme_with("cable", in_layers(weight=np.zeros((2, 8)), bias=shift))
        bias = bias_of(scheme, 6)
        alibi = bias_of(scheme_with("alibi"), 6)
        visible = np.tri(6, dtype=bool)
        np.testing.assert_allclose(bias[:, visible], alibi[:, visible], atol=1e-14)

    def test_grape_without_a_direction_is_alibi_of_its_slopes(self):
        direction = np.array([[1.0, 0, 0, 0], [1.0, 0, 0, 0]])
        tensors = in_layers(omega=[1, 1], direction=direction)
        scheme = scheme_with("grape_a", tensors)
        bias = bias_of(scheme, 6, keys=np.zeros((1, 2, 6, 4)))
        slopes = math.log(2) * math.log1p(math.e) * np.array([1 / 16, 1 / 256])
        np.testing.assert_allclose(bias[:, 5, 2], -3 * slopes, rtol=1e-14)

    def test_a_content_bias_ends_at_its_reach(self):
        weight = np.zeros((2, 8))
        weight[:, 0] = 1, 2
        scheme = scheme_with(
            "content_bias",
            in_layers(weight=weight, profiles=[[10, 20, 30]]),
            position__content_bias__rank=1,
            position__content_bias__reach=3,
        )
        hidden = np.zeros((1, 5, 8))
        hidden[0, :, 0] = np.arange(5)
        bias = bias_of(scheme, 5, hidden=hidden)
        np.testing.assert_allclose(bias[1, 4], [0, 0, 240, 160, 80])

    def test_a_stick_at_even_odds_is_halved_from_the_query_back(self):
        view = view_of(4)
        parts = np.exp(scheme_with("stick_breaking").scores(np.zeros((1, 2, 4, 4)), view))[0, 0]
        np.testing.assert_allclose(parts[3], [1 / 8, 1 / 4, 1 / 2, 0], atol=1e-15)
        changes = {"position__stick_breaking__remainder": "own"}
        own = scheme_with("stick_breaking", **changes)
        parts = np.exp(own.scores(np.zeros((1, 2, 4, 4)), view))[0, 0]
        np.testing.assert_allclose(parts[3], [1 / 8, 1 / 4, 1 / 2, 1 / 8])

    def test_path_of_one_direction_turns_a_sign_with_every_token(self):
        down = np.zeros((1, 8))
        down[0, 0] = 1
        up = np.zeros((8, 1))
        up[[0, 4]] = 1
        kernel = np.zeros((8, 3))
        kernel[:, 2] = 1
        tensors = in_layers(
            down=down,
            up=up,
            convolution=kernel,
            strength_weight=np.zeros((2, 8)),
            strength_bias=[40, 40],
        )
        scheme = scheme_with("path", tensors, position__path__rank=1)
        ones = np.ones((1, 2, 5, 4))
        view = view_of(5, hidden=np.ones((1, 5, 8)), queries=ones, keys=ones)
        np.testing.assert_allclose(scheme.products(view)[0, 1, 4], [4, 2, 4, 2, 4])

    def test_walls_of_even_gates_halve_a_product_with_every_token(self):
        scheme = scheme_with("wall", in_layers(weight=np.zeros((8, 8)), bias=np.zeros(8)))
        ones = np.ones((1, 2, 5, 4))
        products = scheme.products(view_of(5, queries=ones, keys=ones))
        np.testing.assert_allclose(products[0, 1, 4], [1 / 4, 1 / 2, 1, 2, 4])

    def test_pope_of_zeros_has_lengths_of_log_2(self):
        zeros = np.zeros((1, 2, 4, 4))
        products = scheme_with("pope", {"delta": np.zeros((2, 4))}).products(
            view_of(4, queries=zeros, keys=zeros)
        )
        wanted = math.log(2) ** 2 * sum(math.cos(3 * 10.0**-c) for c in range(4))
        np.testing.assert_allclose(products[0, 0, 3, 0], wanted, rtol=1e-14)

    def test_selective_rope_is_rotary_where_every_token_turns_by_one(self):
        down, kernel = np.zeros((1, 8)), np.zeros((4, 4))
        down[0, 0], kernel[:, 3] = 1, 1
        scheme = scheme_with(
            "selective_rotary",
            in_layers(down=down, up=np.ones((4, 1)), convolution=kernel),
            position__selective_rotary__rank=1,
            position__selective_rotary__base=10000,
        )
        random = np.random.default_rng(1)
        q, k = random.normal(size=(2, 1, 2, 6, 4))
        hidden = np.zeros((1, 6, 8))
        hidden[..., [0, 4]] = 5
        q_turned, k_turned = scheme_with("rotary").turn(q, k, np.arange(6.0))
        np.testing.assert_allclose(
            scheme.products(view_of(6, hidden=hidden, queries=q, keys=k)),
            q_turned @ k_turned.swapaxes(-1, -2),
            atol=1e-12,
        )

    def test_fope_without_mixing_is_rotary_on_what_turns_a_circle(self):
        changes = {"position__fope__gain": 0, "position__fope__base": 1000}
        scheme = scheme_with("fope", model__train_length=64, **changes)
        q, k = np.random.default_rng(2).normal(size=(2, 1, 2, 7, 4))
        places = np.arange(7.0)
        kept = positions.rotate(q, np.outer(places, [1, 0]), "half")  # the other: 200 tokens
        np.testing.assert_allclose(scheme.turn(q, k, places)[0], kept, atol=1e-14)

    def test_numbers_of_box_and_muller_are_normal(self):
        drawn = positions.normals(positions.SplitMix64(3), 20000)
        self.assertAlmostEqual(drawn.mean(), 0, places=1)
        self.assertAlmostEqual(drawn.std(), 1, places=1)

    def test_a_sink_takes_its_share_of_the_softmax(self):
        values = np.ones((1, 2, 3, 4))
        sink = np.array([0.0, 1.0])
        mixed = model.attend(np.zeros((1, 2, 3, 3)), np.tri(3, dtype=bool), values, sink)
        np.testing.assert_allclose(mixed[0, 0, :, 0], [1 / 2, 2 / 3, 3 / 4])
        np.testing.assert_allclose(mixed[0, 1, 2, 0], 3 / (3 + math.e))

    def test_cable_sums_what_tokens_after_the_key_say(self):
        random = np.random.default_rng(0)
        weight, shift, x = (random.normal(size=s) for s in ((2, 8), 2, (1, 6, 8)))
        scheme = scheme_with("cable", in_layers(weight=weight, bias=shift))
        bias = bias_of(scheme, 6, hidden=x)
        for i, j in ((5, 5), (5, 4), (5, 0), (3, 1)):
            for head in range(2):
                pushes = [
                    math.log1p(math.exp(weight[head] @ x[0, k] + shift[head])) for k in range(6)
                ]
                self.assertAlmostEqual(bias[head, i, j], -sum(pushes[j + 1 : i + 1]), places=13)


class DrawnPositions(unittest.TestCase):
    def test_a_draw_is_a_rising_set_of_the_range(self):
        for length in (1, 5, 23, 24):
            drawn = positions.draw_positions(length, 24, draw=3)
            self.assertEqual(len(drawn), length)
            self.assertTrue((np.diff(drawn) > 0).all())
            self.assertTrue(0 <= drawn[0] and drawn[-1] < 24)

    def test_every_set_is_as_likely(self):
        draws = 6000
        seen: dict[tuple, int] = {}
        for draw in range(draws):
            key = tuple(positions.draw_positions(2, 4, draw))
            seen[key] = seen.get(key, 0) + 1
        self.assertEqual(len(seen), 6)
        # Five standard deviations of a sixth of the draws.
        for count in seen.values():
            self.assertLess(abs(count - draws / 6), 5 * math.sqrt(draws * 5 / 36))

    def test_a_full_draw_is_the_scheme_itself(self):
        tokens = [1, 5, 3, 8, 2, 7, 7, 4]
        for name in SCHEMES:
            if name == "randomized":
                continue
            changes = {"position.randomized.scheme": name, "position.randomized.range": 7}
            drawn = make_model(position__scheme="randomized", model__train_length=7, **changes)
            alone = make_model(position__scheme=name, model__train_length=7)
            np.testing.assert_array_equal(all_nats(drawn, tokens), all_nats(alone, tokens), name)

    def test_the_inner_scheme_stands_at_the_positions_drawn(self):
        drawn = positions.draw_positions(7, 24, draw=0).astype(int)
        self.assertNotEqual(drawn.tolist(), list(range(7)))
        alibi = scheme_with("randomized", position__randomized__scheme="alibi")
        np.testing.assert_array_equal(alibi.positions(7), drawn)
        bias = bias_of(alibi, 7, positions=alibi.positions(7))
        self.assertEqual(bias[0, 6, 0], -(drawn[6] - drawn[0]) / 16)
        # As if trained at the range: a row of the table for each position.
        options = make_options(
            position__scheme="randomized", position__randomized__scheme="learned"
        )
        tensors = make_tensors(options)
        self.assertEqual(tensors["position.table"].shape, (24, 8))
        with self.assertRaisesRegex(ValueError, "drawn from 24"):
            all_nats(model.ReferenceModel(tensors, options), [0] * 26)


class Visibility(unittest.TestCase):
    def test_a_window_is_the_query_and_those_before_and_sinks_stay(self):
        rows = model.visible_keys(6, 2, 1).astype(int).tolist()
        self.assertEqual(
            rows,
            [
                [1, 0, 0, 0, 0, 0],
                [1, 1, 0, 0, 0, 0],
                [1, 1, 1, 0, 0, 0],
                [1, 0, 1, 1, 0, 0],
                [1, 0, 0, 1, 1, 0],
                [1, 0, 0, 0, 1, 1],
            ],
        )
        for window, sinks in ((0, 0), (0, 3), (6, 0), (1, 6)):
            np.testing.assert_array_equal(model.visible_keys(6, window, sinks), np.tri(6))

    def test_no_scheme_reaches_beyond_the_window(self):
        tokens = [1, 5, 3, 8, 2, 7, 7, 4]
        for scheme in SCHEMES:
            for window, sinks in ((3, 0), (3, 2), (0, 0)):
                reference = make_model(
                    position__scheme=scheme,
                    model__layers=1,
                    model__window=window,
                    model__sinks=sinks,
                )
                changed = tokens.copy()
                changed[1] = 6
                moved = np.abs(all_nats(reference, changed) - all_nats(reference, tokens)) > 1e-8
                # The change is target 0, and input 1.
                wanted = [True] + [t <= 3 + SCHEMES[scheme].reach_behind_window or window == 0 or sinks == 2 for t in range(1, 7)]
                self.assertEqual(moved.tolist(), wanted, (scheme, window, sinks))


if __name__ == "__main__":
    unittest.main()
