#include "base/files.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/error.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

size_t entries(const fs::path& folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

std::string sha256_of_text(std::string_view text) {
  return sha256(std::as_bytes(std::span(text)));
}

/// No file may grow beyond `bytes` while this lives: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    handler_before_ = ::signal(SIGXFSZ, SIG_IGN);  // else the kernel ends the process
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_before_ = SIG_DFL;
};

TEST_CASE("a written file reads back, bytes and all", "[base]") {
  const TemporaryFolder folder;
  const std::string text("a\0\r\n\xFF", 5);
  write_file(folder / "file", text);
  CHECK(read_file(folder / "file") == text);
  CHECK(MappedFile(folder / "file").bytes().size() == 5);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("an empty file maps as no bytes", "[base]") {
  const TemporaryFolder folder;
  write_file(folder / "empty", "");
  CHECK(fs::exists(folder / "empty"));
  CHECK(MappedFile(folder / "empty").bytes().empty());
  CHECK(MappedFile(folder / "empty").text().empty());
}

TEST_CASE("what cannot be read is refused by name", "[base]") {
  const TemporaryFolder folder;
  const auto error = [&](const fs::path& path) {
    return user_error_text([&] { MappedFile file(path); });
  };
  CHECK(error(folder / "missing").find((folder / "missing").string()) == 0);
  CHECK(error(folder.path()).find("is no plain file") != std::string::npos);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(error(folder / "pipe").find("is no plain file") != std::string::npos);
}

TEST_CASE("a file that is not committed leaves the old one and no litter", "[base]") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  {
    AtomicFile file(folder / "file");
    file.write("new and longer");
    CHECK(read_file(folder / "file") == "old");
  }
  CHECK(read_file(folder / "file") == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a file that never was and is not committed is not there", "[base]") {
  const TemporaryFolder folder;
  { AtomicFile(folder / "file").write("text"); }
  CHECK(entries(folder.path()) == 0);
}

TEST_CASE("a committed file replaces the old one", "[base]") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old and longer");
  {
    AtomicFile file(folder / "file");
    file.write("ne");
    file.write("w");
    file.commit();
    CHECK(read_file(folder / "file") == "new");
  }
  CHECK(read_file(folder / "file") == "new");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a file that cannot be made or replaced is refused by name and leaves no litter",
          "[base]") {
  const TemporaryFolder folder;
  const auto error = [](const fs::path& path) {
    return user_error_text([&] { write_file(path, "x"); });
  };
  CHECK(error(folder / "no/such/file").find((folder / "no/such/file").string()) == 0);
  make_folder(folder / "folder");
  CHECK(error(folder / "folder").find("cannot be replaced") != std::string::npos);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a full disk is refused by name, keeps the old file and leaves no litter", "[base]") {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  std::string error;
  {
    const FullDisk full_disk(1000);
    error = user_error_text([&] { write_file(folder / "file", std::string(5000, 'x')); });
  }
  CHECK(error.find((folder / "file").string() + ": cannot be written") == 0);
  CHECK(read_file(folder / "file") == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a line that does not fit on the disk is refused", "[base]") {
  const TemporaryFolder folder;
  std::string error;
  {
    const FullDisk full_disk(10);
    append_line(folder / "log", "fits");
    error = user_error_text([&] { append_line(folder / "log", "does not fit"); });
  }
  CHECK(error.find("cannot be written") != std::string::npos);
  CHECK(read_file(folder / "log").find("fits\n") == 0);
}

TEST_CASE("lines are appended one after the other", "[base]") {
  const TemporaryFolder folder;
  append_line(folder / "log", "one");
  append_line(folder / "log", "two");
  CHECK(read_file(folder / "log") == "one\ntwo\n");
}

TEST_CASE("a folder is made with its parents, and once made is no error", "[base]") {
  const TemporaryFolder folder;
  make_folder(folder / "a/b/c");
  make_folder(folder / "a/b/c");
  CHECK(fs::is_directory(folder / "a/b/c"));
}

TEST_CASE("a folder that a file stands in the way of is refused by name", "[base]") {
  const TemporaryFolder folder;
  write_file(folder / "file", "x");
  CHECK(user_error_text([&] { make_folder(folder / "file"); }).find((folder / "file").string()) ==
        0);
  CHECK(user_error_text([&] { make_folder(folder / "file/below"); }).find("file") !=
        std::string::npos);
}

TEST_CASE("SHA-256 gives the vectors of FIPS 180-4", "[base]") {
  CHECK(sha256_of_text("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of_text("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const TemporaryFolder folder;
  write_file(folder / "abc", "abc");
  CHECK(sha256_of_file(folder / "abc") == sha256_of_text("abc"));
}

}  // namespace
}  // namespace lengthwise
