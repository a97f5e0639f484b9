#include "experiment/provenance.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <ctime>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "build_info.h"

namespace lengthwise {
namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) {
      return std::string(trim(line.substr(line.find(':') + 1)));
    }
  }
  return "unknown processor";
}

}  // namespace

Provenance provenance() {
  return {LENGTHWISE_VERSION, LENGTHWISE_COMMIT, TORCH_VERSION,
          fmt::format("{}, {} cores", processor(), std::thread::hardware_concurrency())};
}

std::string utc_time() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace lengthwise
