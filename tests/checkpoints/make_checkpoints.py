#!/usr/bin/env python3
"""Writes the tiny random checkpoints of this folder with the families' own classes, and the logits
that these give: expected.safetensors holds tokens_L [L] and logits_L [L, V] of each length L.

A folder without model.safetensors has the weights of the one whose name it begins with. What the
built-in class of MPT ignores (llm-foundry's alibi_bias_max, logit_scale, biases, qk_ln, fewer
key-value heads, learned positions) is computed by mpt_logits, written from llm-foundry's formulas;
where the class does compute, both must agree.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MptConfig,
    MptForCausalLM,
)

HERE = Path(__file__).resolve().parent
VOCABULARY = 32
LENGTHS = (1, 9, 16, 17, 40)  # around 16, the trained or original length of most
SOURCE = "github:huggingface/transformers, 5.23.0"


def disturb(tensors: dict[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
    """Weights large enough that logits differ, norms and biases that are not 1 and 0."""
    generator = torch.Generator().manual_seed(seed)
    result = {}
    for name in sorted(tensors):
        draw = torch.randn(tensors[name].shape, generator=generator)
        if tensors[name].dim() > 1:
            scale = 0.8 if "emb" in name or "wte" in name or "wpe" in name else 1.5
            fan = 1 if "emb" in name or "wte" in name or "wpe" in name else draw.shape[1]
            result[name] = draw * scale / math.sqrt(fan)
        elif name.endswith("bias"):
            result[name] = draw * 0.3
        else:
            result[name] = 1 + draw * 0.3
    return result


def tokens_of(length: int) -> torch.Tensor:
    return torch.randint(VOCABULARY, (length,), generator=torch.Generator().manual_seed(length))


def write_expected(folder: Path, logits_of, lengths=LENGTHS) -> None:
    found = {}
    for length in lengths:
        tokens = tokens_of(length)
        with torch.no_grad():
            logits = logits_of(tokens)
        assert logits.shape == (length, VOCABULARY) and torch.isfinite(logits).all()
        found[f"tokens_{length}"] = tokens
        found[f"logits_{length}"] = logits.to(torch.float32).contiguous()
    save_file(found, folder / "expected.safetensors")


def fresh(name: str) -> Path:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def write_json(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def by_class(model_class, config, tensors: dict[str, torch.Tensor]):
    """A function from tokens to the class's logits, of a model of its own each time: dynamic
    scaling remembers the longest text."""

    def logits(tokens: torch.Tensor) -> torch.Tensor:
        config._attn_implementation = "eager"
        model = model_class(config).eval().to(torch.float32)
        missing, unexpected = model.load_state_dict(tensors, strict=False)
        assert not unexpected and all("lm_head" in name for name in missing), (missing, unexpected)
        model.tie_weights()
        return model(tokens[None]).logits[0]

    return logits


def make(
    name: str,
    model_class,
    config,
    *,
    seed: int = 0,
    stored=torch.float32,
    weights_of: str = "",
    changes: dict | None = None,
    reference_config=None,
    rename=lambda name: name,
    shards: int = 1,
    lengths=LENGTHS,
) -> None:
    """changes: of config.json as it is written; null removes a key that must be absent."""
    folder = fresh(name)
    if weights_of:
        tensors = load_file(HERE / weights_of / "model.safetensors")
    else:
        model = model_class(config)
        tensors = {
            key: value
            for key, value in disturb(model.state_dict(), seed).items()
            if not (key == "lm_head.weight" and config.tie_word_embeddings)
        }
        tensors = {key: value.to(stored) for key, value in tensors.items()}
        write_shards(folder, {rename(key): value for key, value in tensors.items()}, shards)
    values = json.loads(config.to_json_string(use_diff=False))
    values["architectures"] = [model_class.__name__]
    for key, value in (changes or {}).items():
        if value == "absent":
            values.pop(key, None)
        else:
            values[key] = value
    write_json(folder / "config.json", values)
    tensors = {key: value.to(torch.float32) for key, value in tensors.items()}
    write_expected(folder, by_class(model_class, reference_config or config, tensors), lengths)
    print(name)


def write_shards(folder: Path, tensors: dict[str, torch.Tensor], shards: int) -> None:
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = sorted(tensors), {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name].contiguous() for name in names[number::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map.update(dict.fromkeys(part, file))
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": weight_map})


# BLOOM


def make_bloom() -> None:
    shape = dict(vocab_size=VOCABULARY, hidden_size=24, n_layer=2, layer_norm_epsilon=1e-4)
    make("bloom", BloomForCausalLM, BloomConfig(n_head=6, **shape), seed=1)
    # Names without their prefix, as the published files have them, and the other residual.
    make(
        "bloom_post",
        BloomForCausalLM,
        BloomConfig(n_head=4, apply_residual_connection_post_layernorm=True, **shape),
        seed=2,
        rename=lambda name: name.removeprefix("transformer."),
    )


# MPT


def alibi_slopes(heads: int, bias_max: float) -> list[float]:
    power = 2 ** math.ceil(math.log2(heads))
    slopes = [2 ** (-i * bias_max / power) for i in range(1, power + 1)]
    return slopes if power == heads else (slopes[1::2] + slopes[::2])[:heads]


def mpt_logits(tensors: dict[str, torch.Tensor], config: dict, tokens: torch.Tensor):
    """llm-foundry's MPT (models/mpt/modeling_mpt.py, layers/attention.py) in float64."""
    w = {name: value.to(torch.float64) for name, value in tensors.items()}
    attention = config["attn_config"]
    width, heads = config["d_model"], config["n_heads"]
    kv = {"multihead_attention": heads, "multiquery_attention": 1}.get(
        attention["attn_type"], attention.get("kv_n_heads")
    )
    d, length = width // heads, len(tokens)

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        centred = x - x.mean(-1, keepdim=True)
        x = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * w[name + ".weight"]
        return x + w[name + ".bias"] if name + ".bias" in w else x

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        x = x @ w[name + ".weight"].T
        return x + w[name + ".bias"] if name + ".bias" in w else x

    place = torch.arange(length, dtype=torch.float64)
    distance = place[:, None] - place[None]
    x = w["transformer.wte.weight"][tokens]
    if not attention["alibi"] and config["learned_pos_emb"]:
        x = x + w["transformer.wpe.weight"][:length]
    for layer in range(config["n_layers"]):
        block = f"transformer.blocks.{layer}."
        qkv = linear(block + "attn.Wqkv", norm(block + "norm_1", x))
        if attention.get("clip_qkv"):
            qkv = qkv.clamp(-attention["clip_qkv"], attention["clip_qkv"])
        q, k, v = qkv.split([width, kv * d, kv * d], -1)
        if attention.get("qk_ln"):
            q, k = norm(block + "attn.q_ln", q), norm(block + "attn.k_ln", k)
        mixed = []
        for head, slope in enumerate(alibi_slopes(heads, attention.get("alibi_bias_max", 8))):
            shared = head // (heads // kv)
            keys, values = k[:, shared * d : (shared + 1) * d], v[:, shared * d : (shared + 1) * d]
            scale = attention.get("softmax_scale") or 1 / math.sqrt(d)
            scores = q[:, head * d : (head + 1) * d] @ keys.T * scale
            if attention["alibi"]:
                scores = scores - slope * distance
            scores = scores.masked_fill(distance < 0, -math.inf)
            mixed.append(scores.softmax(-1) @ values)
        x = x + linear(block + "attn.out_proj", torch.cat(mixed, -1))
        inner = torch.nn.functional.gelu(linear(block + "ffn.up_proj", norm(block + "norm_2", x)))
        x = x + linear(block + "ffn.down_proj", inner)
    scale = config.get("logit_scale") or 1
    scale = 1 / math.sqrt(width) if scale == "inv_sqrt_d_model" else scale
    return norm("transformer.norm_f", x) @ w["transformer.wte.weight"].T * scale


