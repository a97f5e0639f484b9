#include "report/comparison/token_statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "evaluation/exact_nats.h"
#include "report/comparison/breakdown.h"
#include "report/comparison/ideal_gap.h"
#include "report/statistics/forgetful_readers.h"
#include "report/statistics/token_sums.h"

namespace lengthwise {
namespace {

constexpr double kTolerance = 1e-6;  // relative: a mean of F32 values and one of F64

/// What every row shares at one length: the tokens that were scored, and the exact reader's losses.
struct Column {
  std::string file;  // the one it was planned from
  WindowLayout layout{};
  std::vector<ScoredRun> runs;
  std::vector<Partition> partitions;
  TokenSums tokens;  // numbers of tokens
  std::optional<TokenSums> ideal_sums;
  std::optional<IdealColumn> ideal;
};

class Statistics {
 public:
  explicit Statistics(TextComparison& comparison)
      : comparison_(comparison),
        reader_(find_exact_reader(comparison.corpus)),
        columns_(comparison.eval_lengths.size()),
        means_(comparison.rows.size(),
               std::vector<std::optional<BlockMean>>(comparison.eval_lengths.size())) {}

  void add() {
    for (size_t column = 0; column < columns_.size(); ++column) {
      for (size_t row = 0; row < comparison_.rows.size(); ++row) {
        if (cell(row, column).measured()) add_cell(row, column);
      }
      // What only this column's cells needed.
      columns_[column].partitions.clear();
      columns_[column].runs.clear();
    }
    add_differences();
    drop_empty_bins(comparison_.breakdowns);
    if (!blocks_.warning.empty()) comparison_.notes.push_back(blocks_.warning);
  }

 private:
  Cell& cell(size_t row, size_t column) { return comparison_.rows[row].cells[column]; }

  void add_cell(size_t row, size_t column) {
    std::vector<TokenSums> seeds;
    for (const fs::path& path : cell(row, column).files) {
      const TokenValues values = read_token_values(path);
      check_tokens(path, values);
      if (columns_[column].file.empty()) plan(column, path, values);
      check_layout(path, values, columns_[column]);
      seeds.push_back(sum_tokens(blocks_, columns_[column].partitions,
                                 [&](size_t i) { return static_cast<double>(values.nats[i]); }));
    }
    add_means(row, column, seeds);
    add_row(comparison_.breakdowns, {row, column}, seeds, columns_[column].tokens,
            columns_[column].ideal_sums);
    if (columns_[column].ideal) add_gap(row, column, seeds);
  }

  /// The tokens that the folder keeps must be those of the values, and those of the other folders.
  void check_tokens(const fs::path& path, const TokenValues& values) {
    const fs::path file = path.parent_path() / values.tokens_file;
    if (checked_.contains(file)) return;
    if (!fs::exists(file)) {
      fail("{}: is not there: {} was measured by an older version; evaluate again", file.string(),
           path.string());
    }
    const std::string hash = SafetensorsFile(file).metadata("corpus_hash");
    if (hash != values.corpus_hash) {
      fail(
          "{}: holds tokens of other data than {} was measured on ({:.12} and {:.12}); evaluate "
          "again",
          file.string(), path.string(), hash, values.corpus_hash);
    }
    if (checked_.empty()) open_tokens(file, values);
    checked_.insert(file);
  }

  void open_tokens(const fs::path& file, const TokenValues& values) {
    tokens_ = read_split_tokens(file);
    if (values.documents == "joined") tokens_.stream = tokens_.stream.joined();
    comparison_.train_tokens =
        std::accumulate(tokens_.train_counts.begin(), tokens_.train_counts.end(), int64_t{0});
    recurrences_ = find_recurrences(tokens_.stream);
    reading_.emplace(tokens_.stream, values.first_token, tokens_.start_token);
    if (reader_) forgetful_.emplace(*reader_, tokens_.stream);
  }

  void plan(size_t index, const fs::path& path, const TokenValues& values) {
    Column& column = columns_[index];
    column.file = path.string();
    column.layout = values.layout;
    const auto windows = plan_windows(reading_->document_targets(), values.layout);
    const ScoredTokens scored = scored_tokens(*reading_, windows);
    column.runs = scored.runs;
    check_layout(path, values, column);
    column.partitions = partition_tokens(tokens_, recurrences_, scored, reader_);
    if (blocks_.of_token.empty()) plan_once(scored);
    if (blocks_.of_token.size() != scored.size()) {
      fail("{}: holds {} tokens, measurements at other lengths {}; evaluate again", path.string(),
           scored.size(), blocks_.of_token.size());
    }
    column.tokens = sum_tokens(blocks_, column.partitions, [](size_t) { return 1.0; });
    if (comparison_.breakdowns.empty()) {
      comparison_.breakdowns =
          empty_breakdowns(column.partitions, comparison_.rows.size(), columns_.size());
    }
    if (reader_) add_ideal(index, windows, scored);
    add_column(comparison_.breakdowns, index, column.tokens, column.ideal_sums);
  }

