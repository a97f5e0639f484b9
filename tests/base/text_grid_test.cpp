#include "base/text_grid.h"

#include "test.h"

using namespace lengthwise;

TEST_CASE("Markdown shows a text as it is", "[base]") {
  CHECK(markdown_escaped("t5_bias (model.heads=8) – née") == "t5_bias (model.heads=8) – née");
  CHECK(markdown_escaped("a|b\nc") == "a\\|b c");
  CHECK(markdown_escaped("<b>&amp;") == "&lt;b>&amp;amp;");
  CHECK(markdown_escaped("`x` *y* _z_ $w$ \\") == "\\`x\\` \\*y\\* \\_z\\_ \\$w\\$ \\\\");
  CHECK(markdown_escaped("![p](http://x)") == "!\\[p\\](http://x)");
  CHECK(markdown_escaped("[1](http://x)") == "[1\\](http://x)");
  CHECK(markdown_escaped("~~x~~") == "\\~\\~x\\~\\~");
  // Numbers as tables have them.
  CHECK(markdown_escaped("5.250 [5.240, -5.270]~") == "5.250 [5.240, -5.270]~");
}

TEST_CASE("Markdown tables escape every cell and mark the bold ones themselves", "[base]") {
  const std::string text =
      markdown_lines({{"a|b", "**"}, {"x", "1"}}, {{false, false}, {false, true}});
  CHECK(text.find("| a\\|b |") == 0);
  CHECK(text.find("\\*\\*") != text.npos);
  CHECK(text.find(" **1** |") != text.npos);
}

TEST_CASE("A terminal's table cannot be steered by its cells", "[base]") {
  const std::string text = terminal_lines({{"name", "x"}, {"\x1B[2Jevil\nline", "1"}});
  CHECK(text.find('\x1B') == text.npos);
  CHECK(text.find(" [2Jevil line") != text.npos);
}

TEST_CASE("CSV fields are quoted as RFC 4180 says, and no name becomes a formula", "[base]") {
  CHECK(csv_lines({{"a,b", "c\"d", "e\nf", "g\rh", " i"}}) ==
        "\"a,b\",\"c\"\"d\",\"e\nf\",\"g\rh\",\" i\"\n");
  CHECK(csv_lines({{"=1+1", "+x", "-x", "@x", "\tx"}}) == "'=1+1,'+x,'-x,'@x,'\tx\n");
  CHECK(csv_lines({{"-0.5", "-1e-9", "-inf", "-nan", "-"}}) == "-0.5,-1e-9,-inf,-nan,'-\n");
  CHECK(csv_lines({{"a-b", "rotary", ""}}) == "a-b,rotary,\n");
}