def foundry_tensors(config: dict, seed: int) -> dict[str, torch.Tensor]:
    width, inner = config["d_model"], config["expansion_ratio"] * config["d_model"]
    attention = config["attn_config"]
    kv = attention.get("kv_n_heads", config["n_heads"])
    key_width = kv * width // config["n_heads"]
    shapes: dict[str, tuple[int, ...]] = {"transformer.wte.weight": (VOCABULARY, width)}
    if not attention["alibi"]:
        shapes["transformer.wpe.weight"] = (config["max_seq_len"], width)

    def norm(name: str, size: int) -> None:
        shapes[name + ".weight"] = (size,)
        if not config["no_bias"]:
            shapes[name + ".bias"] = (size,)

    def linear(name: str, size: int, inputs: int) -> None:
        shapes[name + ".weight"] = (size, inputs)
        if not config["no_bias"]:
            shapes[name + ".bias"] = (size,)

    for layer in range(config["n_layers"]):
        block = f"transformer.blocks.{layer}."
        norm(block + "norm_1", width)
        norm(block + "norm_2", width)
        linear(block + "attn.Wqkv", width + 2 * key_width, width)
        linear(block + "attn.out_proj", width, width)
        linear(block + "ffn.up_proj", inner, width)
        linear(block + "ffn.down_proj", width, inner)
        if attention.get("qk_ln"):
            norm(block + "attn.q_ln", width)
            norm(block + "attn.k_ln", key_width)
    norm("transformer.norm_f", width)
    return disturb({name: torch.empty(shape) for name, shape in shapes.items()}, seed)


