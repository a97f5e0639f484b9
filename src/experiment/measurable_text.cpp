#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/safetensors.h"
#include "evaluation/measure.h"
#include "experiment/measurable.h"

namespace lengthwise {
namespace {

/// The split as its windows are laid over it.
TokenStream measured_stream(const Config& config, const Dataset& dataset) {
  const TokenStream& stream = dataset.split(config.evaluation.split);
  if (config.evaluation.counting != "paper") return stream;
  if (dataset.ideal_nats) {
    fail(
        "evaluation.counting: paper does not fit {}, whose exact reader knows one document at a "
        "time",
        dataset.name);
  }
  return stream.joined();
}

ReadingOrder reading_order(const Config& config, const Dataset& dataset,
                           const TokenStream& stream) {
  return {stream, resolve_first_token(config.evaluation.first_token, dataset), dataset.start_token};
}

void write_values(const fs::path& folder, const EvaluationRecord& record, const TokenLosses& losses,
                  const Config& config) {
  std::vector<int64_t> runs;
  for (const auto& [first, count] : losses.position_runs) {
    runs.push_back(first);
    runs.push_back(count);
  }
  const std::map<std::string, ArrayView> arrays{
      {"nats", array_view(losses.nats)},
      {"positions", array_view(std::span<const int64_t>(runs),
                               {static_cast<int64_t>(losses.position_runs.size()), 2})}};
  make_folder((folder / record.file).parent_path());
  write_safetensors(folder / record.file, arrays,
                    {{"split", record.split},
                     {"protocol", record.protocol},
                     {"documents", record.documents},
                     {"first_token", record.first_token},
                     {"length", std::to_string(record.length)},
                     {"stride", std::to_string(record.stride)},
                     {"window_targets", std::to_string(record.window_targets)},
                     {"skipped_targets", std::to_string(record.skipped_targets)},
                     {"tokens", std::to_string(record.tokens)},
                     {"mean_context", fmt::format("{}", record.mean_context)},
                     {"variant", record.variant},
                     {"max_tokens", std::to_string(config.evaluation.max_tokens)},
                     {"corpus", record.corpus},
                     {"corpus_hash", record.corpus_hash},
                     {"tokens_file", record.tokens_file},
                     {"checkpoint", record.checkpoint}});
}

/// The tokens of a split.
class MeasurableText final : public Measurable {
 public:
  MeasurableText(const Config& config, const Dataset& dataset)
      : config_(config),
        dataset_(dataset),
        stream_(measured_stream(config, dataset)),
        reading_(reading_order(config, dataset, stream_)) {}

  int64_t scored_tokens(int64_t length) const override {
    return scored_targets(windows_at(length));
  }

  void measure(Transformer& model, const fs::path& folder,
               EvaluationRecord& record) const override {
    const auto windows = windows_at(record.length);
    const TokenLosses losses =
        measure_windows(model, dataset_, reading_, windows, measuring(config_, record.length));
    record.windows = static_cast<int64_t>(windows.size());
    record.mean_context = mean_context(windows);
    record.nats_per_token = mean_of(losses.nats);
    if (!losses.ideal_nats.empty()) record.ideal_nats_per_token = mean_of(losses.ideal_nats);
    const TextSize text = reading_.text_of(record.tokens);
    record.bytes = text.bytes;
    record.words = text.words;
    if (text.bytes > 0) record.unknown_tokens = text.unknown_tokens;
    record.spelling_nats = text.spelling_nats;
    record.seconds = losses.seconds;
    record.tokens_per_second = static_cast<double>(losses.forward_tokens) / losses.seconds;
    write_values(folder, record, losses, config_);
  }

 private:
  std::vector<Window> windows_at(int64_t length) const {
    return plan_windows(reading_.document_targets(), config_.evaluation.layout_at(length));
  }

  const Config& config_;
  const Dataset& dataset_;
  TokenStream stream_;
  ReadingOrder reading_;
};

}  // namespace

Measuring measuring(const Config& config, int64_t length) {
  return {config.evaluation.batch_tokens, config.evaluation.draws,
          static_cast<uint64_t>(config.training.seed), length};
}

std::unique_ptr<Measurable> make_measurable_text(const Config& config, const Dataset& dataset) {
  return std::make_unique<MeasurableText>(config, dataset);
}

void check_text_lengths(const Config& config, const Dataset& dataset) {
  const TokenStream stream = measured_stream(config, dataset);
  const int64_t longest =
      std::ranges::max(reading_order(config, dataset, stream).document_targets());
  const int64_t length = std::ranges::max(config.evaluation.lengths);
  if (length > longest) {
    fail(
        "evaluation.lengths: {} is longer than any document of the {} split, which has windows of "
        "at most {}",
        length, config.evaluation.split, longest);
  }
}

}  // namespace lengthwise
