#!/usr/bin/env python3
"""Plants faults that shipped elsewhere (faults.py) one by one, and sees their tests fail.

    plant.py                 checks that each fault can be planted, and that its test is there (builds nothing)
    plant.py --plant [N...]  plants all, or those of these numbers, in a tree of its own below build/, builds and
                             runs each one's test; exit status 1 if one does not fail
    plant.py --page          writes docs/faults-elsewhere.md
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from faults import FAULTS

SOURCE = Path(__file__).resolve().parents[2]
PAGE = SOURCE / "docs" / "faults-elsewhere.md"
PROGRAMS = ["test_plain", "test_core"]
HEAD = """# Faults that shipped elsewhere

Each of these gave plausible numbers, in a program that many use, until somebody looked. For each: the public threads
or the file where it was seen, and the test that fails here when the fault is planted.

```sh
tests/faults/plant.py --plant    # plants them one by one and sees each test fail; a build of a file or two each
```

Some can be looked for from outside. A dynamic NTK that remembers gives other numbers when a long window came first:

```sh run
lengthwise train configs/ideal-reader.ini --position.scheme rotary_dynamic_ntk --run.folder runs/first
cp -r runs/first runs/then
lengthwise evaluate runs/first --evaluation.lengths 64 --evaluation.max_tokens 4096
lengthwise evaluate runs/then --evaluation.lengths "256 64" --evaluation.max_tokens 4096
cmp runs/first/evaluation/*-L64-*.safetensors runs/then/evaluation/*-L64-*.safetensors
```

"""


def link(thread: str) -> str:
    if match := re.fullmatch(r"([\w.-]+/[\w.-]+)#(\d+)", thread):
        return f"[{thread}](https://github.com/{match[1]}/issues/{match[2]})"
    repository, rest = thread.split(": ", 1)
    return f"[{repository}](https://github.com/{repository}) ({rest})"


def page() -> str:
    text = HEAD
    for number, fault in enumerate(FAULTS, 1):
        threads = ", ".join(map(link, fault.threads))
        text += (f"## {number}. {fault.title}\n\n{textwrap.fill(fault.what, 112)}\n\n"
                 f"- Seen in: {threads}\n- Test: \"{fault.test}\"\n- Planted in: `{fault.file}`\n\n")
    return text.rstrip() + "\n"


def test_names() -> set[str]:
    names = set()
    for file in (SOURCE / "tests").rglob("*_test.cpp"):
        for match in re.finditer(r'TEST_CASE\(((?:\s*"(?:[^"\\]|\\.)*")+)', file.read_text(encoding="utf-8")):
            names.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match[1])))
    return names


def check() -> list[str]:
    names, faults = test_names(), []
    for number, fault in enumerate(FAULTS, 1):
        found = (SOURCE / fault.file).read_text(encoding="utf-8").count(fault.right)
        if found != 1:
            faults.append(f"{number}: {fault.file} has the lines that are right {found} times, not once")
        if fault.right == fault.wrong:
            faults.append(f"{number}: nothing would be planted")
        if fault.test not in names:
            faults.append(f"{number}: there is no test '{fault.test}'")
    if PAGE.read_text(encoding="utf-8") != page():
        faults.append("docs/faults-elsewhere.md is not what plant.py --page writes")
    return faults


def run(*words, cwd) -> subprocess.CompletedProcess:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True)


def tree() -> Path:
    """The committed state in a tree of its own, configured and built."""
    place = SOURCE / "build" / "faults"
    if not place.exists():
        subprocess.run(["git", "worktree", "add", "--detach", str(place)], cwd=SOURCE, check=True, capture_output=True)
        (place / ".deps").symlink_to(SOURCE / ".deps")
    else:
        head = run("git", "rev-parse", "HEAD", cwd=SOURCE).stdout.strip()
        subprocess.run(["git", "checkout", "-q", "--force", "--detach", head], cwd=place, check=True)
    subprocess.run(["cmake", "--preset", "release"], cwd=place, check=True, capture_output=True)
    return place


def build(place: Path) -> bool:
    made = run("cmake", "--build", "build/release", "--target", *PROGRAMS, cwd=place)
    if made.returncode != 0:
        print(made.stdout[-2000:])
    return made.returncode == 0


def passes(place: Path, test: str) -> bool:
    name = test.replace("\\", "\\\\").replace(",", "\\,").replace("[", "\\[")
    results = [run(f"build/release/tests/{program}", name, cwd=place) for program in PROGRAMS]
    return any("All tests passed" in result.stdout for result in results)


def plant(numbers: list[int]) -> int:
    place = tree()
    if not build(place):
        return 1
    missed = 0
    for number in numbers:
        fault = FAULTS[number - 1]
        file = place / fault.file
        right = file.read_text(encoding="utf-8")
        before = passes(place, fault.test)
        file.write_text(right.replace(fault.right, fault.wrong), encoding="utf-8")
        seen = build(place) and before and not passes(place, fault.test)
        file.write_text(right, encoding="utf-8")
        missed += not seen
        print(f"{number:2} {'seen  ' if seen else 'MISSED'} {fault.title}: {fault.test}", flush=True)
        build(place)
    print(f"{len(numbers) - missed} of {len(numbers)} planted faults were seen by their tests")
    return 1 if missed else 0


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["--page"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if words[:1] == ["--plant"]:
        return plant([int(word) for word in words[1:]] or list(range(1, len(FAULTS) + 1)))
    faults = check()
    print("\n".join(faults) or f"{len(FAULTS)} faults can be planted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
