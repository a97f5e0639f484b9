#!/usr/bin/env python3
"""Runs the commands that README and docs/ show: every block that opens with ```sh run, a page's blocks one after the
other in a folder of its own, with the program and this Python first in PATH.

    run_examples.py PROGRAM [PAGE...]

Pages are README.md and those of docs/; all where none is named. Training is cut short so that the pages can show commands worth giving: `lengthwise train` and `experiment` get fewer
steps. Nothing else is changed. Links between pages must lead to files.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = ""
README = SOURCE / "README.md"
PAGES = [README, *sorted((SOURCE / "docs").glob("*.md"))]
WRAPPER = """#!/bin/sh
case $1 in
  train | experiment) exec '{program}' "$@" --training.steps=24 --training.warmup_steps=2 ;;
  *) exec '{program}' "$@" ;;
esac
"""


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```sh run\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def sample_text(seed: int, words: int) -> str:
    draw = random.Random(seed)
    known = "the cat sat on a mat and dog runs far away néé".split()
    return "\n".join(" ".join(draw.choices(known, k=8)) for _ in range(words // 8)) + "\n"


def prepare(folder: Path) -> dict[str, str]:
    """What the commands find in their folder, and their environment."""
    for name in ["configs", "experiments", "docs", "tests"]:
        (folder / name).symlink_to(SOURCE / name)
    shutil.copytree(SOURCE / "results" / "quickstart", folder / "results" / "quickstart")
    for seed, name in enumerate(["train", "test", "other"]):
        text = folder / "mine" / f"{name}.txt"
        text.parent.mkdir(exist_ok=True)
        text.write_text(sample_text(seed, 4000 if name == "train" else 800), encoding="utf-8")
    programs = folder / "programs"
    programs.mkdir()
    wrappers = {"lengthwise": WRAPPER.format(program=PROGRAM), "python3": f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n"}
    for name, text in wrappers.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}


class Documentation(unittest.TestCase):
    def test_every_page_has_an_example_and_its_commands_run(self):
        for page in PAGES:
            with self.subTest(page.name), tempfile.TemporaryDirectory() as folder:
                environment = prepare(Path(folder))
                commands = blocks(page)
                self.assertGreater(len(commands), 0, "no block opens with ```sh run")
                for block in commands:
                    done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=environment,
                                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
                    self.assertEqual(done.returncode, 0, f"\n{block}\n{done.stdout}{done.stderr}")

    def test_links_lead_to_files(self):
        for page in PAGES:
            text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
            for target in re.findall(r"\]\(([^)#]+)", text):
                if "://" not in target:
                    with self.subTest(page.name, target=target):
                        self.assertTrue((page.parent / target).exists())

    def test_the_readme_can_be_read_at_a_sitting(self):
        if README not in PAGES:
            self.skipTest("README.md is not among the pages")
        text = README.read_text(encoding="utf-8")
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 120)
        self.assertGreater(len(text.encode()), 8192, "CI cuts 4000 bytes off it as test text and trains on the rest")
        for line in lines:
            if not line.startswith(("|", "lengthwise ")):
                self.assertLessEqual(len(line), 120, line)


if __name__ == "__main__":
    PROGRAM = str(Path(sys.argv[1]).resolve())
    PAGES = [Path(page).resolve() for page in sys.argv[2:]] or PAGES
    unittest.main(argv=sys.argv[:1])
