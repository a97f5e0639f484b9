#include "report/figures/markup.h"

#include "test.h"

using namespace lengthwise;

TEST_CASE("Markup in a text is shown, not obeyed", "[report][page]") {
  CHECK(escaped("</script><b a=\"1\" b='2'>&amp;") ==
        "&lt;/script&gt;&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
  CHECK(escaped("é ± –") == "é ± –");
  CHECK(escaped(std::string("a\0b\x1b", 4)) == "a b ");
  CHECK(escaped("a\xFFz") == "a\xEF\xBF\xBDz");
}

TEST_CASE("Lines are broken at spaces and count characters, not bytes", "[report][page]") {
  CHECK(wrapped("aa bb cc", 5) == std::vector<std::string>{"aa bb", "cc"});
  CHECK(wrapped("éé éé é", 5) == std::vector<std::string>{"éé éé", "é"});
  CHECK(wrapped("longer_than_that a", 4) == std::vector<std::string>{"longer_than_that", "a"});
  CHECK(wrapped("", 4) == std::vector<std::string>{""});
}
