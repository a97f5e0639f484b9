#include "base/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {
namespace {

std::string length_bytes(uint64_t header_length) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>((header_length >> (8 * i)) & 0xFF);
  return bytes;
}

/// A file with this header, padded with spaces to a multiple of 8, and so many bytes of values.
std::string forged(std::string header, size_t value_bytes) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return length_bytes(header.size()) + header + std::string(value_bytes, '\1');
}

std::string forged_tensor(const std::string& dtype, const std::string& shape,
                          const std::string& offsets, size_t value_bytes) {
  return forged(R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
                    offsets + "}}",
                value_bytes);
}

/// The message the reader refuses this file with, or that it was accepted.
std::string refusal(const std::string& bytes) {
  const TemporaryFolder folder;
  write_file(folder / "forged.safetensors", bytes);
  try {
    SafetensorsFile file(folder / "forged.safetensors");
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

void check_refused(const std::string& bytes, const std::string& because) {
  const std::string message = refusal(bytes);
  INFO(message);
  CHECK(message.find("forged.safetensors: ") != std::string::npos);
  CHECK(message.find(because) != std::string::npos);
}

/// A small file with every type, an empty array and metadata.
std::string small_file() {
  const std::vector<uint16_t> u16 = {1, 2, 65535};
  const std::vector<uint32_t> u32 = {7};
  const std::vector<int64_t> i64 = {-1, 1};
  const std::vector<float> f32 = {0.5f};
  const std::vector<double> f64 = {0.1};
  const TemporaryFolder folder;
  write_safetensors(folder / "small",
                    {{"a_u16", array_view(u16)},
                     {"b_u32", array_view(u32)},
                     {"c_i64", array_view(i64)},
                     {"d_f32", array_view(f32)},
                     {"e_f64", array_view(f64)},
                     {"f_empty", array_view(std::vector<float>{})}},
                    {{"vocabulary_size", "108"}});
  return read_file(folder / "small");
}

TEST_CASE("arrays of every type come back from a safetensors file with shapes and metadata",
          "[base]") {
  const std::vector<uint16_t> u16 = {1, 2, 65535};
  const std::vector<uint32_t> u32 = {0, 4294967295u};
  const std::vector<int64_t> i64 = {-1, std::numeric_limits<int64_t>::max(), 2, 3, 4, 5};
  const std::vector<float> f32 = {0.5f, -0.1f};
  const std::vector<double> f64 = {0.1, -0.0, 1e300};
  const TemporaryFolder folder;
  write_safetensors(folder / "file",
                    {{"a", array_view(u16)},
                     {"b", array_view(u32)},
                     {"c", array_view(std::span<const int64_t>(i64), {3, 2})},
                     {"d", array_view(f32)},
                     {"e", array_view(f64)}},
                    {{"step", "12"}, {"text", "caf\xC3\xA9 \"quoted\"\n"}});

  const SafetensorsFile file(folder / "file");
  const auto equal = [](const auto& values, const auto& expected) {
    return std::equal(values.begin(), values.end(), expected.begin(), expected.end());
  };
  CHECK(equal(file.values<uint16_t>("a"), u16));
  CHECK(equal(file.values<uint32_t>("b"), u32));
  CHECK(equal(file.values<int64_t>("c"), i64));
  CHECK(equal(file.values<float>("d"), f32));
  CHECK(equal(file.values<double>("e"), f64));
  CHECK(file.arrays().size() == 5);
  CHECK(file.arrays().at("c").shape == std::vector<int64_t>{3, 2});
  CHECK(file.arrays().at("a").shape == std::vector<int64_t>{3});
  CHECK(file.metadata("step") == "12");
  CHECK(file.metadata("text") == "caf\xC3\xA9 \"quoted\"\n");
  CHECK(file.metadata().size() == 2);
}

TEST_CASE("a file written by hand to the format's description is read", "[base]") {
  std::string bytes = length_bytes(88);
  std::string header =
      R"({"x":{"dtype":"U16","shape":[2,1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}})";
  header.resize(88, ' ');
  bytes += header + std::string("\x34\x12\xFF\x00", 4);
  const TemporaryFolder folder;
  write_file(folder / "file", bytes);
  const SafetensorsFile file(folder / "file");
  REQUIRE(file.values<uint16_t>("x").size() == 2);
  CHECK(file.values<uint16_t>("x")[0] == 0x1234);
  CHECK(file.values<uint16_t>("x")[1] == 0x00FF);
  CHECK(file.metadata("k") == "v");
}

TEST_CASE("the written file is as the format describes: length, header, values", "[base]") {
  const std::string bytes = small_file();
  uint64_t header_length = 0;
  std::memcpy(&header_length, bytes.data(), 8);
  CHECK(header_length % 8 == 0);
  CHECK(bytes[8] == '{');
  CHECK(bytes.size() == 8 + header_length + 3 * 2 + 4 + 2 * 8 + 4 + 8);
}

TEST_CASE("what a safetensors file lacks is refused by name", "[base]") {
  const TemporaryFolder folder;
  const std::vector<float> values = {1};
  write_safetensors(folder / "file", {{"a", array_view(values)}}, {});
  const SafetensorsFile file(folder / "file");
  CHECK_THROWS_AS(file.values<float>("b"), UserError);
  CHECK_THROWS_AS(file.values<double>("a"), UserError);
  CHECK_THROWS_AS(file.metadata("step"), UserError);
  CHECK_THROWS_AS(SafetensorsFile(folder / "missing"), UserError);
}

TEST_CASE("metadata that is not UTF-8 does not stop a file from being written", "[base]") {
  const TemporaryFolder folder;
  write_safetensors(folder / "file", {}, {{"path", "caf\xE9"}});
  CHECK(SafetensorsFile(folder / "file").metadata("path") == "caf\xEF\xBF\xBD");
}

TEST_CASE("a safetensors file cut off anywhere is refused", "[base]") {
  const std::string whole = small_file();
  REQUIRE(refusal(whole) == "accepted");
  for (size_t size = 0; size < whole.size(); ++size) {
    INFO(size << " of " << whole.size() << " bytes");
    REQUIRE(refusal(whole.substr(0, size)) != "accepted");
  }
}

TEST_CASE("a safetensors file with bytes after its last array is refused", "[base]") {
  check_refused(small_file() + '\0', "after its last tensor");
}

TEST_CASE("a forged header length is refused", "[base]") {
  const std::string rest = small_file().substr(8);
  for (const uint64_t length :
       {uint64_t{1} << 63, ~uint64_t{0}, ~uint64_t{0} - 7, uint64_t{100'000'001},
        uint64_t{rest.size() + 1}, uint64_t{99'999'999}}) {
    INFO("header length " << length);
    check_refused(length_bytes(length) + rest, std::to_string(length));
  }
  check_refused(length_bytes(0) + rest, "no JSON object");
  check_refused(length_bytes(1) + rest, "no JSON object");
}

TEST_CASE("a header that is no JSON object is refused", "[base]") {
  for (const std::string header :
       {"", "null", "[]", "1", "NaN", "{\"a\":NaN}", "{", "{}x", "{'a':1}", "{\"\xFF\":{}}"}) {
    INFO(header);
    check_refused(forged(header, 0), "no JSON object");
  }
  CHECK(refusal(forged("{}", 0)) == "accepted");
}

TEST_CASE("a header nested deeply is refused without being built", "[base]") {
  check_refused(forged(std::string(1'000'000, '['), 0), "no JSON object");
  check_refused(forged(R"({"a":)" + std::string(1'000'000, '['), 0), "no JSON object");
  check_refused(forged_tensor("F32", "[[1]]", "[0,4]", 4), "nests too deeply");
}

TEST_CASE("a header that repeats a key is refused", "[base]") {
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  CHECK(refusal(forged("{" + a + "}", 4)) == "accepted");
  check_refused(forged("{" + a + "," + a + "}", 4), "repeats a key");
  check_refused(
      forged(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4),
      "repeats a key");
  check_refused(forged(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "repeats a key");
  // The same key in two objects is no repetition.
  CHECK(refusal(forged("{" + a + R"(,"__metadata__":{"a":"dtype"}})", 4)) == "accepted");
}

TEST_CASE("metadata other than texts by name is refused", "[base]") {
  for (const std::string metadata : {"\"text\"", "null", "[]", "[\"a\"]", "1", "{\"k\":1}",
                                     "{\"k\":null}", "{\"k\":{}}", "{\"k\":[\"v\"]}"}) {
    INFO(metadata);
    check_refused(forged(R"({"__metadata__":)" + metadata + "}", 0), "corrupted: ");
  }
}

TEST_CASE("an array entry that lacks a part or has one of another kind is refused", "[base]") {
  for (const std::string entry :
       {R"("x")", "null", "[]", "{}", R"({"dtype":"F32","shape":[1]})",
        R"({"dtype":"F32","data_offsets":[0,4]})", R"({"shape":[1],"data_offsets":[0,4]})",
        R"({"dtype":4,"shape":[1],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":["1"],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[0]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[0,"4"]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})",
        R"({"dtype":"F32","shape":[1],"data_offsets":[0.0,4.0]})"}) {
    INFO(entry);
    check_refused(forged(R"({"a":)" + entry + "}", 4), "tensor 'a'");
  }
}

TEST_CASE("an element type that this program does not read is refused", "[base]") {
  CHECK(refusal(forged_tensor("F32", "[1]", "[0,4]", 4)) == "accepted");
  for (const std::string dtype : {"bf16", "f32", "", "F8_E4M3", "I32"}) {
    INFO(dtype);
    check_refused(forged_tensor(dtype, "[1]", "[0,4]", 4), "a type this program does not read");
  }
}

TEST_CASE("offsets beyond the end of the file or in the wrong order are refused", "[base]") {
  check_refused(forged_tensor("F32", "[2]", "[0,8]", 4), "beyond the end");
  check_refused(forged_tensor("F32", "[1]", "[4,8]", 4), "beyond the end");
  check_refused(forged_tensor("F32", "[1]", "[4,0]", 4), "beyond the end");
  check_refused(forged_tensor("F32", "[1]", "[0,18446744073709551615]", 4), "beyond the end");
  check_refused(forged_tensor("F32", "[1]", "[18446744073709551612,0]", 4), "beyond the end");
  check_refused(forged_tensor("F32", "[1]", "[0,18446744073709551616]", 4), "no whole numbers");
}

TEST_CASE("offsets that do not fit the shape are refused", "[base]") {
  check_refused(forged_tensor("F32", "[1]", "[0,8]", 8), "do not fit its shape");
  check_refused(forged_tensor("F32", "[3]", "[0,8]", 8), "do not fit its shape");
  check_refused(forged_tensor("F32", "[]", "[0,8]", 8), "do not fit its shape");
  check_refused(forged_tensor("F32", "[0]", "[0,8]", 8), "do not fit its shape");
  CHECK(refusal(forged_tensor("F32", "[]", "[0,4]", 4)) == "accepted");
  CHECK(refusal(forged_tensor("F32", "[2,0]", "[0,0]", 0)) == "accepted");
}

TEST_CASE("a shape whose size overflows is refused", "[base]") {
  // 2^62 elements of 4 bytes are 2^64 bytes: 0, if the product were to wrap around.
  check_refused(forged_tensor("F32", "[4611686018427387904]", "[0,0]", 0), "impossible shape");
  check_refused(forged_tensor("F32", "[2147483648,2147483648]", "[0,0]", 0), "impossible shape");
  check_refused(forged_tensor("U16", "[9223372036854775808]", "[0,0]", 0), "impossible shape");
  check_refused(forged_tensor("U16", "[18446744073709551616]", "[0,0]", 0), "no list of whole");
}

TEST_CASE("arrays that overlap or leave a hole are refused", "[base]") {
  const auto two = [](const std::string& first, const std::string& second, size_t bytes) {
    return forged(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + first +
                      R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" + second + "}}",
                  bytes);
  };
  CHECK(refusal(two("[0,8]", "[8,16]", 16)) == "accepted");
  CHECK(refusal(two("[8,16]", "[0,8]", 16)) == "accepted");
  check_refused(two("[0,8]", "[0,8]", 8), "overlap");
  check_refused(two("[0,8]", "[4,12]", 12), "overlap");
  check_refused(two("[0,8]", "[12,20]", 20), "hole");
  check_refused(two("[4,12]", "[12,20]", 20), "hole");
}

TEST_CASE("an array that is not aligned to its type is refused", "[base]") {
  const std::string after_two_bytes = R"({"a":{"dtype":"U16","shape":[1],"data_offsets":[0,2]},)"
                                      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})";
  check_refused(forged(after_two_bytes, 6), "is not aligned");
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  for (size_t extra = 0; extra < 8; ++extra) {
    const std::string padded = header + std::string(extra, ' ');
    INFO("a header of " << padded.size() << " bytes");
    const std::string answer = refusal(length_bytes(padded.size()) + padded + "\1\1\1\1");
    CHECK((answer == "accepted") == (padded.size() % 4 == 0));
  }
}

TEST_CASE("a safetensors file with flipped bytes loads or is refused, and nothing else", "[base]") {
  const std::string whole = small_file();
  SplitMix64 random(20240607);
  int accepted = 0, refused = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::string bytes = whole;
    const uint64_t flips = 1 + random.below(4);
    for (uint64_t i = 0; i < flips; ++i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    // Any other exception than UserError leaves `refusal` and fails the test.
    (refusal(bytes) == "accepted" ? accepted : refused) += 1;
  }
  CHECK(accepted > 0);
  CHECK(refused > 1000);
}

}  // namespace
}  // namespace lengthwise
