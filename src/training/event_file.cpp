#include "training/event_file.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>

#include "base/error.h"

namespace lengthwise {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) * 0x82F63B78u);
    table[byte] = value;
  }
  return table;
}

/// CRC-32C (Castagnoli), rotated and moved as these records have it.
uint32_t masked_crc(std::string_view bytes) {
  static constexpr auto kTable = crc_table();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF];
  return std::rotr(~crc, 15) + 0xA282EAD8u;
}

template <class Number>
std::string bytes_of(Number number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

/// Fields of protocol buffers: a tag of number and kind, then the value.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string text_field(int number, std::string_view text) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(text.size()) + std::string(text);
}

// The event's fields by number.
constexpr char kWallTime = 1 << 3 | 1, kStep = 2 << 3;
constexpr int kFileVersion = 3, kSummary = 5;
constexpr size_t kBeforeStep = 1 + sizeof(double) + 1;  // of an event's bytes, as written here

std::string event(int64_t step, const std::string& what) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return kWallTime + bytes_of(now.count()) + kStep + varint(static_cast<uint64_t>(step)) + what;
}

std::string summary(std::span<const StepScalar> scalars) {
  std::string values;
  for (const StepScalar& scalar : scalars) {
    constexpr int kValue = 1, kTag = 1;
    constexpr char kSimpleValue = 2 << 3 | 5;
    values += text_field(kValue, text_field(kTag, scalar.tag) + kSimpleValue +
                                     bytes_of(static_cast<float>(scalar.value)));
  }
  return text_field(kSummary, values);
}

std::string record(const std::string& data) {
  const std::string length = bytes_of(static_cast<uint64_t>(data.size()));
  return length + bytes_of(masked_crc(length)) + data + bytes_of(masked_crc(data));
}

uint64_t step_of(std::string_view data) {
  uint64_t step = 0;
  for (size_t i = kBeforeStep, shift = 0; i < data.size() && shift < 64; ++i, shift += 7) {
    const auto byte = static_cast<uint8_t>(data[i]);
    step |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return step;
}

/// The bytes up to the first record that is of a later step, or is not whole.
size_t bytes_to_keep(std::string_view file, int64_t last_step) {
  constexpr size_t kHead = sizeof(uint64_t) + sizeof(uint32_t), kTail = sizeof(uint32_t);
  size_t kept = 0;
  while (file.size() - kept >= kHead + kTail) {
    uint64_t length = 0;
    std::memcpy(&length, file.data() + kept, sizeof length);
    if (length > file.size() - kept - kHead - kTail) break;
    const std::string_view data = file.substr(kept + kHead, length);
    uint32_t crc = 0;
    std::memcpy(&crc, data.data() + data.size(), sizeof crc);
    if (crc != masked_crc(data) || step_of(data) > static_cast<uint64_t>(last_step)) break;
    kept += kHead + length + kTail;
  }
  return kept;
}

}  // namespace

void EventFile::append(int64_t step, std::span<const StepScalar> scalars) const {
  std::string bytes;
  if (!fs::exists(path_)) {
    make_folder(path_.parent_path());
    bytes = record(event(0, text_field(kFileVersion, "brain.Event:2")));
  }
  bytes += record(event(step, summary(scalars)));
  std::ofstream file(path_, std::ios::binary | std::ios::app);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
  if (!file) fail("{}: cannot be written", path_.string());
}

void EventFile::keep_to(int64_t step) const {
  if (!fs::exists(path_)) return;
  const size_t kept = bytes_to_keep(MappedFile(path_).text(), step);
  fs::resize_file(path_, kept);
  if (kept == 0) fs::remove(path_);
}

}  // namespace lengthwise
