#include "experiment/grid.h"

#include "experiment/config.h"
#include "experiment/run_grid.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

GridOptions two_by_two_by_two() {
  GridOptions options;
  options.schemes = {"rotary", "alibi"};
  options.train_lengths = {64, 128};
  options.seeds = {3, 1};
  return options;
}

std::string refusal(const GridOptions& options) {
  return user_error_text([&] { options.validate(); });
}

Config small_config() {
  Config config;
  config.grid = two_by_two_by_two();
  return config;
}

TEST_CASE("A grid has a run for every scheme, train length and seed, seeds slowest",
          "[experiment]") {
  std::vector<std::string> names;
  for (const GridRun& run : grid_runs(small_config())) {
    names.push_back(run_name(run));
  }
  CHECK(names == std::vector<std::string>{"rotary-L64-seed3", "alibi-L64-seed3",
                                          "rotary-L128-seed3", "alibi-L128-seed3",
                                          "rotary-L64-seed1", "alibi-L64-seed1",
                                          "rotary-L128-seed1", "alibi-L128-seed1"});
}

TEST_CASE("An alternative is trained besides, by the schemes that read it", "[experiment]") {
  Config config = small_config();
  config.grid.train_lengths = {64};
  config.grid.seeds = {1};
  config.grid.alternatives = {"position.alibi.bias_max=12", "model.heads=8:training.steps=700",
                              "training.optimizer=sgd:training.momentum=0.5"};
  validate_grid(config);
  std::vector<std::string> names;
  for (const GridRun& run : grid_runs(config)) names.push_back(run_name(run));
  CHECK(names == std::vector<std::string>{
                     "rotary-L64-seed1", "rotary-model.heads=8+training.steps=700-L64-seed1",
                     "rotary-training.optimizer=sgd+training.momentum=0.5-L64-seed1",
                     "alibi-L64-seed1", "alibi-position.alibi.bias_max=12-L64-seed1",
                     "alibi-model.heads=8+training.steps=700-L64-seed1",
                     "alibi-training.optimizer=sgd+training.momentum=0.5-L64-seed1"});
}

TEST_CASE("An alternative that no run could have is refused", "[experiment]") {
  const auto refusal_of = [](const std::string& alternative) {
    Config config = small_config();
    config.grid.alternatives = {alternative};
    return user_error_text([&] { validate_grid(config); });
  };
  CHECK(contains(refusal_of("model.heads"), "'model.heads' is no OPTION=VALUE"));
  CHECK(contains(refusal_of("training.seed=2"), "'training.seed' cannot be one"));
  CHECK(contains(refusal_of("evaluation.stride=2"), "'evaluation.stride' cannot be one"));
  CHECK(contains(refusal_of("position.t5_bias.buckets=8"), "read by none of experiment.schemes"));
  CHECK(contains(refusal_of("training.log_every=7"), "'training.log_every' cannot be one"));
  CHECK(contains(refusal_of("training.momentum=0.5"), "read with training.optimizer = sgd"));
  CHECK(contains(refusal_of("training.step=7"), "did you mean 'training.steps'?"));
}

TEST_CASE("Two runs that would be one are refused before anything is trained", "[experiment]") {
  const auto refusal_of = [](const std::vector<std::string>& alternatives) {
    Config config = small_config();
    config.grid.alternatives = alternatives;
    return user_error_text([&] { validate_grid(config); });
  };
  CHECK(contains(refusal_of({"model.heads=4"}),
                 "experiment.alternatives: 'model.heads=4' trains rotary as no alternative does"));
  CHECK(contains(refusal_of({"position.rotary.base=10000"}), "as no alternative does"));
  CHECK(contains(refusal_of({"model.heads=8", "model.heads=08"}), "as 'model.heads=8' does"));
  CHECK(contains(refusal_of({"model.heads=8", "model.heads=8:model.dropout=0"}),
                 "as 'model.heads=8' does"));
  CHECK(refusal_of({"model.heads=8", "model.heads=2"}).empty());
}

TEST_CASE("Two changes that would be one measurement are refused", "[experiment]") {
  Config config = small_config();
  config.grid.changes = {"model.window=8", "model.window=8:model.sinks=0"};
  CHECK(contains(user_error_text([&] { validate_grid(config); }), "as 'model.window=8' does"));
}

TEST_CASE("An option of the command line that no run reads is refused", "[experiment]") {
  Config config = small_config();
  config.grid.changes = {"position.scheme=rotary_ntk"};
  const auto refusal_of = [&](const std::string& name) {
    return user_error_text([&] { validate_grid(config, {name}); });
  };
  CHECK(refusal_of("position.rotary.base").empty());
  CHECK(refusal_of("position.alibi.bias_max").empty());
  CHECK(refusal_of("position.rotary_ntk.factor").empty());  // by a change
  CHECK(refusal_of("model.heads").empty());
  CHECK(contains(refusal_of("position.xpos.gamma"), "no run of this experiment reads it"));
  CHECK(contains(refusal_of("training.momentum"), "training.optimizer = sgd"));
}

TEST_CASE("A text that a run will ask for is missed before the first is trained", "[experiment]") {
  Config config = small_config();
  config.data.corpus = "text";
  config.data.train = "train.txt";
  const auto refusal_of = [&] { return user_error_text([&] { validate_grid(config); }); };
  CHECK(contains(refusal_of(), "data.test: is empty, but evaluation.split is test"));
  config.data.test = "test.txt";
  CHECK(refusal_of().empty());
  config.training.validate_every = 10;
  CHECK(contains(refusal_of(), "data.valid: is empty, but training.validate_every is 10"));
}

