#pragma once

#include <cstdint>
#include <functional>

namespace lengthwise {

/// The most bytes of tensors on the CPU that `work` held at once beyond what there was before, by
/// LibTorch's own account: the same on every run.
int64_t peak_bytes_of(const std::function<void()>& work);

}  // namespace lengthwise
