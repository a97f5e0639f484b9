#include <algorithm>

#include "app/command.h"
#include "base/options.h"

namespace lengthwise {
namespace {

bool is_of(const Option& option, std::string_view section) {
  return option.section() == section;
}

bool read_by_none(const Option&) {
  return false;
}
bool read_by_scheme(const Option& option) {
  return is_of(option, "model");
}
bool read_by_prepare(const Option& option) {
  return is_of(option, "data");
}
bool read_by_generate(const Option& option) {
  return option.name == "data.corpus";
}
bool read_by_train(const Option& option) {
  return !is_of(option, "experiment") && !is_of(option, "import") &&
         option.role != OptionRole::results;
}
bool read_by_evaluate(const Option& option) {
  return says_how_to_measure(option) || option.role == OptionRole::test_time ||
         option.role == OptionRole::text || says_where_to_compute(option);
}
bool read_by_experiment(const Option& option) {
  return option.name != "run.folder" && option.name != "run.profile" &&
         option.name != "run.dry_run" && !is_of(option, "import") && option.axis.empty();
}
bool read_by_import(const Option& option) {
  return option.name == "run.folder" || is_of(option, "import") ||
         option.role == OptionRole::text || says_how_to_measure(option);
}
bool read_by_compare(const Option& option) {
  return option.role == OptionRole::measurement || option.role == OptionRole::results;
}

// clang-format off
const Command kCommands[] = {
    {"schemes", "", "the positional schemes there are", read_by_none, run_schemes},
    {"scheme", "new NAME [KIND] | check FILE.py | conformance [NAME...]", "a scheme of your own as a file: an example to begin with, or what yours keeps; what the built-in ones are found to do", read_by_scheme, run_scheme, {"new", "check", "conformance"}},
    {"prepare", "CONFIG...", "text to token files, as [data] says", read_by_prepare, run_prepare},
    {"train", "CONFIG...", "train one run, or go on with one that was interrupted", read_by_train, run_train},
    {"evaluate", "RUN...", "perplexity of runs at every length of evaluation.lengths", read_by_evaluate, run_evaluate},
    {"import", "CHECKPOINT --run.folder RUN", "a Hugging Face folder (BLOOM, MPT, Llama, Mistral) as a run to evaluate", read_by_import, run_import},
    {"export", "RUN FOLDER", "a trained run as a Hugging Face folder with the same logits", read_by_none, run_export},
    {"experiment", "FILE...", "a grid of runs, trained, evaluated and compared", read_by_experiment, run_experiment},
    {"compare", "RUN... [--experiment.results FOLDER]", "table and curve of evaluated runs", read_by_compare, run_compare},
    {"atlas", "RESULTS...", "every scheme over several results folders, with ranks and cost", read_by_none, run_atlas},
    {"generate", "FOLDER", "the built-in ideal-reader corpus as token files", read_by_generate, run_generate},
    {"doctor", "", "what this machine has, and what that means for runs", read_by_none, run_doctor},
    {"completion", "bash | zsh | fish", "a script with which that shell completes commands, options and values", read_by_none, run_completion, {"bash", "zsh", "fish"}},
    {"manual", "", "this program's manual page, for man", read_by_none, run_manual},
};
// clang-format on

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

}  // namespace lengthwise
