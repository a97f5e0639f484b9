#include <ATen/Version.h>
#include <fmt/format.h>
#include <sched.h>

#include <cstdlib>
#include <fstream>

#include "app/command.h"
#include "base/error.h"
#include "base/files.h"
#include "base/plain_text.h"
#include "base/text.h"
#include "experiment/provenance.h"
#include "model/device.h"
#include "report/figures/svg_convert.h"

namespace lengthwise {
namespace {

constexpr double kGibibyte = 1024. * 1024 * 1024;

void say(std::string_view subject, std::string_view found, std::string_view meaning) {
  fmt::print("{:<13}{}\n", subject, found);
  if (!meaning.empty()) fmt::print("{:<13}  {}\n", "", meaning);
}

/// Cores that this process may run on, which a container or a queue can make fewer.
int usable_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/// A field of /proc/meminfo in GiB; 0 where there is none.
double memory_gib(std::string_view field) {
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with(field)) continue;
    return std::strtod(line.c_str() + field.size(), nullptr) * 1024 / kGibibyte;
  }
  return 0;
}

void say_cores() {
  const int cores = usable_cores();
  say("cores", fmt::format("{} usable", cores),
      fmt::format("an experiment with experiment.jobs = {} keeps them busy; each run has "
                  "run.threads of its own",
                  cores));
}

void say_memory() {
  say("memory",
      fmt::format("{:.1f} GiB, {:.1f} of them free", memory_gib("MemTotal:"),
                  memory_gib("MemAvailable:")),
      "`lengthwise train CONFIG --run.dry_run true` says what a run takes");
}

void say_vector_units() {
  say("vector units", at::get_cpu_capability(),
      "a run ends with the same bits here, with the same threads; other vector units round "
      "otherwise");
}

void say_bf16() {
  try {
    open_precision("bf16", torch::kCPU, SlowProducts::refuse);
    say("bf16", "this CPU has instructions for it", "run.precision = bf16 is worth trying here");
  } catch (const UserError&) {
    say("bf16", "this CPU has no instructions for it",
        "run.precision = bf16 is refused here unless it is forced; fp32 is the faster");
  }
}

void say_cuda() {
  try {
    const torch::Device device = open_device("cuda");
    say("CUDA", product_name(device), "run.device = cuda trains and measures there");
  } catch (const UserError& error) {
    say("CUDA", "none can be used", one_line(error.what()));
  }
}

void say_pictures() {
  try {
    svg_to_png("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>");
    say("pictures", "rsvg-convert works", "results have PNG and PDF beside SVG");
  } catch (const std::exception& error) {
    say("pictures", "SVG alone", one_line(error.what()));
  }
}

std::string found_program(std::initializer_list<std::string_view> names) {
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path != nullptr ? path : "", ":")) {
    for (const std::string_view name : names) {
      std::error_code ignored;
      if (fs::is_regular_file(fs::path(folder) / name, ignored)) return std::string(name);
    }
  }
  return {};
}

void say_browser() {
  const std::string browser =
      found_program({"chromium", "chromium-browser", "google-chrome", "firefox"});
  say("browser", browser.empty() ? "none on the PATH" : browser,
      "report.html opens in any, here or elsewhere; it needs no network");
}

void say_folder() {
  std::error_code error;
  const fs::space_info space = fs::space(".", error);
  say("this folder",
      error ? "its disk cannot be asked"
            : fmt::format("{:.1f} GiB free", static_cast<double>(space.available) / kGibibyte),
      "runs go into runs/ below it unless run.folder says otherwise");
}

}  // namespace

int run_doctor(const Words& arguments) {
  if (!arguments.empty()) fail("doctor: takes no argument, not '{}'", arguments[0]);
  const Provenance here = provenance();
  say("program",
      fmt::format("lengthwise {} ({}), LibTorch {}", here.version, here.commit, here.libtorch),
      "every record of a run names these");
  say("processor", here.machine, "");
  say_cores();
  say_memory();
  say_vector_units();
  say_bf16();
  say_cuda();
  say_pictures();
  say_browser();
  say_folder();
  return 0;
}

}  // namespace lengthwise
