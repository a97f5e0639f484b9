#include "report/atlas/atlas.h"

#include <algorithm>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTable = "a comparison's table.csv";
constexpr std::string_view kDifferences = "a comparison's differences.csv";

double number(const CsvFields& row, const std::string& column) {
  const auto value = parse_real(row.at(column));
  if (!value) fail("{}: {} is '{}'; it must be a number", row.at("place"), column, row.at(column));
  return *value;
}

int64_t whole(const CsvFields& row, const std::string& column) {
  return static_cast<int64_t>(number(row, column));
}

std::optional<double> maybe_number(const CsvFields& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() ? std::nullopt : parse_real(found->second);
}

/// "alibi (model.heads=8)" and "rotary with model.window=64" are of other options.
bool has_its_options(const std::string& scheme) {
  return scheme.find(' ') == scheme.npos;
}

template <class Value>
void add_once(std::vector<Value>& values, const Value& value) {
  if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

/// Whether the first is surely worse than the second, and the other way round.
using Worse = std::map<std::pair<std::string, std::string>, bool>;

void set_ranks(AtlasColumn& column, const Worse& worse) {
  const auto surely = [&](const std::string& one, const std::string& other) {
    const auto found = worse.find({one, other});
    return found != worse.end() && found->second;
  };
  for (auto& [scheme, cell] : column.cells) {
    cell.first_rank = 1;
    cell.last_rank = static_cast<int64_t>(column.cells.size());
    for (const auto& [other, its] : column.cells) {
      if (surely(scheme, other)) ++cell.first_rank;
      if (surely(other, scheme)) --cell.last_rank;
    }
  }
}

Worse worse_by_intervals(const AtlasColumn& column) {
  Worse worse;
  for (const auto& [one, its] : column.cells) {
    for (const auto& [other, others] : column.cells) {
      worse[{one, other}] = column.is_accuracy ? its.hi < others.lo : its.lo > others.hi;
    }
  }
  return worse;
}

/// By paired differences, which tell more apart than intervals do.
Worse worse_by_differences(const std::vector<CsvFields>& differences, const AtlasColumn& column) {
  Worse worse;
  for (const CsvFields& row : differences) {
    if (whole(row, "eval_length") != column.eval_length ||
        whole(row, "train_length") != column.train_length ||
        whole(row, "other_train_length") != column.train_length) {
      continue;
    }
    const std::string &one = row.at("scheme"), &other = row.at("other_scheme");
    worse[{one, other}] = number(row, "lo") > 0;
    worse[{other, one}] = number(row, "hi") < 0;
  }
  return worse;
}

class Folder {
 public:
  explicit Folder(fs::path path)
      : path_(std::move(path)),
        rows_(read_csv(path_ / "table.csv", kTable, {"scheme", "train_length", "eval_length"})) {
    if (rows_.empty()) fail("{}: table.csv has no row", path_.string());
    is_accuracy_ = rows_[0].contains("accuracy");
    train_length_ = whole(rows_[0], "train_length");
    for (const CsvFields& row : rows_) {
      train_length_ = std::min(train_length_, whole(row, "train_length"));
    }
    if (!is_accuracy_ && fs::exists(path_ / "differences.csv")) {
      differences_ = read_csv(path_ / "differences.csv", kDifferences,
                              {"eval_length", "scheme", "train_length", "other_scheme",
                               "other_train_length", "lo", "hi"});
    }
  }

  void add_to(Atlas& atlas) const {
    int64_t longest = train_length_;
    for (const CsvFields& row : rows_) {
      const std::string& scheme = row.at("scheme");
      if (!has_its_options(scheme)) {
        add_once(atlas.left_out, scheme);
        continue;
      }
      longest = std::max(longest, whole(row, "eval_length"));
      add_once(atlas.schemes, scheme);
      atlas.costs.try_emplace(scheme, AtlasCost{maybe_number(row, "train_tokens_per_second"),
                                                maybe_number(row, "train_peak_memory_mib")});
    }
    atlas.columns.push_back(column_at(train_length_));
    if (longest > train_length_) atlas.columns.push_back(column_at(longest));
  }

 private:
  AtlasColumn column_at(int64_t eval_length) const {
    AtlasColumn column{
        path_.string(), path_.filename().string(), train_length_, eval_length, is_accuracy_, {}};
    const std::string value = is_accuracy_ ? "accuracy" : "perplexity";
    for (const CsvFields& row : rows_) {
      if (!has_its_options(row.at("scheme")) || whole(row, "train_length") != train_length_ ||
          whole(row, "eval_length") != eval_length || !maybe_number(row, value)) {
        continue;
      }
      column.cells[row.at("scheme")] = {number(row, value),
                                        maybe_number(row, value + "_lo").value_or(0),
                                        maybe_number(row, value + "_hi").value_or(0), 0, 0};
    }
    set_ranks(column, differences_.empty() ? worse_by_intervals(column)
                                           : worse_by_differences(differences_, column));
    return column;
  }

  fs::path path_;
  std::vector<CsvFields> rows_, differences_;
  bool is_accuracy_ = false;
  int64_t train_length_ = 0;
};

}  // namespace

Atlas read_atlas(const std::vector<fs::path>& folders) {
  Atlas atlas;
  for (const fs::path& folder : folders) {
    if (!fs::exists(folder / "table.csv")) {
      fail(
          "{}: is no results folder: it holds no table.csv; `compare RUN... "
          "--experiment.results FOLDER` writes one",
          folder.string());
    }
    Folder(folder.lexically_normal().has_filename() ? folder.lexically_normal()
                                                    : folder.lexically_normal().parent_path())
        .add_to(atlas);
  }
  return atlas;
}

}  // namespace lengthwise
