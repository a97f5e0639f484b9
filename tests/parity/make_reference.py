#!/usr/bin/env python3
"""What public packages compute for the schemes we have too, on small inputs.

Writes reference.safetensors beside this file: inputs and outputs by name,
`package.scheme.case.what`, float32 as the package gives them (int64 for buckets), and the versions
in the metadata. The tests in this folder feed our schemes the same inputs. Only constructors and
functions of the packages are called, with configurations made here; nothing is downloaded.

Shapes: B windows, H heads, T tokens, K head width.
"""

from __future__ import annotations

import argparse
import math
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import save_file
from torchscale.component.xpos_relative_position import XPOS
from transformers import GPTJConfig, GPTNeoXConfig, LlamaConfig, T5Config
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.gptj import modeling_gptj
from transformers.models.llama import modeling_llama
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding
from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor
from transformers.models.t5.modeling_t5 import T5Attention
from x_transformers import x_transformers
from x_transformers.attend import Attend

PACKAGES = ["torch", "transformers", "x-transformers", "torchscale"]
HEADS, TOKENS, HEAD_WIDTH = 2, 32, 16
MATRIX_TOKENS = 24  # where scores or biases are saved for every pair
ORIGINAL_LENGTH = 16  # what the small rotary scalings take for the length of training

# (base, head width, original length) of inverse frequencies alone: two as large models have them,
# and one whose YaRN ramp ends beyond the last pair, where it is cut at head width - 1.
FREQUENCY_SHAPES = {
    "base_10000": (10000.0, 64, 2048),
    "base_500000": (500000.0, 128, 8192),
    "base_10": (10.0, 16, 512),
}


