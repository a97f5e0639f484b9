#include "base/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.h"

namespace lengthwise {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

using Json = nlohmann::json;
constexpr std::array kDtypes = {Dtype::U8,  Dtype::U16,  Dtype::U32, Dtype::I64,
                                Dtype::F16, Dtype::BF16, Dtype::F32, Dtype::F64};
constexpr uint64_t kLargestHeader = 100'000'000;  // the limit of the reference implementation
constexpr size_t kAlignment = 8;
constexpr int kDeepestHeader = 3;  // header { tensor { shape [

/// The header as JSON; discarded where it is none, repeats a key, or nests deeper than a header
/// does. The format forbids repeated keys, and the parser alone would keep the last of them.
Json parse_header(std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  bool allowed = true;
  const auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key) allowed &= keys.back().insert(parsed.get<std::string>()).second;
    if (event == Event::object_start || event == Event::array_start) {
      allowed &= depth < kDeepestHeader;
    }
    return allowed;
  };
  Json header = Json::parse(text.begin(), text.end(), check, /*allow_exceptions=*/false);
  return allowed ? header : Json(Json::value_t::discarded);
}

/// The metadata of a header: text by text, as the format has it.
std::map<std::string, std::string> parse_metadata(const Json& entry, const fs::path& path) {
  if (!entry.is_object()) fail("{}: corrupted: its metadata is no JSON object", path.string());
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) fail("{}: corrupted: metadata '{}' is no text", path.string(), key);
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// The arrays must cover the values once and without holes, so that no byte has two meanings or
/// none.
void check_coverage(const std::map<std::string, ArrayView>& arrays,
                    std::span<const std::byte> values, const fs::path& path) {
  std::vector<std::pair<const std::byte*, size_t>> pieces;
  for (const auto& [name, array] : arrays) {
    pieces.emplace_back(array.bytes.data(), array.bytes.size());
  }
  std::ranges::sort(pieces);
  const std::byte* end = values.data();
  for (const auto& [begin, size] : pieces) {
    if (begin != end) fail("{}: corrupted: its tensors overlap or leave a hole", path.string());
    end = begin + size;
  }
  if (end != values.data() + values.size()) {
    fail("{}: corrupted: bytes after its last tensor", path.string());
  }
}

/// The array an entry of the header describes, or UserError: every number in it may be forged.
ArrayView parse_entry(const std::string& name, const Json& entry, std::span<const std::byte> values,
                      const fs::path& path) {
  const auto broken = [&](std::string_view why) {
    fail("{}: corrupted: tensor '{}' {}", path.string(), name, why);
  };
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string() ||
      !entry["shape"].is_array() || !entry["data_offsets"].is_array() ||
      entry["data_offsets"].size() != 2) {
    broken("lacks dtype, shape or data_offsets");
  }
  const auto dtype = std::ranges::find_if(
      kDtypes, [&](Dtype known) { return entry["dtype"] == std::string(name_of(known)); });
  if (dtype == kDtypes.end()) broken("has a type this program does not read");

  ArrayView array{*dtype, {}, {}};
  uint64_t size = size_in_bytes(*dtype);
  for (const Json& extent : entry["shape"]) {
    if (!extent.is_number_unsigned()) broken("has a shape that is no list of whole numbers");
    array.shape.push_back(extent.get<int64_t>());
    if (array.shape.back() < 0 || __builtin_mul_overflow(size, extent.get<uint64_t>(), &size)) {
      broken("has an impossible shape");
    }
  }
  const Json& offsets = entry["data_offsets"];
  if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
    broken("has offsets that are no whole numbers");
  }
  const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
  if (begin > end || end > values.size()) broken("reaches beyond the end of the file");
  if (end - begin != size) broken("has offsets that do not fit its shape");
  array.bytes = values.subspan(begin, size);
  // By the address, for a header of odd length moves all the values.
  if (reinterpret_cast<uintptr_t>(array.bytes.data()) % size_in_bytes(*dtype) != 0) {
    broken("is not aligned");
  }
  return array;
}

}  // namespace

size_t size_in_bytes(Dtype dtype) {
  switch (dtype) {
    case Dtype::U8:
      return 1;
    case Dtype::U16:
    case Dtype::F16:
    case Dtype::BF16:
      return 2;
    case Dtype::U32:
      return 4;
    case Dtype::F32:
      return 4;
    case Dtype::I64:
      return 8;
    case Dtype::F64:
      return 8;
  }
  return 0;
}

std::string_view name_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::U8:
      return "U8";
    case Dtype::U16:
      return "U16";
    case Dtype::U32:
      return "U32";
    case Dtype::I64:
      return "I64";
    case Dtype::F16:
      return "F16";
    case Dtype::BF16:
      return "BF16";
    case Dtype::F32:
      return "F32";
    case Dtype::F64:
      return "F64";
  }
  return "";
}

SafetensorsFile::SafetensorsFile(const fs::path& path)
    : path_(path), file_(std::make_shared<MappedFile>(path)) {
  const auto bytes = file_->bytes();
  uint64_t header_size = 0;
  if (bytes.size() < sizeof header_size)
    fail("{}: truncated: no safetensors header", path.string());
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  if (header_size > kLargestHeader || header_size > bytes.size() - sizeof header_size) {
    fail("{}: truncated or corrupted: its header claims {} bytes of a file of {}", path.string(),
         header_size, bytes.size());
  }
  const auto values = bytes.subspan(sizeof header_size + header_size);
  const Json header = parse_header(file_->text().substr(sizeof header_size, header_size));
  if (!header.is_object()) {
    fail("{}: corrupted: its header is no JSON object, repeats a key or nests too deeply",
         path.string());
  }
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      metadata_ = parse_metadata(entry, path);
    } else {
      arrays_[name] = parse_entry(name, entry, values, path);
    }
  }
  check_coverage(arrays_, values, path);
}

const std::string& SafetensorsFile::metadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) fail("{}: lacks the metadata '{}'", path_.string(), key);
  return found->second;
}

const ArrayView& SafetensorsFile::checked(const std::string& name, Dtype dtype) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) fail("{}: lacks the tensor '{}'", path_.string(), name);
  if (found->second.dtype != dtype) {
    fail("{}: tensor '{}' is {}, not {}", path_.string(), name, name_of(found->second.dtype),
         name_of(dtype));
  }
  return found->second;
}

void write_safetensors(const fs::path& path, const std::map<std::string, ArrayView>& arrays,
                       const std::map<std::string, std::string>& metadata) {
  const auto padded = [](size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; };
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  // The format allows no holes, so the widest types come first: each array is then aligned.
  std::vector<const std::map<std::string, ArrayView>::value_type*> order;
  for (const auto& array : arrays) order.push_back(&array);
  std::ranges::stable_sort(order, std::greater{},
                           [](const auto* a) { return size_in_bytes(a->second.dtype); });
  for (const auto* entry : order) {
    const auto& [name, array] = *entry;
    header[name] = {{"dtype", name_of(array.dtype)},
                    {"shape", array.shape},
                    {"data_offsets", {offset, offset + array.bytes.size()}}};
    offset += array.bytes.size();
  }
  // A path in a file system need not be UTF-8; metadata that names one must not stop the writing.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize(padded(text.size()), ' ');
  const uint64_t header_size = text.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_size, 1)));
  file.write(text);
  for (const auto* entry : order) file.write(entry->second.bytes);
  file.commit();
}

}  // namespace lengthwise
