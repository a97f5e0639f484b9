"""Tokens push those before them away, each as far as the model learns."""
# `key_bias` looks at a layer's input up to the key: what is added depends on the key alone.

from typing import Dict

import torch
import torch.nn.functional as F
from torch import Tensor


def parameters(heads: int, width: int) -> Dict[str, Tensor]:
    return {"weight": 0.02 * torch.randn([heads, width]), "start": torch.zeros([heads])}


# hidden: [batch, tokens, width]. -> [batch, heads, tokens]. What is the same for all keys of a
# query does not count. Sums over a text want float64.
def key_bias(hidden: Tensor, p: Dict[str, Tensor]) -> Tensor:
    push = F.softplus(F.linear(hidden, p["weight"], p["start"]))
    return push.cumsum(1, dtype=torch.float64).transpose(1, 2)
