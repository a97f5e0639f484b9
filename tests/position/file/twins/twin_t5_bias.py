"""T5's relative bias, Raffel et al. 2020 (1910.10683)."""
import math
from typing import Dict

import torch
from torch import Tensor

BUCKETS = 32
MAX_DISTANCE = 128
EXACT = BUCKETS // 2


def shared_parameters(heads: int, width: int) -> Dict[str, Tensor]:
    return {"table": torch.randn([BUCKETS, heads]) / math.sqrt(width)}


def bias(distance: Tensor, p: Dict[str, Tensor]) -> Tensor:
    scale = (BUCKETS - EXACT) / math.log(MAX_DISTANCE / EXACT)
    beyond = EXACT + scale * torch.log(distance.clamp_min(EXACT) / EXACT) + 1e-9
    bucket = torch.where(distance < EXACT, distance, beyond).floor().clamp_max(BUCKETS - 1)
    return p["table"].t()[:, bucket.to(torch.int64)]
