"""A vector learned for each position, added to the embeddings."""
# `embed` changes the embeddings before the first layer. It is handed shared_parameters alone.

from typing import Dict

import torch
from torch import Tensor


# The longest window that the scheme can stand in; leave the function out where there is no end.
def max_length(train_length: int) -> int:
    return train_length


def shared_parameters(width: int, train_length: int) -> Dict[str, Tensor]:
    return {"table": 0.1 * torch.randn([train_length, width])}


# x: [batch, tokens, width], positions: [tokens] float64. -> as x.
def embed(x: Tensor, positions: Tensor, p: Dict[str, Tensor]) -> Tensor:
    return x + p["table"][positions.to(torch.int64)]
