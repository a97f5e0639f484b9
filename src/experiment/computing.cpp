#include "experiment/computing.h"

#include <ATen/Parallel.h>

#include "model/device.h"

namespace lengthwise {

Computing open_computing(const RunOptions& options) {
  at::set_num_threads(static_cast<int>(options.threads));
  const auto device = open_device(options.device);
  const auto slow = options.slow_precision ? SlowProducts::allow : SlowProducts::refuse;
  return {device, open_precision(options.precision, device, slow)};
}

void place_model(Transformer& model, const Computing& computing) {
  model->to(computing.device);
  model->products = computing.products;
}

}  // namespace lengthwise
