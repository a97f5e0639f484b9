#include <fmt/format.h>

#include "app/command.h"
#include "app/display.h"
#include "base/plain_text.h"
#include "experiment/run_folder.h"
#include "experiment/train_run.h"

namespace lengthwise {

int run_train(const Words& arguments) {
  Config config;
  read_files_and_options(config, arguments);
  const RunFolder folder(config.run_folder());
  switch (train_run(config, show_training, stop_on_signals())) {
    case TrainingEnd::finished:
      fmt::print("trained: {}\n", one_line(folder.path().string()));
      return 0;
    case TrainingEnd::already_finished:
      fmt::print("already trained: {}\n", one_line(folder.path().string()));
      return 0;
    case TrainingEnd::restored:
      fmt::print("already trained: {}; its checkpoint, lost or damaged, is written again\n",
                 folder.path().string());
      return 0;
    case TrainingEnd::stopped:
      break;
  }
  fmt::print(
      "\nstopped and saved; go on with: {}\n",
      command_line({"train", folder.config().string(), "--run.folder", folder.path().string()}));
  return 1;
}

}  // namespace lengthwise
