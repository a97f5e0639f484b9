#include "app/workspace.h"

namespace lengthwise {

TEST_CASE("Nothing is written through a link out of a run folder", "[security]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder", "run"});
  const fs::path outside = work / "outside";
  put_file(outside / "mine.txt", "mine");
  const auto before = contents(outside);
  struct Link {
    std::string name;
    fs::path target;
  };
  for (const Link& link :
       {Link{"evaluation", outside}, Link{".lock", outside / "new.txt"},
        Link{"evaluation.jsonl", outside / "mine.txt"}, Link{"tensorboard", outside}}) {
    CAPTURE(link.name);
    const fs::path place = (work / "run") / link.name;
    fs::remove_all(place);
    fs::create_symlink(link.target, place);
    for (const Words& words : {Words{"evaluate", "run"}, Words{"train", "run/config.ini"}}) {
      const Outcome outcome = work.run(words);
      CHECK(outcome.exit_code == 2);
      CHECK(contains(outcome.errors, "run/" + link.name + ": is a link to "));
      CHECK(contains(outcome.errors, "put a copy in its place"));
      CHECK(difference(before, contents(outside)) == "");
    }
    fs::remove(place);
  }
  // The advice works, and so does a link to what is in the folder.
  fs::create_symlink("train.jsonl", (work / "run") / "log");
  work.must_run({"evaluate", "run"});
}

TEST_CASE("A results page asks for nothing from anywhere and runs what it came with alone",
          "[security]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder", "run"});
  work.must_run({"evaluate", "run"});
  work.must_run({"compare", "run", "--experiment.results", "results"});
  const std::string page = file_text((work / "results/report.html"));
  CHECK(contains(page, "Content-Security-Policy\" content=\"default-src 'none'"));
  for (const char* reach : {"src=\"http", "href=\"http", "fetch(", "XMLHttpRequest", "import("}) {
    CAPTURE(reach);
    CHECK_FALSE(contains(page, reach));
  }
}

}  // namespace lengthwise