def make_foundry(name: str, changes: dict, attention: dict, *, seed: int, lengths=LENGTHS) -> None:
    folder = fresh(name)
    config = {
        "architectures": ["MPTForCausalLM"],
        "auto_map": {"AutoConfig": "configuration_mpt.MPTConfig"},
        "model_type": "mpt",
        "d_model": 24,
        "n_heads": 6,
        "n_layers": 2,
        "expansion_ratio": 2,
        "max_seq_len": 16,
        "vocab_size": VOCABULARY,
        "learned_pos_emb": True,
        "no_bias": False,
        "norm_type": "low_precision_layernorm",
        "torch_dtype": "float32",
        **changes,
        "attn_config": {"attn_impl": "torch", "attn_type": "multihead_attention", **attention},
    }
    tensors = foundry_tensors(config, seed)
    write_shards(folder, tensors, 1)
    write_json(folder / "config.json", config)
    write_expected(folder, lambda tokens: mpt_logits(tensors, config, tokens), lengths)
    print(name)


def make_mpt() -> None:
    def config(max_length: int) -> MptConfig:
        return MptConfig(
            d_model=24,
            n_heads=6,
            n_layers=2,
            max_seq_len=max_length,
            vocab_size=VOCABULARY,
            attn_config={"clip_qkv": 0.5},
        )

    # The class takes no text longer than max_seq_len, so a longer one is its reference.
    make("mpt", MptForCausalLM, config(16), seed=3, reference_config=config(64))
    tensors = load_file(HERE / "mpt/model.safetensors")
    values = json.loads((HERE / "mpt/config.json").read_text(encoding="utf-8"))
    expected = load_file(HERE / "mpt/expected.safetensors")
    for length in LENGTHS:
        ours = mpt_logits(tensors, values, expected[f"tokens_{length}"])
        assert (ours - expected[f"logits_{length}"]).abs().max() < 1e-5
    make_foundry(
        "mpt_foundry",
        {"logit_scale": "inv_sqrt_d_model"},
        {"alibi": True, "alibi_bias_max": 16, "clip_qkv": 6, "softmax_scale": 0.4},
        seed=4,
    )
    make_foundry(
        "mpt_grouped",
        {"no_bias": True, "logit_scale": 0.7},
        {
            "alibi": True,
            "alibi_bias_max": 4,
            "attn_type": "grouped_query_attention",
            "kv_n_heads": 2,
            "qk_ln": True,
        },
        seed=5,
    )
    make_foundry("mpt_learned", {}, {"alibi": False}, seed=6, lengths=(1, 9, 16))


# Llama


def llama(**changes) -> LlamaConfig:
    shape = dict(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
    )
    return LlamaConfig(**{**shape, **changes})


def old_style(config: LlamaConfig, **scaling) -> dict:
    """config.json as version 4 wrote it."""
    theta = config.rope_parameters["rope_theta"]
    return {
        "rope_parameters": "absent",
        "rope_theta": theta,
        "rope_scaling": scaling or None,
        "dtype": "absent",
        "torch_dtype": "float32",
        "transformers_version": "4.40.0",
    }


