"""KERPLE's logarithmic kernel, Chi et al. 2022 (2205.09921)."""
from typing import Dict

import torch
from torch import Tensor


def parameters(heads: int) -> Dict[str, Tensor]:
    return {
        "log_r1": torch.log(0.01 + 1.99 * torch.rand([heads])),
        "log_r2": torch.log(0.01 + 0.99 * torch.rand([heads])),
    }


def bias(distance: Tensor, p: Dict[str, Tensor]) -> Tensor:
    r1 = p["log_r1"].to(torch.float64).exp()[:, None]
    r2 = p["log_r2"].to(torch.float64).exp()[:, None]
    return -r1 * torch.log1p(r2 * distance)
