"""A distance counts as a part of the query's position."""
# `pair_bias` looks at both positions. Where the distance is enough, `bias` is much faster.

from typing import Dict

import torch
from torch import Tensor


def parameters(heads: int) -> Dict[str, Tensor]:
    return {"slope": torch.linspace(4.0, 1.0, heads)}


# query_position: [Q, 1], key_position: [Q, C], float64. A key ahead of its query stands at it, so
# that no distance is less than 0. -> [heads, Q, C].
def pair_bias(query_position: Tensor, key_position: Tensor, p: Dict[str, Tensor]) -> Tensor:
    part = (query_position - key_position) / (query_position + 1)
    return -p["slope"].abs()[:, None, None] * part
