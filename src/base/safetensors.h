#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// The element types this project reads; the names are those of the format. It stores none of the
/// half types: they come with others' checkpoints.
enum class Dtype { U8, U16, U32, I64, F16, BF16, F32, F64 };

size_t size_in_bytes(Dtype dtype);
std::string_view name_of(Dtype dtype);

template <class T>
constexpr Dtype dtype_of();
template <>
constexpr Dtype dtype_of<uint8_t>() {
  return Dtype::U8;
}
template <>
constexpr Dtype dtype_of<uint16_t>() {
  return Dtype::U16;
}
template <>
constexpr Dtype dtype_of<uint32_t>() {
  return Dtype::U32;
}
template <>
constexpr Dtype dtype_of<int64_t>() {
  return Dtype::I64;
}
template <>
constexpr Dtype dtype_of<float>() {
  return Dtype::F32;
}
template <>
constexpr Dtype dtype_of<double>() {
  return Dtype::F64;
}

/// A named array on its way into or out of a file. It does not own its bytes.
struct ArrayView {
  Dtype dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

template <class T>
ArrayView array_view(std::span<const T> values, std::vector<int64_t> shape) {
  return {dtype_of<T>(), std::move(shape), std::as_bytes(values)};
}
template <class T>
ArrayView array_view(const std::vector<T>& values) {
  return array_view(std::span<const T>(values), {static_cast<int64_t>(values.size())});
}

/// A safetensors file (8-byte little-endian header length, JSON header, raw values), memory-mapped.
/// The whole header is checked against the size of the file before anything is believed, so a
/// truncated or forged file is a UserError and never a crash or a large allocation. As the format
/// asks, keys are distinct and the arrays cover the values without overlaps or holes; arrays that
/// are not aligned to their type are refused too.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const fs::path& path);

  const fs::path& path() const { return path_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// The value of a metadata key; UserError where it is missing.
  const std::string& metadata(const std::string& key) const;
  const std::map<std::string, ArrayView>& arrays() const { return arrays_; }

  /// The values of an array of any shape, row by row; UserError where there is none of that name
  /// and type.
  template <class T>
  std::span<const T> values(const std::string& name) const {
    const ArrayView& array = checked(name, dtype_of<T>());
    return {reinterpret_cast<const T*>(array.bytes.data()), array.bytes.size() / sizeof(T)};
  }

 private:
  const ArrayView& checked(const std::string& name, Dtype dtype) const;

  fs::path path_;
  std::shared_ptr<MappedFile> file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, ArrayView> arrays_;
};

/// Writes beside `path` and renames. Wider types come first, so that every array is aligned.
void write_safetensors(const fs::path& path, const std::map<std::string, ArrayView>& arrays,
                       const std::map<std::string, std::string>& metadata);

}  // namespace lengthwise
