"""Queries and keys turned by angles that grow with position."""
# `rotate` is called for queries and for keys. Where they differ, write rotate_queries and
# rotate_keys.

import torch
from torch import Tensor

BASE = 10000.0


# x: [batch, heads, tokens, head_width], positions: [tokens] float64. -> as x.
def rotate(x: Tensor, positions: Tensor, head_width: int) -> Tensor:
    half = head_width // 2
    pairs = torch.arange(half, dtype=torch.float64, device=positions.device)
    angles = positions[:, None] * torch.pow(BASE, -pairs / half)  # [tokens, head_width / 2]
    cosine = torch.cos(angles).to(x.dtype)
    sine = torch.sin(angles).to(x.dtype)
    a = x[..., :half]
    b = x[..., half:]
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], dim=-1)
