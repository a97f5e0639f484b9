"""ALiBi whose slopes shrink in windows beyond training, Al-Khateeb et al. 2023 (2310.13017)."""
from typing import List

import torch
from torch import Tensor


def slopes(heads: int) -> Tensor:
    power = 1
    while power * 2 <= heads:
        power *= 2
    step = 8.0 / power
    values: List[float] = []
    for i in range(power):
        values.append(2.0 ** (-step * (i + 1)))
    for i in range(heads - power):
        values.append(2.0 ** (-step * (i + 0.5)))
    return torch.tensor(values, dtype=torch.float64)


def bias(distance: Tensor, heads: int, length: int, train_length: int) -> Tensor:
    factor = min(1.0, train_length / length)
    return -(factor * slopes(heads).to(distance.device))[:, None] * distance
