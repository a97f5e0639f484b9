#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lengthwise {

namespace fs = std::filesystem;

/// A file mapped for reading; the pages come from the disk as they are touched. Throws UserError
/// where the file is missing, unreadable or no plain file.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const;

 private:
  std::span<const std::byte> bytes_;
};

/// A file written beside its place and renamed into it by `commit`: whatever happens before that,
/// the old file stays and the half-written one goes. Throws UserError for a full disk or a folder
/// that cannot be written.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  fs::path path_, aside_;
  int descriptor_ = -1;
};

/// A folder that takes its name by `commit`, and is gone without it. What a killed process left
/// under the same name goes first: the caller holds a lock.
class AtomicFolder {
 public:
  explicit AtomicFolder(fs::path path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write until then.
  const fs::path& aside() const { return aside_; }
  /// Onto nothing, or an empty folder.
  void commit();

 private:
  fs::path path_, aside_;
};

/// Held by one process at a time. The file stays where it is: taking it away would let a waiting
/// process hold a lock on what no longer has a name. UserError where the file cannot be written.
class FileLock {
 public:
  explicit FileLock(const fs::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Whether it is held now; does not wait.
  bool try_hold();
  void wait();

 private:
  fs::path path_;
  int descriptor_;
};

void write_file(const fs::path& path, std::string_view text);
/// Adds a line to a log in one write, so that a kill leaves at most the last line unfinished.
void append_line(const fs::path& path, std::string_view line);
std::string read_file(const fs::path& path);
/// Creates the folder and its parents; UserError where that cannot be.
void make_folder(const fs::path& path);

/// Hexadecimal SHA-256, as `sha256sum` prints it.
std::string sha256(std::span<const std::byte> bytes);
std::string sha256_of_text(std::string_view text);
std::string sha256_of_file(const fs::path& path);

}  // namespace lengthwise