def make_llama() -> None:
    make("llama", LlamaForCausalLM, llama(), seed=7)
    one = llama(num_key_value_heads=1, head_dim=None, rope_theta=500.0)
    make("llama_one_kv", LlamaForCausalLM, one, seed=8, changes=old_style(one))
    all_heads = llama(num_key_value_heads=None, head_dim=None)
    make(
        "llama_null",
        LlamaForCausalLM,
        all_heads,
        seed=9,
        changes={"num_key_value_heads": None, "head_dim": None},
        shards=3,
    )
    biased = llama(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)
    make("llama_biased", LlamaForCausalLM, biased, seed=10)
    make("llama_bf16", LlamaForCausalLM, llama(), seed=11, stored=torch.bfloat16)

    def scaled(name: str, changes: dict | None = None, *, longest: int = 32, **scaling) -> None:
        config = llama(
            max_position_embeddings=longest,
            # Among four pairs a small base puts some on every ramp.
            rope_parameters={"rope_theta": 10.0, **scaling},
        )
        make("llama-" + name, LlamaForCausalLM, config, weights_of="llama", changes=changes)

    plain = llama(rope_parameters={"rope_type": "default", "rope_theta": 10.0})
    scaled("linear", old_style(plain, type="linear", factor=4.0), rope_type="linear", factor=4.0)
    scaled("dynamic", rope_type="dynamic", factor=2.0, longest=16)
    original = {"original_max_position_embeddings": 16}
    ramp = {"beta_fast": 2.0, "beta_slow": 0.5, **original}
    scaled("yarn", rope_type="yarn", factor=4.0, longest=64, **ramp)
    scaled(
        "yarn_smooth",
        rope_type="yarn",
        factor=2.0,
        truncate=False,
        mscale=1.5,
        mscale_all_dim=0.5,
        **ramp,
    )
    scaled("yarn_given", rope_type="yarn", factor=8.0, attention_factor=0.9, longest=128, **original)
    scaled(
        "llama3",
        old_style(
            plain,
            rope_type="llama3",
            factor=8.0,
            low_freq_factor=0.3,
            high_freq_factor=2.0,
            original_max_position_embeddings=16,
        ),
        rope_type="llama3",
        factor=8.0,
        low_freq_factor=0.3,
        high_freq_factor=2.0,
        **original,
    )
    scaled(
        "longrope",
        rope_type="longrope",
        factor=2.0,
        short_factor=[1.0, 1.1, 1.3, 1.7],
        long_factor=[1.0, 2.0, 3.5, 6.0],
        **original,
    )


# Mistral


def make_mistral() -> None:
    def mistral(window: int | None) -> MistralConfig:
        return MistralConfig(
            vocab_size=VOCABULARY,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            max_position_embeddings=64,
            sliding_window=window,
            rms_norm_eps=1e-5,
        )

    make("mistral", MistralForCausalLM, mistral(3), seed=12, stored=torch.float16)
    make("mistral-one", MistralForCausalLM, mistral(1), weights_of="mistral")
    make(
        "mistral-null",
        MistralForCausalLM,
        mistral(None),
        weights_of="mistral",
        changes={"sliding_window": None},
    )
    make(
        "mistral-absent",
        MistralForCausalLM,
        mistral(4096),
        weights_of="mistral",
        changes={"sliding_window": "absent"},
    )


# A tokenizer for the pages that show commands


def make_tokens() -> None:
    """tokenizer.json of 32 words for `llama`, and the tokens of a text by scripts/tokenize."""
    words = ["<unk>", *"the a cat dog bird tree house river hill road sun moon sees hears finds".split()]
    words += "likes old young small large and near far under over with by sits runs then now".split()
    assert len(words) == VOCABULARY
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(HERE / "llama/tokenizer.json"))
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "walk.txt"
        text.write_text(" ".join(draw.choices(words[1:], k=257)) + "\n", encoding="utf-8")
        os.utime(text, (0, 0))
        script = HERE.parents[1] / "scripts/tokenize"
        target = HERE / "llama/tokens"
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(
            [sys.executable, script, HERE / "llama/tokenizer.json", "walk.txt", target],
            check=True,
            cwd=folder,
        )


if __name__ == "__main__":
    make_bloom()
    make_mpt()
    make_llama()
    make_mistral()
    make_tokens()
