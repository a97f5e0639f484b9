#include "base/plain_text.h"

#include "test.h"

using namespace lengthwise;

TEST_CASE("A text becomes one line that steers nothing", "[base]") {
  CHECK(one_line("née – 東京") == "née – 東京");
  CHECK(one_line("a\nb\r\tc\x1B[31m\x7F!") == "a b  c [31m !");
  CHECK(one_line(std::string("a\0b", 3)) == "a b");
  CHECK(one_line("a\xC2\x9B"
                 "31m") == "a 31m");                      // C1: CSI in one character
  CHECK(one_line("a\u2028b") == "a b");                   // line separator
  CHECK(one_line("a\u202Etxt.exe") == "a\uFFFDtxt.exe");  // right-to-left override
  CHECK(one_line("a\xFF\xC3") == "a\uFFFD\uFFFD");        // no UTF-8
  CHECK(one_line("a\xEF\xBF\xBF") == "a\uFFFD");          // no character
}

TEST_CASE("Characters are counted, not bytes", "[base]") {
  CHECK(character_count("") == 0);
  CHECK(character_count("née –") == 5);
}
