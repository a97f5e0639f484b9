#include "base/ini.h"

#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

std::string text_of(std::vector<IniValue> values) {
  std::string text;
  for (const IniValue& each : values) {
    text += each.name + "=" + each.value + "@" + std::to_string(each.line) + "|";
  }
  return text;
}

/// The values of a file of this text, as "name=value@line|".
std::string read(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "a.ini", text);
  return text_of(read_ini(folder / "a.ini"));
}

std::string error(const std::string& text) {
  return user_error_text([&] { read(text); });
}

std::string utf16(const std::string& ascii, bool big_endian) {
  std::string text;
  for (const char c : ascii) text += big_endian ? std::string{0, c} : std::string{c, 0};
  return text;
}

}  // namespace

TEST_CASE("An ini file is read whatever system wrote it", "[base]") {
  const std::string values = "model.heads=4@3|model.width=8@4|";
  CHECK(read("# sizes\n[model]\nheads = 4\nwidth=8\n") == values);
  CHECK(read("; sizes\r\n[model]\r\n  heads = 4\t\r\nwidth=8") == values);
  CHECK(read("\xEF\xBB\xBF# sizes\r[model]\rheads = 4\rwidth=8\r") == values);
  CHECK(read("\xEF\xBB\xBF[model]\nheads = 4\n") == "model.heads=4@2|");
  CHECK(read("\n\n[ model ] ; of few\nheads = 4 ; of 8\nwidth = 8 # small\n") ==
        "model.heads=4@4|model.width=8@5|");
  CHECK(read("model.heads = 4\n") == "model.heads=4@1|");
  CHECK(read("") == "");
}

TEST_CASE("A comment begins after white space, and not within a word or quotes", "[base]") {
  CHECK(read("a = b#c.txt\n") == "a=b#c.txt@1|");
  CHECK(read("a = b;c # d\n") == "a=b;c@1|");
  CHECK(read("a = # all of it\n") == "a=@1|");
  CHECK(read("a = \"b # c\"  # d\n") == "a=b # c@1|");
  CHECK(read("a = \"  b \\\"c\\\" \\\\ C:\\d \"\n") == "a=  b \"c\" \\ C:\\d @1|");
  CHECK(read("a = \"b\" c\n") == "a=\"b\" c@1|");
  CHECK(read("a = x=y\n") == "a=x=y@1|");
}

TEST_CASE("Any value is read back from the text it is written as", "[base]") {
  for (const std::string value :
       {"", "plain", "a#b", "a #b", "a ;b", "#a", ";a", " a", "a ", "\"a\"", "\"", "\\", "a\\",
        "a\t#b", "\"a\" # b", "é 中", "a = b", "[a]", "a\\\" #"}) {
    INFO(value);
    CHECK(read("a = " + ini_value(value) + "\n") == "a=" + value + "@1|");
  }
  CHECK(ini_value("a#b.txt") == "a#b.txt");
}

TEST_CASE("What an ini file cannot be is said with file, line and column", "[base]") {
  for (const bool big_endian : {false, true}) {
    CHECK(
        contains(error(utf16("[model]\nheads = 4\n", big_endian)), "a.ini: is UTF-16; save it as"));
  }
  CHECK(contains(error("\xFF\xFE" + utf16("[model]\n", false)), "a.ini: is UTF-16"));
  CHECK(contains(error(std::string("[model]\nheads = 5\0\n", 19)),
                 "a.ini:2: holds a NUL at column 10"));
  CHECK(contains(error("[model]\n\x1B[31m = 5\n"), "a.ini:2: holds the control character 0x1B"));
  CHECK(contains(error("[model]\nheads\n"), "a.ini:2: 'heads' is neither [section] nor name"));
  CHECK(contains(error("[model]\n\nheads 4 # = 3\n"), "a.ini:3: 'heads 4' is neither"));
  CHECK(contains(error("[model\n"), "'[model' is neither"));
  CHECK(contains(error("= 4\n"), "'= 4' is neither"));
  CHECK_FALSE(contains(error(std::string(59, 'a') + "éé\n"), "\xC3'"));
}

}  // namespace lengthwise