  /// Scored tokens are the same at every length, and so are the blocks.
  void plan_once(const ScoredTokens& scored) {
    blocks_ = plan_blocks(scored.documents, comparison_.eval_lengths.back());
    comparison_.blocks = blocks_.description;
    if (!blocks_.tokens.empty()) draws_.emplace(blocks_.tokens.size());
    const TextSize text = reading_->text_of(static_cast<int64_t>(scored.size()));
    comparison_.bytes = text.bytes;
    comparison_.words = text.words;
    comparison_.unknown_tokens = text.unknown_tokens;
    comparison_.spelling_nats = text.spelling_nats;
    add_note_on_unknown();
  }

  void add_note_on_unknown() {
    if (comparison_.bytes == 0) return;
    if (!comparison_.unknown_tokens) {
      comparison_.notes.push_back(
          "bits per byte are not given: what <unk> stands for was not counted by the version that "
          "measured; evaluate the runs again");
    } else if (*comparison_.unknown_tokens > 0) {
      comparison_.notes.push_back(fmt::format(
          "{} of {} scored tokens ({:.2f} %) are <unk> for what the vocabulary lacks: perplexities "
          "count <unk> as a word, bits per byte also what spelling these out takes",
          format_count(*comparison_.unknown_tokens), format_count(comparison_.tokens),
          100.0 * static_cast<double>(*comparison_.unknown_tokens) /
              static_cast<double>(comparison_.tokens)));
    }
  }

  static void check_layout(const fs::path& path, const TokenValues& values, const Column& column) {
    if (values.runs != column.runs) {
      fail("{}: its windows, planned again, score other tokens than it holds; evaluate again",
           path.string());
    }
    if (values.layout != column.layout) {
      fail("{} and {} were measured with other windows: evaluate both with the same options",
           column.file, path.string());
    }
  }

  Resampled resampled_mean(const BlockMean& mean) const {
    return {mean, draws_ ? resampled(mean, *draws_) : std::vector<double>()};
  }

  /// Of the exact reader, which has no seeds.
  static BlockMean mean_of_reader(const std::vector<double>& sums,
                                  const std::vector<double>& tokens) {
    return block_mean({sums}, tokens, 0);
  }

  Estimate estimate_of(const BlockMean& mean) const {
    return draws_ ? estimate(mean, *draws_) : Estimate{mean.value, std::nullopt};
  }

  void add_ideal(size_t index, const std::vector<Window>& windows, const ScoredTokens& scored) {
    Column& column = columns_[index];
    const std::vector<double> exact = exact_nats(
        [&](std::span<const int64_t> window) { return reader_->nats(window); }, *reading_, windows);
    const auto sums = [&](const std::vector<double>& nats,
                          const std::vector<Partition>& partitions) {
      return sum_tokens(blocks_, partitions, [&](size_t i) { return nats[i]; });
    };
    column.ideal_sums = sums(exact, column.partitions);
    IdealColumn& ideal = column.ideal.emplace();
    ideal.length = comparison_.eval_lengths[index];
    ideal.all = resampled_mean(mean_of_reader(column.ideal_sums->blocks, column.tokens.blocks));
    ideal.order =
        mean_of_reader(column.ideal_sums->kinds.back()[kOrder], column.tokens.kinds.back()[kOrder]);
    ideal.memory = mean_of_reader(column.ideal_sums->kinds.back()[kMemory],
                                  column.tokens.kinds.back()[kMemory]);
    for (const int64_t memory : asked_memories(ideal.length)) {
      ideal.memories.push_back(memory);
      const std::vector<double> nats = forgetful_->nats(memory, scored, exact);
      ideal.limited.push_back(
          resampled_mean(mean_of_reader(sums(nats, {}).blocks, column.tokens.blocks)));
    }
    auto& line = comparison_.ideal_nats[index];
    if (line && std::abs(*line - ideal.all.mean.value) > kTolerance * ideal.all.mean.value) {
      fail(
          "{}: the ideal reader has {:.9g} nats a token on its windows, its line in "
          "evaluation.jsonl says {:.9g}; evaluate again",
          column.file, ideal.all.mean.value, *line);
    }
    line = ideal.all.mean.value;
  }

