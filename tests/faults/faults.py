"""Faults that shipped in other programs, each as the change that would bring it into this one.

A fault: what went wrong (a sentence or two), the public threads where it was found or mended, the file and the lines
that are right, what they would be with the fault, and the test that must then fail. `plant.py` plants them one by
one; `plant.py --page` writes docs/faults-elsewhere.md from this list.
"""

from dataclasses import dataclass


@dataclass
class Fault:
    title: str
    what: str
    threads: list[str]  # "owner/repository#number", or the file of a repository
    file: str
    right: str
    wrong: str
    test: str  # a case of test_core or test_plain


FAULTS = [
    # ---- ALiBi
    Fault(
        "One series of slopes for every number of heads",
        "The paper's slopes for 12 heads are those of 8 and then every other one of 16. One geometric series of 12 "
        "is another scheme, and weights trained with either do not fit the other.",
        ["ml-explore/mlx#3071", "baichuan-inc/Baichuan2#225", "huggingface/transformers#28380"],
        "src/position/alibi.cpp",
        "const auto power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(heads)));",
        "const int64_t power = heads;",
        "ALiBi slopes for other head counts append every other slope of the next power of two",
    ),
    Fault(
        "A bias that rewards distance",
        "The official example of ALiBi for FlexAttention had the sign reversed.",
        ["meta-pytorch/attention-gym#29", "meta-pytorch/attention-gym#86"],
        "src/position/alibi.cpp",
        "return -torch::tensordot(slopes.unsqueeze(1)",
        "return torch::tensordot(slopes.unsqueeze(1)",
        "ALiBi takes slope times distance from the logits, exactly at 65,536 positions",
    ),
    Fault(
        "Learned slopes without a gradient",
        "A fused kernel takes slopes as an argument and gives nothing back for them: training runs, and they stay "
        "what they were.",
        ["Dao-AILab/flash-attention#1977", "meta-pytorch/attention-gym#20"],
        "src/position/alibi.cpp",
        "return linear_bias(inputs[0].to(torch::kFloat64).exp(), distances);",
        "return linear_bias(inputs[0].detach().to(torch::kFloat64).exp(), distances);",
        "ALiBi with learned slopes equals its dense form, with their gradients",
    ),
    Fault(
        "Distances in the activations' type",
        "bfloat16 has 8 bits: among the last 2048 keys 641 distances are left, and neighbours far away are one.",
        ["EleutherAI/gpt-neox: megatron/model/positional_embeddings.py", "Dao-AILab/flash-attention#845"],
        "src/position/distance_bias.cpp",
        "return torch::arange(positions.values.size(0), positions.values.options()) * *positions.step;",
        "return (torch::arange(positions.values.size(0), positions.values.options()) * *positions.step)\n"
        "      .to(torch::kBFloat16).to(torch::kFloat64);",
        "ALiBi takes slope times distance from the logits, exactly at 65,536 positions",
    ),
    # ---- Rotary
    Fault(
        "Angles of positions that were rounded",
        "Tables of sines and cosines built in half precision are those of other positions: beyond 256 bfloat16 "
        "cannot tell consecutive whole numbers apart.",
        ["EleutherAI/gpt-neox#1003", "huggingface/transformers#29285", "NVIDIA/Megatron-LM#744"],
        "src/position/rotary.cpp",
        "const auto angles = torch::outer(positions, frequencies);  // [T, R/2]",
        "const auto angles = torch::outer(positions.to(torch::kBFloat16).to(torch::kFloat64), frequencies);",
        "Rotary scores depend on the distance alone, up to a million positions",
    ),
    Fault(
        "Neighbours turned where halves were meant",
        "Two pairings of a head's dimensions are both called RoPE. Weights of one under the other give fluent "
        "nonsense and no error.",
        ["huggingface/transformers#25199", "pytorch/torchtitan#801", "huggingface/nanotron#427"],
        "src/position/rotary.cpp",
        ": pairing_(pairing), frequencies_(register_buffer",
        ": pairing_(pairing == \"half\" ? \"interleaved\" : \"half\"), frequencies_(register_buffer",
        "Rotary in halves turns queries and keys as Llama and GPT-NeoX do",
    ),
    Fault(
        "Dynamic NTK that remembers the longest window so far",
        "The base is raised for a long window and never lowered again: what a short one scores depends on what was "
        "measured before it.",
        ["huggingface/transformers#27227", "huggingface/transformers#25104", "vllm-project/vllm#3488"],
        "src/position/rotary_scaling.cpp",
        "const double scale = factor_ * std::max(1.0, length / original_) - (factor_ - 1);",
        "static double longest = 0;\n    longest = std::max(longest, length);\n"
        "    const double scale = factor_ * std::max(1.0, longest / original_) - (factor_ - 1);",
        "Length-dependent rotary forgets the lengths before",
    ),
    Fault(
        "YaRN's ramp the other way round",
        "Fast pairs are to stay and slow ones to be interpolated. Reversed, the model still reads, and a parity test "
        "that feeds both models the same tables sees nothing.",
        ["Lightning-AI/litgpt: litgpt/model.py, build_rope_cache"],
        "src/position/rotary_scaling.cpp",
        "return frequencies * (kept + (1 - kept) / factor);",
        "return frequencies * ((1 - kept) + kept / factor);",
        "YaRN keeps fast pairs whole, divides slow ones by s, and no other way round",
    ),
    Fault(
        "YaRN's ramp bounded at the last pair",
        "The authors bound it at the last dimension, R - 1; bounded at R/2 - 1 slow pairs get other frequencies.",
        ["keras-team/keras-hub#2981"],
        "src/position/rotary_scaling.cpp",
        "last = std::min(last, static_cast<double>(width - 1));",
        "last = std::min(last, static_cast<double>(width / 2 - 1));",
        "YaRN's truncated ramp ends at the last dimension, not at the last pair",
    ),
    Fault(
        "Rotations counted in the extended length",
        "Which pairs turn often is a question about the length trained at. max_position_embeddings is that length in "
        "some configs and the extended one in others.",
        ["huggingface/transformers#38224", "NVIDIA/Megatron-LM#1418"],
        "src/position/rotary_scaling.cpp",
        "const double length = original_length(yarn.original_length, shape);\n  const auto kept =",
        "const double length = yarn.factor * original_length(yarn.original_length, shape);\n  const auto kept =",
        "YaRN counts rotations within the original length, not the extended one",
    ),
    # ---- Other schemes
    Fault(
        "T5's buckets in two halves",
        "The buckets of a decoder all serve the past. Those of an encoder, half for either side, leave it 16 of 32.",
        ["lucidrains/x-transformers#10"],
        "src/position/t5_bias.cpp",
        "const int64_t exact = buckets / 2;\n  const double first",
        "buckets /= 2;\n  const int64_t exact = buckets / 2;\n  const double first",
        "T5's causal buckets: 16 of one distance, 16 up to 128, all of them for the past",
    ),
    Fault(
        "CoPE counts gates of keys that the query does not see",
        "The sum from the query backwards begins at the end of the row: gates that are not masked before it let "
        "later tokens in.",
        ["chuanyang-Zheng/DAPE: megatron/model/transformer.py", "lucidrains/x-transformers: x_transformers.py"],
        "src/position/cope.cpp",
        "const auto gates = logits.sigmoid() * block.visible();",
        "const auto gates = logits.sigmoid();",
        "CoPE leaks nothing from later tokens",
    ),
    Fault(
        "One draw of random positions for everything",
        "Positions that are drawn are part of what is measured. Drawn once, an interval over windows says nothing of "
        "them.",
        ["google-deepmind/randomized_positional_encodings#1"],
        "src/evaluation/measure.cpp",
        "const auto name = draws_positions ? draw_of(reading, *group.windows[begin], how, draw) : 0;",
        "const auto name = draws_positions ? draw_of(reading, *group.windows[0], how, draw) : 0;",
        "Each window under drawn positions has draws of its own, whatever is measured beside it",
    ),
    # ---- Attention
    Fault(
        "A window of one key more",
        "A window of W is the query's own key and W - 1 before it in some kernels, W before it in others.",
        ["huggingface/transformers#39408", "huggingface/transformers#29623", "ml-explore/mlx-lm#390"],
        "src/model/attention_block.cpp",
        "distances.slice(1, 0, length_ - visibility.window).fill_(kMinusInfinity);",
        "distances.slice(1, 0, length_ - visibility.window - 1).fill_(kMinusInfinity);",
        "A window of W tokens is the query's own and the W - 1 before it",
    ),
    Fault(
        "The bias before the scale",
        "ALiBi is added after the division by sqrt(K). Added before it, every slope is divided too.",
        ["OpenNMT/CTranslate2: the switch scale_alibi for Falcon"],
        "src/model/attention_block.cpp",
        "return product(queries, keys.transpose(2, 3)).mul_(walk_.scale);",
        "return product(queries, keys.transpose(2, 3)).mul_(walk_.scale * walk_.scale);",
        "The walk equals the dense form for every kind of bias, window and block",
    ),
    # ---- Evaluation
    Fault(
        "Logits scored against the token they have read",
        "Every harness shifts once; shifted not at all, or once more by the model, perplexity is that of copying.",
        ["huggingface/transformers#22348", "huggingface/transformers#18887"],
        "src/evaluation/measure.cpp",
        "*target++ = reading.token(window.document, k + 1);",
        "*target++ = reading.token(window.document, k);",
        "Measured values equal a direct forward pass, window by window",
    ),
    Fault(
        "A token between windows that nobody scores",
        "The strided example that is copied everywhere left out the first token of each window.",
        ["huggingface/transformers#34138", "huggingface/transformers#30975"],
        "src/evaluation/windows.cpp",
        "windows.push_back({static_cast<int64_t>(document), std::max<int64_t>(0, first - reach), first,",
        "windows.push_back({static_cast<int64_t>(document), std::max<int64_t>(0, first - reach),\n"
        "                         std::min(first + 1, first + count - 1),",
        "Targets are scored once, in order, each from the window that is its own",
    ),
    Fault(
        "Other tokens at other lengths",
        "A fixed number of windows at every length scores 163,840 tokens at 512 and 5,120 at 8192: the curve compares "
        "samples of the text.",
        ["chuanyang-Zheng/DAPE: megatron/training.py", "lucidrains/x-transformers: train_length_extrapolate.py"],
        "src/evaluation/protocol.cpp",
        "const int64_t skipped = std::ranges::max(options.lengths) - 1;",
        "const int64_t skipped = length - 1;",
        "last_k scores the same targets at every length, from windows that are nearly full",
    ),
    Fault(
        "The mean of windows' means",
        "Windows with few targets weigh as much as full ones.",
        ["jquesnelle/yarn: eval/perplexity.py", "huggingface/transformers#34138"],
        "src/report/statistics/bootstrap.cpp",
        "means.push_back(total(seed) / total(tokens));",
        "double shares = 0;\n    for (size_t b = 0; b < seed.size(); ++b) shares += seed[b] / tokens[b];\n"
        "    means.push_back(shares / static_cast<double>(seed.size()));",
        "Blocks of different size weigh by their tokens",
    ),
    Fault(
        "A first token that nothing precedes",
        "Whether a document begins with a token for its start changes every number a little; some programs give one "
        "to the first window alone, or fill it in after the batch was made.",
        ["huggingface/transformers#40524", "ggml-org/llama.cpp#25337"],
        "src/data/reading_order.cpp",
        "lead = start_token;",
        "if (document.begin == 0) lead = start_token;",
        "A document's first token is predicted from what the policy puts before it",
    ),
    # ---- Training
    Fault(
        "A resumed run that sees the same batches again",
        "Windows drawn from a generator that starts anew with each session are those of the session before.",
        ["karpathy/nanoGPT#467", "Lightning-AI/litgpt#1712"],
        "src/training/trainer.cpp",
        "const int64_t index = (place_.step * options_.accumulation + part) * batch + i;",
        "const int64_t index = ((place_.step - first_step_) * options_.accumulation + part) * batch + i;",
        "A run stopped after every single step ends as one that was not",
    ),
]
