"""FoX with gates that stay, log-spaced over the heads, Lin et al. 2025 (2503.02130)."""
import math

import torch
from torch import Tensor

SHORTEST = 2.0
LONGEST = 128.0


def decays(heads: int) -> Tensor:
    logs = torch.linspace(math.log(SHORTEST), math.log(LONGEST), heads, dtype=torch.float64)
    return torch.exp(-logs)


def bias(distance: Tensor, heads: int) -> Tensor:
    return -decays(heads).to(distance.device)[:, None] * distance
