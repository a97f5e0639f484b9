#include "base/text.h"

#include "test.h"

namespace lengthwise {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("split leaves out empty pieces", "[base]") {
  CHECK(split("64, 128\t256") == Words{"64", "128", "256"});
  CHECK(split(",, a ,") == Words{"a"});
  CHECK(split("").empty());
  CHECK(split(" , ").empty());
  CHECK(split("a b;c", ";") == Words{"a b", "c"});
}

TEST_CASE("trim takes blanks from both ends alone", "[base]") {
  CHECK(trim("  a b\r\n") == "a b");
  CHECK(trim("\t \n").empty());
  CHECK(trim("").empty());
}

TEST_CASE("the nearest name is the one with the fewest edits", "[base]") {
  const Words known = {"none", "learned", "alibi", "rotary", "sinusoidal"};
  CHECK(nearest_name("alibbi", known) == "alibi");
  CHECK(nearest_name("rotray", known) == "rotary");
  CHECK(nearest_name("leaned", known) == "learned");
  CHECK(nearest_name("sinusodal", known) == "sinusoidal");
  CHECK(nearest_name("none", known) == "none");
}

TEST_CASE("no name is near when more than half its letters are wrong", "[base]") {
  CHECK(nearest_name("xyz", {"none", "alibi"}) == std::nullopt);
  CHECK(nearest_name("", {"none"}) == std::nullopt);
  CHECK(nearest_name("none", {}) == std::nullopt);
  CHECK(nearest_name("abxx", {"abcd"}) == "abcd");
  CHECK(nearest_name("axxx", {"abcd"}) == std::nullopt);
}

TEST_CASE("the hint names the nearest where there is one and always all known", "[base]") {
  CHECK(known_names_hint("alibbi", {"none", "alibi"}) ==
        "; did you mean 'alibi'?; known: none, alibi");
  CHECK(known_names_hint("kerple", {"none", "alibi"}) == "; known: none, alibi");
}

TEST_CASE("whole numbers are read to the last character", "[base]") {
  CHECK(parse_integer("-12") == -12);
  CHECK(parse_integer("9223372036854775807") == INT64_MAX);
  CHECK(parse_integer("-9223372036854775808") == INT64_MIN);
  for (const char* text :
       {"", " 1", "1 ", "1.0", "1e3", "0x10", "+1", "--1", "-", "one", "9223372036854775808"}) {
    INFO("'" << text << "'");
    CHECK(parse_integer(text) == std::nullopt);
  }
}

TEST_CASE("decimals are read to the last character and are finite", "[base]") {
  CHECK(parse_real("0.1") == 0.1);
  CHECK(parse_real("-3e-4") == -3e-4);
  CHECK(parse_real("10000") == 10000.0);
  for (const char* text : {"", "1,5", "1e", "nan", "inf", "-infinity", "1e999", " 1", "1x"}) {
    INFO("'" << text << "'");
    CHECK(parse_real(text) == std::nullopt);
  }
}

TEST_CASE("durations read as seconds, minutes or hours", "[base]") {
  CHECK(format_duration(0) == "0 s");
  CHECK(format_duration(-1) == "0 s");
  CHECK(format_duration(8.4) == "8 s");
  CHECK(format_duration(59.6) == "1 min 00 s");
  CHECK(format_duration(200) == "3 min 20 s");
  CHECK(format_duration(7500) == "2 h 05 min");
}

TEST_CASE("well-formed UTF-8 of every length is valid", "[base]") {
  CHECK(first_invalid_utf8("") == std::nullopt);
  CHECK(first_invalid_utf8("plain\n") == std::nullopt);
  CHECK(first_invalid_utf8(std::string("a\0b", 3)) == std::nullopt);
  CHECK(first_invalid_utf8("\xC2\x80 \xDF\xBF") == std::nullopt);          // U+0080, U+07FF
  CHECK(first_invalid_utf8("\xE0\xA0\x80 \xEF\xBF\xBF") == std::nullopt);  // U+0800, U+FFFF
  CHECK(first_invalid_utf8("\xED\x9F\xBF \xEE\x80\x80") == std::nullopt);  // around surrogates
  CHECK(first_invalid_utf8("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF") == std::nullopt);  // to U+10FFFF
}

TEST_CASE("ill-formed UTF-8 is found at the byte where it begins", "[base]") {
  const std::vector<std::string> ill_formed = {
      "\x80",              // a continuation alone
      "\xBF",              //
      "\xC0\x80",          // overlong
      "\xC1\xBF",          //
      "\xE0\x9F\xBF",      //
      "\xF0\x8F\xBF\xBF",  //
      "\xED\xA0\x80",      // surrogates, first and last
      "\xED\xBF\xBF",      //
      "\xF4\x90\x80\x80",  // above U+10FFFF
      "\xF5\x80\x80\x80",  //
      "\xFF",              //
      "\xC3",              // cut off
      "\xE2\x82",          //
      "\xF0\x9F\x98",      //
      "\xC3"
      "a",  // a lead byte without its continuation
      "\xE2\x82"
      "a",  //
      "\xF0\x9F\x98"
      "a",  //
  };
  for (const std::string& bytes : ill_formed) {
    INFO(Catch::StringMaker<std::string>::convert(bytes));
    CHECK(first_invalid_utf8(bytes) == 0u);
    CHECK(first_invalid_utf8("\xC3\xA9"
                             "a" +
                             bytes) == 3u);
    CHECK(first_invalid_utf8("ab" + bytes + "cd") == 2u);
  }
}

TEST_CASE("a two-byte sequence is valid only from C2 80 to DF BF", "[base]") {
  int valid = 0;
  for (int first = 0x80; first < 0x100; ++first) {
    for (int second = 0; second < 0x100; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
      valid += first_invalid_utf8(bytes) == std::nullopt;
    }
  }
  CHECK(valid == 0x800 - 0x80);  // the code points that take two bytes
}

TEST_CASE("as many three- and four-byte sequences are valid as there are code points", "[base]") {
  const auto valid_with_lead = [](int lead, size_t length) {
    int64_t valid = 0;
    std::string bytes(length, '\x80');
    bytes[0] = static_cast<char>(lead);
    const int64_t tails = int64_t{1} << (6 * (length - 1));
    for (int64_t tail = 0; tail < tails; ++tail) {
      for (size_t k = 1; k < length; ++k) {
        bytes[k] = static_cast<char>(0x80 | ((tail >> (6 * (length - 1 - k))) & 0x3F));
      }
      valid += first_invalid_utf8(bytes) == std::nullopt;
    }
    return valid;
  };
  int64_t three = 0, four = 0;
  for (int lead = 0xE0; lead < 0xF0; ++lead) three += valid_with_lead(lead, 3);
  for (int lead = 0xF0; lead < 0x100; ++lead) four += valid_with_lead(lead, 4);
  CHECK(three == 0x10000 - 0x800 - 0x800);  // without the surrogates
  CHECK(four == 0x110000 - 0x10000);
}

TEST_CASE("lines end in LF, CR LF or CR, and blank ones count", "[base]") {
  using Lines = std::vector<std::string_view>;
  CHECK(lines_of("a\nb\n") == Lines{"a", "b"});
  CHECK(lines_of("a\r\n\r\nb") == Lines{"a", "", "b"});
  CHECK(lines_of("a\rb\r\r") == Lines{"a", "b", ""});
  CHECK(lines_of("\n\ra") == Lines{"", "", "a"});
  CHECK(lines_of("").empty());
}

TEST_CASE("UTF-16 is told from UTF-8 and from bytes", "[base]") {
  CHECK(looks_like_utf16("\xFF\xFE"));
  CHECK(looks_like_utf16(std::string_view("a\0b\0\n\0", 6)));
  CHECK(looks_like_utf16(std::string_view("\0a\0b\0\n", 6)));
  CHECK_FALSE(looks_like_utf16("plain text"));
  CHECK_FALSE(looks_like_utf16(std::string_view("\0\0\0\0\0\0", 6)));
  CHECK_FALSE(looks_like_utf16(std::string_view("steps = 5\0", 10)));
  CHECK_FALSE(looks_like_utf16("\xEF\xBB\xBFtext"));
  CHECK(without_byte_order_mark("\xEF\xBB\xBFtext") == "text");
  CHECK(without_byte_order_mark("text") == "text");
}

}  // namespace
}  // namespace lengthwise
