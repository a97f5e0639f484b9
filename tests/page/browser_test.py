"""A comparison's page in headless Chromium: what is drawn, and what clicks, keys and the pointer change.

Usage: browser_test.py MAKE_SAMPLE_PAGE. The page is that of make_sample_page.cpp. Exits with 77 (ctest: skipped)
where there is no Chromium, no driver or no selenium.
"""

import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("skipped: Python has no selenium (tests/page/requirements.txt; scripts/setup --with-tests installs it)")
    sys.exit(SKIPPED)

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
DRIVER = shutil.which("chromedriver")
IDEAL = "ideal reader (exact)"
HOSTILE = "</script><b>bold</b>"
VARIANT = HOSTILE + " with position.rotary.base=1e6 model.window=64 model.sinks=4"


def open_browser(scripts=True, width=1200):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     f"--window-size={width},1000"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    return webdriver.Chrome(options=options, service=Service(DRIVER))


class Figure:
    """One figure of the page, by its title."""

    def __init__(self, browser, title):
        self.browser = browser
        self.root = browser.find_element(By.XPATH, f"//figure[figcaption/strong[starts-with(., '{title}')]]")

    def all(self, css):
        return self.root.find_elements(By.CSS_SELECTOR, css)

    def names(self):
        """The number that stands for each curve to its name."""
        return {button.get_attribute("data-row"): button.find_element(By.CSS_SELECTOR, ".name").get_attribute("textContent")
                for button in self.all(".legend-list button")}

    def groups(self):
        """Name to element of the curves that can be seen."""
        names = self.names()
        return {names[group.get_attribute("data-row")]: group
                for group in self.all(".drawing.shown .series:not(.off)") if group.is_displayed()}

    def drawn(self):
        """In the order of the table."""
        return list(self.groups())

    def button(self, text):
        return next(button for button in self.all("button") if button.text == text)

    def choose(self, group, text):
        buttons = self.all(f".choice[aria-label='{group}'] button")
        next(button for button in buttons if button.text == text).click()

    def points(self, label):
        """The line's points as drawn, in the drawing's own pixels."""
        path = self.groups()[label].find_element(By.CSS_SELECTOR, ".line").get_attribute("d")
        return [tuple(map(float, point.split())) for point in path.replace("M", "L").split("L")[1:]]

    def ticks(self, axis):
        """Numbers at an axis to where they stand, in the drawing's own pixels."""
        shown = ".drawing.shown .y-axis" if axis == "y" else ".x-axis.shown"
        shift = -4 if axis == "y" else 0
        return {float(tick.get_attribute("textContent").replace("k", "000")): float(tick.get_attribute(axis)) + shift
                for tick in self.all(shown + " .tick")}

    def value_of_y(self, pixels, logarithmic):
        """What a height in the plot means, read off two ticks of the axis."""
        (a, at_a), (b, at_b) = sorted(self.ticks("y").items())[:: max(1, len(self.ticks("y")) - 1)]
        part = (pixels - at_a) / (at_b - at_a)
        return a * (b / a) ** part if logarithmic else a + part * (b - a)

    def tip(self):
        """The rows of the open tooltip: label to the cells beside it; none where it is closed."""
        rows = [row for row in self.all(".tip:not([hidden]) tr")]
        return {row.find_element(By.TAG_NAME, "th").text.strip(): [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
                for row in rows}

    def point_at(self, x, y):
        """Moves the pointer to a place given in the drawing's own pixels."""
        svg = self.all("svg.chart")[0]
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", svg)
        width, height = map(float, svg.get_dom_attribute("viewBox").split()[2:])
        size = svg.size
        ActionChains(self.browser).move_to_element_with_offset(
            svg, round((x / width - 0.5) * size["width"]), round((y / height - 0.5) * size["height"])).perform()


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        page = pathlib.Path(cls.folder.name) / "page.html"
        crowded = pathlib.Path(cls.folder.name) / "crowded.html"
        subprocess.run([sys.argv[1], str(page), str(crowded), cls.folder.name + "/runs"], check=True)
        cls.address = page.as_uri()
        cls.crowded = crowded.as_uri()
        cls.browser = open_browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.get_log("performance")
        self.browser.get(self.address)
        self.main = Figure(self.browser, "Perplexity by evaluation length")

    def test_every_row_is_drawn_and_nothing_complains(self):
        self.assertEqual(self.main.drawn(), ["sinusoidal", "learned", "alibi", HOSTILE, VARIANT, IDEAL])
        self.assertEqual(self.browser.get_log("browser"), [])
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "b")), 0)
        self.assertEqual(self.browser.find_element(By.TAG_NAME, "h1").text,
                         "Trained at 64 tokens, what do three schemes do at up to 512?")

    def test_no_request_leaves_the_page(self):
        import json
        requests = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        addresses = [each["params"]["request"]["url"] for each in requests if each["method"] == "Network.requestWillBeSent"]
        self.assertTrue(addresses)
        for address in addresses:
            self.assertTrue(address.startswith(("file:", "data:")), address)
        self.assertEqual(self.browser.execute_script("return performance.getEntriesByType('resource').length"), 0)

    def test_a_click_switches_a_scheme_off_in_every_figure_and_every_view(self):
        training = Figure(self.browser, "Training loss")
        self.main.button("sinusoidal").click()
        self.assertEqual(self.main.drawn(), ["learned", "alibi", HOSTILE, VARIANT, IDEAL])
        self.assertNotIn("sinusoidal", training.drawn())
        self.assertIn("alibi", training.drawn())
        self.assertEqual(self.main.button("sinusoidal").get_attribute("aria-pressed"), "false")
        self.main.choose("show", "nats per token")
        self.assertNotIn("sinusoidal", self.main.drawn())
        self.main.button("sinusoidal").click()
        self.assertEqual(self.main.drawn()[0], "sinusoidal")
        self.assertIn("sinusoidal", training.drawn())

    def test_keys_switch_a_scheme_as_a_click_does(self):
        button = self.main.button("alibi")
        self.browser.execute_script("arguments[0].focus()", button)
        ActionChains(self.browser).send_keys(Keys.SPACE).perform()
        self.assertNotIn("alibi", self.main.drawn())
        ActionChains(self.browser).send_keys(Keys.ENTER).perform()
        self.assertIn("alibi", self.main.drawn())

    def test_all_and_none(self):
        self.main.choose("curves", "none")
        self.assertEqual(self.main.drawn(), [])
        self.main.choose("curves", "all")
        self.assertEqual(len(self.main.drawn()), 6)

    def test_of_many_curves_the_few_that_matter_are_on_and_the_rest_is_a_click_away(self):
        self.browser.get(self.crowded)
        main = Figure(self.browser, "Perplexity by evaluation length")
        few = [f"s{i:02}" for i in [0, *range(16, 23)]]  # the worst at 512 is the best at 64
        self.assertEqual(main.drawn(), few)
        self.assertEqual(len(main.all(".legend-list button")), 23)
        main.button("s07").click()
        self.assertEqual(sorted(main.drawn()), sorted([*few, "s07"]))
        self.assertIn("s07", Figure(self.browser, "Speed and memory").drawn())
        main.choose("curves", "all")
        self.assertEqual(len(main.drawn()), 23)
        main.choose("curves", "few")
        self.assertEqual(main.drawn(), few)

    def test_views_draw_the_values_of_the_runs(self):
        # alibi at 128 tokens: 4.9 and 5.0 with the two seeds; the ideal reader has 1.6 - 0.128 nats.
        nats = (math.log(4.9) + math.log(5.0)) / 2
        wanted = [("perplexity", True, 4.95), ("nats per token", False, nats), ("gap to the ideal", False, nats - 1.472)]
        for view, logarithmic, value in wanted:
            self.main.choose("show", view)
            drawn = self.main.value_of_y(self.main.points("alibi")[1][1], logarithmic)
            self.assertAlmostEqual(drawn, value, delta=0.004 * max(1, value), msg=view)

    def test_axes_change_between_logarithmic_and_linear(self):
        def steps():
            at = [x for _, x in sorted(self.main.ticks("x").items())]
            return [b - a for a, b in zip(at, at[1:])]
        self.assertEqual(sorted(self.main.ticks("x")), [64, 128, 256, 512])
        self.assertAlmostEqual(max(steps()), min(steps()), delta=0.5)
        self.main.choose("x", "linear")
        last = max(self.main.points("alibi"))[0]
        first, second = sorted(self.main.points("alibi"))[:2]
        self.assertAlmostEqual((last - first[0]) / (second[0] - first[0]), (512 - 64) / 64, delta=0.05)
        self.main.choose("y", "linear")
        drawn = self.main.value_of_y(self.main.points("alibi")[1][1], logarithmic=False)
        self.assertAlmostEqual(drawn, 4.95, delta=0.03)

    def test_a_logarithm_of_what_is_not_positive_is_not_offered(self):
        self.main.choose("show", "gap to the ideal")
        log, linear = self.main.all(".choice[aria-label='y'] button")
        self.assertFalse(log.is_enabled())
        self.assertEqual(linear.get_attribute("aria-pressed"), "true")
        self.main.choose("show", "perplexity")
        self.assertTrue(log.is_enabled())
        self.assertEqual(log.get_attribute("aria-pressed"), "true")

    def test_everything_shows_what_left_the_plot(self):
        self.assertLess(max(self.main.ticks("y")), 22)
        self.main.choose("range", "everything")
        self.assertGreaterEqual(max(self.main.ticks("y")), 1000)  # of 5000 as the highest value
        self.main.choose("show", "gap to the ideal")  # which shows all there is
        self.assertFalse(self.main.all(".choice[aria-label='range']")[0].is_displayed())

    def test_the_pointer_shows_values_with_their_intervals(self):
        self.assertEqual(self.main.tip(), {})
        x, y = self.main.points("alibi")[1]
        self.main.point_at(x + 3, y + 6)
        tip = self.main.tip()
        self.assertEqual(tip["alibi"], ["4.950", "[4.900, 5.000]"])
        self.assertEqual(tip["sinusoidal"], ["9.800", ""])
        self.assertNotIn("learned", tip)
        self.assertIn("128", self.main.all(".tip")[0].text.splitlines()[0])
        near = self.main.all(".tip .near th")
        self.assertEqual([each.text.strip() for each in near], ["alibi"])

    def test_arrow_keys_show_values(self):
        svg = self.main.all("svg.chart")[0]
        self.browser.execute_script("arguments[0].focus()", svg)
        ActionChains(self.browser).send_keys(Keys.ARROW_RIGHT).perform()
        self.assertEqual(self.main.tip()["learned"][0], "5.300")
        ActionChains(self.browser).send_keys(Keys.ARROW_RIGHT).perform()
        self.assertEqual(self.main.tip()["alibi"][0], "4.950")
        ActionChains(self.browser).send_keys(Keys.ESCAPE).perform()
        self.assertEqual(self.main.tip(), {})

    def test_labels_stand_beside_the_plot_and_do_not_cover_each_other(self):
        plot = self.main.all("svg.chart")[0].rect
        for item in self.main.all(".legend-list li"):
            self.assertGreaterEqual(item.rect["x"], plot["x"] + plot["width"])
        boxes = sorted(((item.rect["y"], item.rect["height"]) for item in self.main.all(".legend-list li")))
        for (y, height), (below, _) in zip(boxes, boxes[1:]):
            self.assertGreaterEqual(below, y + height - 1)

    def test_nothing_is_wider_than_a_phone(self):
        try:
            for dark in ["light", "dark"]:
                self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                             {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})
                self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                             {"features": [{"name": "prefers-color-scheme", "value": dark}]})
                self.browser.get(self.address)
                for fold in self.browser.find_elements(By.TAG_NAME, "details"):
                    self.browser.execute_script("arguments[0].open = true", fold)
                self.assertEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), 390)
                # Tables and static figures may scroll inside of their frames; all else fits.
                wide = self.browser.execute_script(
                    "return [...document.querySelectorAll('body *')].filter(each => !each.closest('.scroll')"
                    " && each.getBoundingClientRect().right > 390.5).map(each => each.outerHTML.slice(0, 80))")
                self.assertEqual(wide, [])
            ground = self.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
            self.assertEqual(ground, "rgb(22, 23, 26)")
        finally:
            self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def test_a_heat_map_says_its_values(self):
        heat = Figure(self.browser, "Accuracy of recall")
        self.assertEqual(len(heat.all("g.cell")), 60)
        titles = [title.get_attribute("textContent") for title in heat.all("g.cell title")]
        self.assertIn("50 %, 128: 0.9048", titles)
        self.assertIn("50 %, 131072: not measured", titles)

    def test_without_javascript_every_figure_is_there(self):
        browser = open_browser(scripts=False)
        try:
            browser.get(self.address)
            main = Figure(browser, "Perplexity by evaluation length")
            self.assertEqual(main.drawn(), ["sinusoidal", "learned", "alibi", HOSTILE, VARIANT, IDEAL])
            self.assertFalse(main.all(".controls")[0].is_displayed())
            for title in ["Training loss", "Speed and memory", "Accuracy of recall"]:
                self.assertTrue(Figure(browser, title).all("svg.chart")[0].is_displayed())
            browser.get(self.crowded)
            crowded = Figure(browser, "Perplexity by evaluation length")
            lines = crowded.all(".drawing.shown .series .line")  # those that stand aside are grey
            self.assertEqual(sum(line.is_displayed() for line in lines), 23)
            self.assertEqual(sum(button.is_displayed() for button in crowded.all(".legend-list button")), 8)
        finally:
            browser.quit()

    def test_on_paper_every_fold_is_open_and_nothing_is_to_be_clicked(self):
        fold = self.browser.find_element(By.TAG_NAME, "details")
        self.assertIsNone(fold.get_attribute("open"))
        self.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        self.assertIsNotNone(fold.get_attribute("open"))
        self.browser.execute_script("dispatchEvent(new Event('afterprint'))")
        self.assertIsNone(fold.get_attribute("open"))
        try:
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
            self.assertFalse(self.main.all(".controls")[0].is_displayed())
            self.assertEqual(self.main.drawn(), ["sinusoidal", "learned", "alibi", HOSTILE, VARIANT, IDEAL])
        finally:
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


if __name__ == "__main__":
    if BROWSER is None or DRIVER is None:
        print("skipped: no Chromium with its driver (Debian: chromium and chromium-driver)")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
