"""FoX with a gate learned for each head of each layer, Lin et al. 2025 (2503.02130)."""
import math
from typing import Dict

import torch
import torch.nn.functional as F
from torch import Tensor

SHORTEST = 2.0
LONGEST = 128.0


def decays(heads: int) -> Tensor:
    logs = torch.linspace(math.log(SHORTEST), math.log(LONGEST), heads, dtype=torch.float64)
    return torch.exp(-logs)


def parameters(heads: int) -> Dict[str, Tensor]:
    return {"gate": -torch.log(torch.expm1(decays(heads)))}


def bias(distance: Tensor, p: Dict[str, Tensor]) -> Tensor:
    return -F.softplus(-p["gate"].to(torch.float64))[:, None] * distance