  /// Those to interpolate between, and the rows' train lengths in whole records.
  std::vector<int64_t> asked_memories(int64_t length) const {
    std::set<int64_t> memories;
    for (const int64_t memory : memories_below(length)) memories.insert(memory);
    for (const Row& row : comparison_.rows) {
      const int64_t memory = remembered(row.train_length);
      if (memory >= ExactReader::kLeastMemory && memory < length) memories.insert(memory);
    }
    return {memories.begin(), memories.end()};
  }

  int64_t remembered(int64_t train_length) const {
    return train_length - train_length % ExactReader::kRecordTokens;
  }

  void add_means(size_t row, size_t column, const std::vector<TokenSums>& seeds) {
    std::vector<std::vector<double>> sums;
    for (const TokenSums& seed : seeds) sums.push_back(seed.blocks);
    const BlockMean& mean =
        means_[row][column].emplace(block_mean(sums, columns_[column].tokens.blocks, row));
    if (!draws_) return;
    TextCell& at = comparison_.text_cells[row][column];
    at.nats_interval = estimate(mean, *draws_).interval;
    // Over seeds perplexities are averaged, not nats; how far apart these two lie is small beside
    // the interval and taken as known.
    const double apart = std::log(cell(row, column).mean_perplexity()) - mean.value;
    at.perplexity_interval = {std::exp(at.nats_interval->lo + apart),
                              std::exp(at.nats_interval->hi + apart)};
  }

  void add_gap(size_t row, size_t index, const std::vector<TokenSums>& seeds) {
    const Column& column = columns_[index];
    const IdealColumn& ideal = *column.ideal;
    const auto part = [&](size_t kind, const BlockMean& ideal_part) {
      std::vector<std::vector<double>> sums;
      for (const TokenSums& seed : seeds) sums.push_back(seed.kinds.back()[kind]);
      return estimate_of(block_mean(sums, column.tokens.kinds.back()[kind], row) - ideal_part);
    };
    const Resampled model = resampled_mean(*means_[row][index]);
    GapToIdeal& gap = comparison_.text_cells[row][index].gap.emplace();
    gap.all = estimate_of(model.mean - ideal.all.mean);
    gap.order = part(kOrder, ideal.order);
    gap.memory = part(kMemory, ideal.memory);
    gap.least_memory = ExactReader::kLeastMemory;
    const int64_t train_length = comparison_.rows[row].train_length;
    if (ideal.length <= train_length) return;
    if (!ideal.memories.empty()) gap.equivalent_memory = equivalent_memory(model, ideal);
    const auto limited = std::ranges::find(ideal.memories, remembered(train_length));
    if (limited != ideal.memories.end()) {
      const auto place = static_cast<size_t>(limited - ideal.memories.begin());
      gap.beyond = beyond_memory(model, ideal.limited[place], ideal.all);
    }
    const auto trained = comparison_.column_of(train_length);
    if (trained && means_[row][*trained]) {
      gap.used = used_share(resampled_mean(*means_[row][*trained]), model,
                            columns_[*trained].ideal->all, ideal.all);
    }
  }

  void add_differences() {
    for (size_t column = 0; column < columns_.size(); ++column) {
      std::optional<size_t> best;
      for (size_t row = 0; row < means_.size(); ++row) {
        const auto& mean = means_[row][column];
        if (!mean) continue;
        if (!best || mean->value < means_[*best][column]->value) best = row;
        for (size_t other = 0; other < row; ++other) {
          if (!means_[other][column]) continue;
          comparison_.differences.push_back(
              {row, other, column, estimate_of(*mean - *means_[other][column])});
        }
      }
      for (size_t row = 0; row < means_.size(); ++row) {
        if (!means_[row][column] || row == *best) continue;
        cell(row, column).behind_best = estimate_of(*means_[row][column] - *means_[*best][column]);
      }
    }
  }

  TextComparison& comparison_;
  std::optional<ExactReader> reader_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::optional<BlockMean>>> means_;  // [row][column]

  std::set<fs::path> checked_;  // files of tokens
  SplitTokens tokens_;
  Recurrences recurrences_;
  std::optional<ReadingOrder> reading_;
  std::optional<ForgetfulReaders> forgetful_;
  Blocks blocks_;
  std::optional<BlockDraws> draws_;
};

}  // namespace

void add_token_statistics(TextComparison& comparison) {
  Statistics(comparison).add();
}

}  // namespace lengthwise
