"""KERPLE's power kernel, Chi et al. 2022 (2205.09921)."""
from typing import Dict

import torch
import torch.nn.functional as F
from torch import Tensor


def parameters(heads: int) -> Dict[str, Tensor]:
    return {
        "log_r1": torch.log(0.01 + 0.99 * torch.rand([heads])),
        "logit_r2": torch.logit(0.005 + 0.99 * torch.rand([heads])),
    }


def bias(distance: Tensor, p: Dict[str, Tensor]) -> Tensor:
    r1 = p["log_r1"].to(torch.float64).exp()[:, None]
    r2 = 2 * F.sigmoid(p["logit_r2"].to(torch.float64))[:, None]
    return -r1 * torch.pow(distance, r2)
