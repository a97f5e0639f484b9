"""Scores are sharper the more a query can see."""
# `change` makes new scores of the scores themselves: the most general kind, and the slowest.

from typing import Dict

import torch
from torch import Tensor


def parameters(heads: int) -> Dict[str, Tensor]:
    return {"sharper": torch.full([heads], 0.1)}


# logits: [batch, heads, Q, C], scaled and not masked. queries: [batch, heads, Q, head_width].
# visible: [Q, C], which keys a query sees; what it does not see may be changed to anything finite.
# query_position: [Q, 1] and key_position: [Q, C] as for pair_bias. -> as logits.
def change(logits: Tensor, query_position: Tensor, p: Dict[str, Tensor]) -> Tensor:
    log_seen = torch.log1p(query_position).to(logits.dtype)  # [Q, 1]
    return logits * (1 + p["sharper"].abs()[:, None, None] * log_seen)