def draw(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def queries_keys() -> tuple[torch.Tensor, torch.Tensor]:
    """[1, H, T, K] each; shared by every rotary case."""
    shape = (1, HEADS, TOKENS, HEAD_WIDTH)
    return draw(*shape, seed=1), draw(*shape, seed=2)


def drawn_positions() -> torch.Tensor:
    """[P] of 0 ... 63, rising, as randomised positions would be."""
    order = torch.randperm(64, generator=torch.Generator().manual_seed(8))
    return order[:MATRIX_TOKENS].sort().values


def scores(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """q k' in float64, so that only the rotation's own rounding is in it; [1, H, T, T]."""
    return torch.matmul(queries.double(), keys.double().transpose(2, 3)).float()


# ALiBi


def transformers_alibi() -> dict[str, torch.Tensor]:
    """BLOOM: [H, T], slope times key index. MPT: [H, T], slope times key index - (T - 1)."""
    found = {}
    for heads in (8, 12, 16):
        everything = torch.ones(1, TOKENS)
        bloom = build_alibi_tensor(everything, heads, torch.float32)
        found[f"transformers.bloom_alibi.{heads}_heads.bias"] = bloom.squeeze(1)
        mpt = build_mpt_alibi_tensor(heads, TOKENS, alibi_bias_max=8)
        found[f"transformers.mpt_alibi.{heads}_heads.bias"] = mpt.squeeze(1)
    return found


def x_transformers_alibi() -> dict[str, torch.Tensor]:
    """[H, T]: the last query's row, minus slope times distance from it; and [H, P, P] at positions
    that are not evenly spaced."""
    drawn = x_transformers.AlibiPositionalBias(12).forward_custom_pos(drawn_positions())
    found = {"x_transformers.alibi.12_heads.drawn.bias": drawn}
    for heads in (8, 12, 16):
        module = x_transformers.AlibiPositionalBias(heads)
        bias = module(TOKENS, TOKENS)
        found[f"x_transformers.alibi.{heads}_heads.bias"] = bias[:, -1]
    return found


# Sinusoids


def sinusoids() -> dict[str, torch.Tensor]:
    """[T, D]: sines first, cosines after; x-transformers' divided by sqrt(D)."""
    width = 12
    marian = MarianSinusoidalPositionalEmbedding(TOKENS, width)
    x = x_transformers.ScaledSinusoidalEmbedding(width)
    return {
        "transformers.marian_sinusoidal.table": marian.create_weight(),
        "x_transformers.scaled_sinusoidal.table": x(torch.zeros(1, TOKENS, width)),
    }


# Rotary and its scalings


def llama_config(rope: dict, base: float, head_width: int, original: int) -> LlamaConfig:
    # `dynamic` takes max_position_embeddings for the length of training, others for the longest.
    extended = original if rope["rope_type"] == "dynamic" else original * 8
    return LlamaConfig(
        hidden_size=HEADS * head_width,
        num_attention_heads=HEADS,
        head_dim=head_width,
        max_position_embeddings=extended,
        rope_parameters={"rope_theta": base, **rope},
    )


def short_and_long_factors(pairs: int) -> tuple[list[float], list[float]]:
    """As LongRoPE finds them: near 1 for fast pairs, the full factor for slow ones."""
    ramp = [pair / (pairs - 1) for pair in range(pairs)]
    return [1 + 0.25 * each for each in ramp], [1 + 7 * each**2 for each in ramp]


def rope_parameters(name: str, original: int, pairs: int) -> dict:
    """A rotary scaling by the name of its case."""
    short, long = short_and_long_factors(pairs)
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": original}
    return {
        "default": {"rope_type": "default"},
        "linear_4": {"rope_type": "linear", "factor": 4.0},
        "dynamic_1": {"rope_type": "dynamic", "factor": 1.0},
        "dynamic_2": {"rope_type": "dynamic", "factor": 2.0},
        "dynamic_4": {"rope_type": "dynamic", "factor": 4.0},
        "yarn_4": yarn,
        "yarn_8": {**yarn, "factor": 8.0},
        "yarn_4_betas_16_2": {**yarn, "beta_fast": 16.0, "beta_slow": 2.0},
        "yarn_4_untruncated": {**yarn, "truncate": False},
        "yarn_4_attention_1": {**yarn, "attention_factor": 1.0},
        "longrope_8": {
            "rope_type": "longrope",
            "factor": 8.0,
            "short_factor": short,
            "long_factor": long,
            "original_max_position_embeddings": original,
        },
        "llama3_8": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": original,
        },
    }[name]


def llama_rotated(name: str, length: int) -> dict[str, torch.Tensor]:
    """Queries and keys as the Hugging Face Llama rotates them, by a module that has seen no other
    length."""
    config = llama_config(
        rope_parameters(name, ORIGINAL_LENGTH, HEAD_WIDTH // 2),
        10000.0,
        HEAD_WIDTH,
        ORIGINAL_LENGTH,
    )
    module = modeling_llama.LlamaRotaryEmbedding(config)
    queries, keys = (each[:, :, :length] for each in queries_keys())
    cosines, sines = module(queries, torch.arange(length).unsqueeze(0))
    turned = modeling_llama.apply_rotary_pos_emb(queries, keys, cosines, sines)
    prefix = f"transformers.llama.{name}.{length}_tokens"
    return {
        f"{prefix}.queries": turned[0],
        f"{prefix}.keys": turned[1],
        f"{prefix}.inverse_frequencies": module.inv_freq,
        f"{prefix}.attention_factor": torch.tensor([module.attention_scaling]),
    }


def frequencies_alone(name: str, shape: str, length: int | None) -> dict[str, torch.Tensor]:
    base, head_width, original = FREQUENCY_SHAPES[shape]
    config = llama_config(
        rope_parameters(name, original, head_width // 2), base, head_width, original
    )
    if name == "default":
        init = modeling_llama.LlamaRotaryEmbedding.compute_default_rope_parameters
    else:
        init = ROPE_INIT_FUNCTIONS[config.rope_parameters["rope_type"]]
    frequencies, factor = init(config) if length is None else init(config, seq_len=length)
    at = "" if length is None else f".{length}_tokens"
    return {
        f"transformers.rope_init.{shape}.{name}{at}.inverse_frequencies": frequencies,
        f"transformers.rope_init.{shape}.{name}{at}.attention_factor": torch.tensor(
            [float(factor)]
        ),
    }


def transformers_rotary() -> dict[str, torch.Tensor]:
    queries, keys = queries_keys()
    found = {"rotary.queries": queries, "rotary.keys": keys, "positions": drawn_positions()}
    module = modeling_llama.LlamaRotaryEmbedding(
        llama_config(rope_parameters("default", 0, 8), 10000.0, HEAD_WIDTH, ORIGINAL_LENGTH)
    )
    turned = modeling_llama.apply_rotary_pos_emb(
        queries[:, :, :MATRIX_TOKENS],
        keys[:, :, :MATRIX_TOKENS],
        *module(queries, drawn_positions().unsqueeze(0)),
    )
    found["transformers.llama.default.drawn.queries"] = turned[0]
    found["transformers.llama.default.drawn.keys"] = turned[1]
    for name in ("default", "linear_4", "yarn_4", "yarn_4_untruncated", "llama3_8"):
        found |= llama_rotated(name, TOKENS)
    for length in (ORIGINAL_LENGTH, ORIGINAL_LENGTH + 1, TOKENS):
        found |= llama_rotated("longrope_8", length)
    for length in (8, ORIGINAL_LENGTH, ORIGINAL_LENGTH + 1, TOKENS):
        for name in ("dynamic_1", "dynamic_2"):
            found |= llama_rotated(name, length)
    for shape, (_, _, original) in FREQUENCY_SHAPES.items():
        for name in (
            "default",
            "linear_4",
            "yarn_4",
            "yarn_8",
            "yarn_4_betas_16_2",
            "yarn_4_untruncated",
            "yarn_4_attention_1",
            "llama3_8",
        ):
            found |= frequencies_alone(name, shape, None)
        for length in (original // 2, original, original + 1, 4 * original):
            for name in ("dynamic_1", "dynamic_4", "longrope_8"):
                found |= frequencies_alone(name, shape, length)
    for pairs in (HEAD_WIDTH // 2, *(width // 2 for _, width, _ in FREQUENCY_SHAPES.values())):
        for which, factors in zip(("short", "long"), short_and_long_factors(pairs)):
            found[f"longrope.{pairs}_pairs.{which}_factors"] = torch.tensor(factors).double()
    return found


def gptj_rotary() -> dict[str, torch.Tensor]:
    """The interleaved pairing; GPT-J wants [B, T, H, K]."""
    table = modeling_gptj.create_sinusoidal_positions(
        TOKENS, GPTJConfig(rotary_dim=HEAD_WIDTH).rotary_dim
    )
    sines, cosines = table.unsqueeze(0).chunk(2, -1)
    turned = [
        modeling_gptj.apply_rotary_pos_emb(each.transpose(1, 2), sines, cosines).transpose(1, 2)
        for each in queries_keys()
    ]
    return {"transformers.gptj.queries": turned[0], "transformers.gptj.keys": turned[1]}


def neox_rotary() -> dict[str, torch.Tensor]:
    """Half of each head turned, without and with YaRN's factor on the cosines and sines."""
    found = {}
    for name in ("default", "yarn_4"):
        rope = rope_parameters(name, ORIGINAL_LENGTH, HEAD_WIDTH // 4)
        config = GPTNeoXConfig(
            hidden_size=HEADS * HEAD_WIDTH,
            num_attention_heads=HEADS,
            max_position_embeddings=ORIGINAL_LENGTH * 4,
            rope_parameters={"rope_theta": 10000.0, "partial_rotary_factor": 0.5, **rope},
        )
        module = modeling_gpt_neox.GPTNeoXRotaryEmbedding(config)
        queries, keys = queries_keys()
        cosines, sines = module(queries, torch.arange(TOKENS).unsqueeze(0))
        turned = modeling_gpt_neox.apply_rotary_pos_emb(queries, keys, cosines, sines)
        found[f"transformers.gpt_neox.{name}.queries"] = turned[0]
        found[f"transformers.gpt_neox.{name}.keys"] = turned[1]
    return found


def x_transformers_rotary() -> dict[str, torch.Tensor]:
    """Pairs of neighbours, (2i, 2i + 1), in x-transformers."""
    found = {}
    cases = {
        "default": {},
        "interpolated_4": {"interpolation_factor": 4.0},
        "ntk_4": {"base_rescale_factor": 4.0},
        "half_of_each_head": {"dim": HEAD_WIDTH // 2},
    }
    for name, options in cases.items():
        module = x_transformers.RotaryEmbedding(**{"dim": HEAD_WIDTH, **options})
        angles, _ = module.forward_from_seq_len(TOKENS)
        turned = [x_transformers.apply_rotary_pos_emb(each, angles) for each in queries_keys()]
        found[f"x_transformers.rotary.{name}.queries"] = turned[0]
        found[f"x_transformers.rotary.{name}.keys"] = turned[1]
    return found


# xPos. The packages centre the decay in different places, which cancels in the scores.


def xpos_scores() -> dict[str, torch.Tensor]:
    found = {}
    queries, keys = queries_keys()
    for scale_base in (512, 32):
        for length in (MATRIX_TOKENS, MATRIX_TOKENS - 1):  # the centre of an odd length is rounded
            q, k = queries[:, :, :length], keys[:, :, :length]
            module = x_transformers.RotaryEmbedding(
                HEAD_WIDTH, use_xpos=True, scale_base=scale_base
            )
            angles, scale = module.forward_from_seq_len(length)
            turned = (
                x_transformers.apply_rotary_pos_emb(q, angles, scale),
                x_transformers.apply_rotary_pos_emb(k, angles, scale**-1),
            )
            case = f"base_{scale_base}.{length}_tokens.scores"
            found[f"x_transformers.xpos.{case}"] = scores(*turned)
            authors = XPOS(HEAD_WIDTH, scale_base)
            turned = (
                authors(q.flatten(0, 1)).view_as(q),
                authors(k.flatten(0, 1), downscale=True).view_as(k),
            )
            found[f"torchscale.xpos.{case}"] = scores(*turned)
    return found


# T5's buckets and bias


def t5_bias() -> dict[str, torch.Tensor]:
    """Buckets of distances 0 to 300 behind the query [301]; biases [H, T, T] of a learned table."""
    heads, buckets, most = 3, 32, 128
    distances = torch.arange(301)
    weights = draw(buckets, heads, seed=3)
    scale = math.sqrt(64)
    config = T5Config(
        d_model=HEAD_WIDTH * heads,
        d_kv=HEAD_WIDTH,
        num_heads=heads,
        relative_attention_num_buckets=buckets,
        relative_attention_max_distance=most,
        is_decoder=True,
    )
    attention = T5Attention(config, has_relative_attention_bias=True, layer_idx=0)
    module = x_transformers.RelativePositionBias(
        scale, causal=True, num_buckets=buckets, max_distance=most, heads=heads
    )
    with torch.no_grad():
        attention.relative_attention_bias.weight.copy_(weights)
        module.relative_attention_bias.weight.copy_(weights)
    return {
        "t5.weights": weights,
        "transformers.t5.buckets_32_distance_128": T5Attention._relative_position_bucket(
            -distances, False, buckets, most
        ),
        # Distances 16, 32 and 64 stand exactly on the boundary of a bucket.
        "transformers.t5.buckets_16_distance_128": T5Attention._relative_position_bucket(
            -distances, False, 16, most
        ),
        "transformers.t5.bias": attention.compute_bias(MATRIX_TOKENS, MATRIX_TOKENS).squeeze(0),
        "x_transformers.t5.buckets_32_distance_128": module._relative_position_bucket(
            -distances, True, buckets, most
        ),
        "x_transformers.t5.scale": torch.tensor([scale]),
        "x_transformers.t5.bias": module(MATRIX_TOKENS, MATRIX_TOKENS),
    }


# CoPE


def cope() -> dict[str, torch.Tensor]:
    """What CoPE adds to the logits [1, H, T, T], and the attention around it. Gates of weak logits
    are about 1/2, so positions pass the largest, 7, after some 15 keys: both sides of the clamp.
    """
    tokens, width, positions = TOKENS, 8, 8
    queries, keys, values = (draw(1, HEADS, tokens, width, seed=seed) for seed in (4, 5, 6))
    module = x_transformers.CoPE(width, HEADS, positions)
    with torch.no_grad():
        module.pos_emb.copy_(draw(positions, width, seed=7))
    future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    logits = (torch.matmul(queries, keys.transpose(2, 3)) / math.sqrt(width)).masked_fill(
        future, -torch.finfo(torch.float32).max
    )
    mixed, _ = Attend(causal=True, heads=HEADS, cope=module)(queries, keys, values)
    return {
        "cope.queries": queries,
        "cope.keys": keys,
        "cope.values": values,
        "cope.embeddings": module.pos_emb,
        "x_transformers.cope.added": module(queries, logits).masked_fill(future, 0.0),
        "x_transformers.cope.mixed": mixed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "reference.safetensors")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tensors: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for part in (
            transformers_alibi,
            x_transformers_alibi,
            sinusoids,
            transformers_rotary,
            gptj_rotary,
            neox_rotary,
            x_transformers_rotary,
            xpos_scores,
            t5_bias,
            cope,
        ):
            tensors |= part()
    tensors = {name: each.detach().contiguous().clone() for name, each in tensors.items()}
    # One entry: several are written in any order, and the file would differ from run to run.
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    save_file(tensors, arguments.out, metadata={"made_with": versions})
    print(f"{arguments.out}: {len(tensors)} tensors, {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