TEST_CASE("A limit of a scheme below a train length is met before the first run", "[experiment]") {
  Config config = small_config();
  config.grid.schemes = {"xpos"};
  config.grid.train_lengths = {16, 512};
  config.grid.alternatives = {"position.xpos.scale_base=1"};
  CHECK(contains(user_error_text([&] { validate_grid(config); }), "position.xpos.scale_base: 1 "));
}

TEST_CASE("A change that no run can take is refused with the reason", "[experiment]") {
  const auto refusal_of = [](const std::string& change) {
    Config config = small_config();
    config.grid.changes = {change};
    return user_error_text([&] { validate_grid(config); });
  };
  CHECK(refusal_of("model.window=8:model.sinks=2").empty());
  CHECK(refusal_of("position.scheme=rotary_ntk").empty());  // by rotary, not by alibi
  CHECK(contains(refusal_of("training.steps=7"), "'training.steps' cannot be one"));
  CHECK(contains(refusal_of("model.window"), "'model.window' is no OPTION=VALUE"));
  CHECK(contains(refusal_of("position.scheme=kerple_log"), "cannot be measured under kerple_log"));
  CHECK(contains(refusal_of("position.t5_bias.max_distance=88"),
                 "not read here; it is with position.scheme = t5_bias"));
  CHECK(contains(refusal_of("position.t5_bias.buckets=8"), "cannot be one"));
  CHECK(contains(refusal_of("model.window=0"), "it is as it was trained"));
  CHECK(contains(refusal_of("model.window=few"), "experiment.changes: 'model.window=few': "));
}

TEST_CASE("A grid without a value on an axis is refused, the option named", "[experiment]") {
  CHECK(refusal(two_by_two_by_two()).empty());
  GridOptions options = two_by_two_by_two();
  options.schemes.clear();
  CHECK(contains(refusal(options), "experiment.schemes: is empty"));
  options = two_by_two_by_two();
  options.train_lengths.clear();
  CHECK(contains(refusal(options), "experiment.train_lengths: is empty"));
  options = two_by_two_by_two();
  options.seeds.clear();
  CHECK(contains(refusal(options), "experiment.seeds: is empty"));
  options = two_by_two_by_two();
  options.folder.clear();
  CHECK(contains(refusal(options), "experiment.folder: is empty"));
}

TEST_CASE("A value twice on an axis would be two runs in one folder, and is refused",
          "[experiment]") {
  GridOptions options = two_by_two_by_two();
  options.schemes = {"alibi", "none", "alibi"};
  CHECK(contains(refusal(options), "experiment.schemes: 'alibi none alibi' names one twice"));
  options = two_by_two_by_two();
  options.train_lengths = {64, 64};
  CHECK(contains(refusal(options), "experiment.train_lengths: '64 64' names one twice"));
  options = two_by_two_by_two();
  options.seeds = {1, 2, 1};
  CHECK(contains(refusal(options), "experiment.seeds: '1 2 1' names one twice"));
}

TEST_CASE("A run of a grid is its config with three options of its own", "[experiment]") {
  const Config config = small_config();
  const Config run = run_config(config, {"none", 32, 9});
  CHECK(run.position.scheme == "none");
  CHECK(run.model.train_length == 32);
  CHECK(run.training.seed == 9);
  size_t differing = 0;
  const auto before = option_texts(config, decides_weights),
             after = option_texts(run, decides_weights);
  for (size_t i = 0; i < before.size(); ++i) differing += before[i] != after[i] ? 1 : 0;
  CHECK(differing == 3);
}

TEST_CASE("A run of an alternative has its options too, and says whose fault a value is",
          "[experiment]") {
  const Config run = run_config(small_config(), {"alibi", 32, 9, "model.heads=8"});
  CHECK(run.model.heads == 8);
  CHECK(contains(user_error_text([] {
                   run_config(small_config(), {"alibi", 32, 9, "model.heads=many"});
                 }),
                 "experiment.alternatives: 'model.heads=many': "));
}

TEST_CASE("A grid is refused where one of its schemes does not fit the model", "[experiment]") {
  Config config = small_config();
  CHECK(user_error_text([&] { validate_grid(config); }).empty());
  config.model.width = 12;
  config.model.heads = 4;  // heads of width 3: alibi does not mind, rotary does
  CHECK(contains(user_error_text([&] { validate_grid(config); }), "model.heads"));
  config.grid.schemes = {"alibi"};
  CHECK(user_error_text([&] { validate_grid(config); }).empty());
}

TEST_CASE("The part of a run that is done grows from nothing to all", "[experiment]") {
  using State = GridProgress::State;
  GridProgress run;
  run.steps = 200;
  run.lengths = 4;
  CHECK(run.fraction() == 0);
  double before = 0;
  const auto check_grown = [&] {
    CHECK(run.fraction() > before);
    CHECK(run.fraction() <= 1);
    before = run.fraction();
  };
  run.state = State::training;
  run.step = 100;
  check_grown();
  run.step = 200;
  check_grown();
  run.state = State::evaluating;
  run.lengths_measured = 2;
  check_grown();
  run.lengths_measured = 4;
  CHECK(run.fraction() == Approx(1));
  run.state = State::done;
  CHECK(run.fraction() == 1);
  run.state = State::failed;
  run.step = 3;
  CHECK(run.fraction() == 1);  // nothing is left to do for it
}

}  // namespace
}  // namespace lengthwise
