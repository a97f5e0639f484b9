#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace lengthwise {
namespace {

[[noreturn]] void fail_with_errno(const fs::path& path, std::string_view what) {
  fail("{}: {}: {}", path.string(), what, std::strerror(errno));
}

void write_all(int descriptor, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_with_errno(path, "cannot be written");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  // Without blocking, so that a named pipe is refused below rather than waited for.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail_with_errno(path, "cannot be read");
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    fail("{}: is no plain file", path.string());
  }
  const auto size = static_cast<size_t>(status.st_size);
  if (size > 0) {  // mmap refuses an empty range
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      ::close(descriptor);
      fail_with_errno(path, "cannot be mapped");
    }
    bytes_ = {static_cast<const std::byte*>(address), size};
  }
  ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

std::string_view MappedFile::text() const {
  return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  aside_ = path_;
  aside_ += fmt::format(".{}.partial", ::getpid());
  descriptor_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_with_errno(path_, "cannot be written");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(aside_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write_all(descriptor_, bytes, path_);
}

void AtomicFile::commit() {
  // Some file systems only report a full disk here.
  if (::fsync(descriptor_) != 0) fail_with_errno(path_, "cannot be written");
  if (::rename(aside_.c_str(), path_.c_str()) != 0) fail_with_errno(path_, "cannot be replaced");
  ::close(descriptor_);
  descriptor_ = -1;
}

AtomicFolder::AtomicFolder(fs::path path) : path_(std::move(path)) {
  aside_ = path_.parent_path() / ("." + path_.filename().string() + ".partial");
  fs::remove_all(aside_);
  make_folder(aside_);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  fs::remove_all(aside_, ignored);
}

void AtomicFolder::commit() {
  std::error_code error;
  fs::rename(aside_, path_, error);
  if (error) fail("{}: cannot be written: {}", path_.string(), error.message());
}

FileLock::FileLock(const fs::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail_with_errno(path, "cannot be written");
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

bool FileLock::try_hold() {
  return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
}

void FileLock::wait() {
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno != EINTR) fail_with_errno(path_, "cannot be locked");
  }
}

void write_file(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void append_line(const fs::path& path, std::string_view line) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) fail_with_errno(path, "cannot be written");
  const std::string text = std::string(line) + '\n';
  try {
    write_all(descriptor, std::as_bytes(std::span(text)), path);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
}

std::string read_file(const fs::path& path) {
  return std::string(MappedFile(path).text());
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail("{}: cannot be created: {}", path.string(), error.message());
  if (::access(path.c_str(), W_OK) != 0) fail_with_errno(path, "cannot be written");
}

std::string sha256(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available in this OpenSSL");
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string sha256_of_text(std::string_view text) {
  return sha256(std::as_bytes(std::span(text)));
}

std::string sha256_of_file(const fs::path& path) {
  return sha256(MappedFile(path).bytes());
}

}  // namespace lengthwise
