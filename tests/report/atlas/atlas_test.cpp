#include "report/atlas/atlas.h"

#include "base/files.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

constexpr std::string_view kTextHeading =
    "scheme,train_length,eval_length,perplexity,perplexity_lo,perplexity_hi,"
    "train_tokens_per_second,train_peak_memory_mib\n";
constexpr std::string_view kDifferenceHeading =
    "eval_length,scheme,train_length,other_scheme,other_train_length,nats_difference,lo,hi\n";

/// At 256 first is surely better than second and not told from third, which is not told from
/// either.
fs::path write_text_folder(const fs::path& folder) {
  fs::create_directories(folder);
  write_file(
      folder / "table.csv",
      std::string(kTextHeading) +
          "first,64,64,5,4.9,5.1,1000,50\nsecond,64,64,6,5.9,6.1,2000,60\n" +
          "third,64,64,7,6.9,7.1,,\nfirst,64,256,4,3,5,1000,50\nsecond,64,256,5,4,6,2000,60\n" +
          "third,64,256,4.5,3.5,5.5,,\nfirst (model.heads=8),64,256,1,1,1,,\n" +
          "first,128,256,1,1,1,1000,50\n");
  write_file(folder / "differences.csv",
             std::string(kDifferenceHeading) + "64,second,64,first,64,0.18,0.1,0.2\n" +
                 "64,third,64,first,64,0.3,0.2,0.4\n64,third,64,second,64,0.1,0.05,0.2\n" +
                 "256,second,64,first,64,0.2,0.1,0.3\n256,third,64,first,64,0.1,-0.1,0.3\n" +
                 "256,third,64,second,64,-0.1,-0.3,0.1\n256,first,128,first,64,-1,-2,-0.5\n");
  return folder;
}

fs::path write_task_folder(const fs::path& folder) {
  fs::create_directories(folder);
  write_file(folder / "table.csv",
             "scheme,train_length,eval_length,accuracy,accuracy_lo,accuracy_hi\n"
             "second,64,64,0.9,0.85,0.95\nfirst,64,64,0.5,0.4,0.6\nfourth,64,64,0.88,0.8,0.93\n");
  return folder;
}

const AtlasColumn& column(const Atlas& atlas, const std::string& question, int64_t length) {
  const auto found = std::ranges::find_if(atlas.columns, [&](const AtlasColumn& each) {
    return each.question == question && each.eval_length == length;
  });
  REQUIRE(found != atlas.columns.end());
  return *found;
}

std::pair<int64_t, int64_t> ranks(const AtlasColumn& of, const std::string& scheme) {
  return {of.cells.at(scheme).first_rank, of.cells.at(scheme).last_rank};
}

using Ranks = std::pair<int64_t, int64_t>;

}  // namespace

TEST_CASE("An atlas ranks perplexities by their paired differences", "[report][atlas]") {
  const TemporaryFolder folder;
  const Atlas atlas = read_atlas({write_text_folder(folder / "text")});
  CHECK(atlas.schemes == std::vector<std::string>{"first", "second", "third"});
  CHECK(atlas.left_out == std::vector<std::string>{"first (model.heads=8)"});
  REQUIRE(atlas.columns.size() == 2);
  const AtlasColumn &near = column(atlas, "text", 64), &far = column(atlas, "text", 256);
  CHECK(ranks(near, "first") == Ranks{1, 1});
  CHECK(ranks(near, "second") == Ranks{2, 2});
  CHECK(ranks(near, "third") == Ranks{3, 3});
  CHECK(far.cells.size() == 3);
  CHECK(far.cells.at("first").value == 4);  // trained at 64, not at 128
  CHECK(ranks(far, "first") == Ranks{1, 2});
  CHECK(ranks(far, "second") == Ranks{2, 3});
  CHECK(ranks(far, "third") == Ranks{1, 3});
  CHECK(atlas.costs.at("second").tokens_per_second == 2000);
  CHECK_FALSE(atlas.costs.at("third").tokens_per_second.has_value());
}

TEST_CASE("An atlas ranks accuracies by their intervals, the highest first", "[report][atlas]") {
  const TemporaryFolder folder;
  const Atlas atlas = read_atlas({write_task_folder(folder / "copy")});
  const AtlasColumn& only = column(atlas, "copy", 64);
  CHECK(atlas.columns.size() == 1);
  CHECK(only.is_accuracy);
  CHECK(ranks(only, "first") == Ranks{3, 3});
  CHECK(ranks(only, "second") == Ranks{1, 2});
  CHECK(ranks(only, "fourth") == Ranks{1, 2});
}

TEST_CASE("A page of several folders has every scheme, and a dash where one was not measured",
          "[report][atlas]") {
  const TemporaryFolder folder;
  const std::string page = atlas_page(
      read_atlas({write_text_folder(folder / "text"), write_task_folder(folder / "copy")}),
      "lengthwise atlas text copy");
  CHECK(contains(page, "Written by `lengthwise atlas text copy`."));
  CHECK(
      contains(page, "| first  |   5.00 (1) | 4.00 (1 to 2) |      50.0 % (3) |           1000 |"));
  CHECK(contains(page, "| fourth |          – |             – | 88.0 % (1 to 2) |"));
  CHECK(contains(page, "Left out, as of other options: first (model.heads=8)."));
}

TEST_CASE("A folder that holds no comparison, or a table without numbers, is refused by name",
          "[report][atlas]") {
  const TemporaryFolder folder;
  const std::string missing = user_error_text([&] { read_atlas({folder.path()}); });
  CHECK(contains(missing, "is no results folder"));
  CHECK(contains(missing, "--experiment.results"));
  write_file(folder / "table.csv", "scheme,train_length,eval_length,perplexity\nfirst,64,long,5\n");
  CHECK(contains(user_error_text([&] { read_atlas({folder.path()}); }),
                 "table.csv:2: eval_length is 'long'"));
  write_file(folder / "table.csv", "scheme,train_length\nfirst,64\n");
  CHECK(contains(user_error_text([&] { read_atlas({folder.path()}); }),
                 "has no column 'eval_length'"));
}

}  // namespace lengthwise
