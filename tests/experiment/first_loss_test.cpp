#include <cmath>

#include "base/files.h"
#include "experiment/config.h"
#include "model/transformer.h"
#include "test.h"

namespace lengthwise {
namespace {

/// Of the config's model over so many types, on tokens drawn alike: a uniform guess has ln V.
double first_loss(const Config& config, int64_t vocabulary_size) {
  const torch::NoGradGuard no_grad;
  Transformer model = make_transformer(config.model, config.position, vocabulary_size);
  model->reset_parameters(1);
  model->eval();
  torch::manual_seed(2);
  const int64_t length = std::min<int64_t>(config.model.train_length, 64);
  const auto tokens = torch::randint(vocabulary_size, {2, length + 1}, torch::kInt64);
  const auto hidden = model->forward(tokens.slice(1, 0, length), 1).flatten(0, 1);
  return model->head->mean_nats(hidden, tokens.slice(1, 1).flatten()).item<double>();
}

void check_near_uniform(const Config& config) {
  for (const int64_t vocabulary_size : {64, 1024}) {
    CAPTURE(vocabulary_size);
    CHECK(std::abs(first_loss(config, vocabulary_size) - std::log(vocabulary_size)) < 1);
  }
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".ini") files.push_back(entry.path());
  }
  REQUIRE(!files.empty());
  return files;
}

TEST_CASE("The first loss of every config is near that of a uniform guess", "[experiment]") {
  const fs::path configs = fs::path(LENGTHWISE_SOURCE) / "configs";
  std::vector<fs::path> sizes = files_in(configs / "sizes");
  sizes.emplace_back();  // the config as it is
  for (const fs::path& file : files_in(configs)) {
    for (const fs::path& size : sizes) {
      INFO(file << " " << size);
      Config config;
      OptionSet options;
      config.declare(options);
      options.read_file(file);
      if (!size.empty()) options.read_file(size);
      // Depth adds nothing to it: what the layers add together keeps its spread.
      config.model.layers = std::min<int64_t>(config.model.layers, 2);
      check_near_uniform(config);
    }
  }
}

TEST_CASE("Tied embeddings begin near a uniform guess at any width and scale", "[experiment]") {
  for (const char* scheme : {"alibi", "rotary", "sinusoidal", "learned"}) {
    for (const int64_t width : {32, 512}) {
      for (const double scale : {1.0, 8.0, 32.0}) {
        INFO(scheme << " width " << width << " scale " << scale);
        Config config;
        config.position.scheme = scheme;
        config.model.width = width;
        config.model.tied_embeddings = true;
        config.model.embedding_scale = scale;
        check_near_uniform(config);
      }
    }
  }
}

}  // namespace
}  // namespace lengthwise
