#!/usr/bin/env python3
"""`./dev check`: what a machine can check of the style. `--printed IDAST` checks only that the files
printed from the schema are as the program prints them; `--print IDAST` writes them."""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "docs/CONTRACT.md"
PRINTED = {
    "ts": ROOT / "dashboard/src/api/generated.ts",
    "sql": ROOT / "docs/formats/telemetry.sql",
    "openapi": ROOT / "docs/formats/openapi.json",
}
# Words that the outside world gets to see, and where they stand in the code: (file, all of it that counts,
# one word). The contract must name each.
WORDS = [
    ("server/ingest/refusal.h", r"kRefusalNames\{(.*?)\};", r'"(\w+)"'),
    ("core/base/state.h", r"kStateWords\{(.*?)\};", r'"(\w+)"'),
    ("core/base/state.h", r"kReasonWords\{(.*?)\};", r'"(\w+)"'),
    ("core/node/message.h", r"enum class Why [^{]*\{\s*none,[^\n]*\n(.*?)\};", r"^ *(\w+),"),
    *((file.relative_to(ROOT).as_posix(), r"(.*)", r'(?:\b\d{3}|\bstatus|\)), "([a-z_]+)",')
      for file in sorted((ROOT / "server/api").glob("*.cpp")) if not file.stem.endswith("_test")),
]


def schema(program: pathlib.Path, form: str) -> str:
    return subprocess.run([program, "schema", form], capture_output=True, text=True, check=True).stdout


def routes_table(openapi: str) -> str:
    lines = ["| route | | parameters |", "|---|---|---|"]
    for path, operations in json.loads(openapi)["paths"].items():
        operation = operations["get"]
        names = ", ".join(f"`{p['name']}`" for p in operation["parameters"] if p["in"] != "path")
        original = "OriginalError" in json.dumps(operation["responses"]["default"])
        about = operation["summary"] + (" *Original.*" if original else "")
        lines.append(f"| `{path}` | {about} | {names or '–'} |")
    return "\n".join(lines) + "\n"


def contract(program: pathlib.Path, text: str) -> str:
    """The contract with its printed sections as they must be."""
    sections = {"fields": schema(program, "markdown"), "routes": routes_table(schema(program, "openapi"))}
    for name, section in sections.items():
        begin, end = f"<!-- printed: {name} -->\n", f"<!-- end: {name} -->"
        before, rest = text.split(begin)
        text = before + begin + section + end + rest.split(end, 1)[1]
    return text


def words_not_named() -> list[str]:
    text = CONTRACT.read_text()
    missing = []
    for file, whole, one in WORDS:
        parts = re.findall(whole, (ROOT / file).read_text(), re.S)
        words = [word for part in parts for word in re.findall(one, part, re.M)]
        missing += [f"docs/CONTRACT.md does not name `{word}`, see {file}" for word in words if f"`{word}`" not in text]
    return missing


def printed(program: pathlib.Path, write: bool) -> int:
    faults = []
    wanted = {file: schema(program, form) for form, file in PRINTED.items()}
    wanted[CONTRACT] = contract(program, CONTRACT.read_text())
    for file, text in wanted.items():
        if write:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            faults.append(f"{file.relative_to(ROOT)} is not what the program prints: "
                          "run `python3 tools/check.py --print build/idast`")
    missing = words_not_named()
    for fault in faults + missing:
        print(fault)
    failed = len(faults) + bool(missing)
    print(f"IDAST-TESTS passed={len(wanted) + 1 - failed} failed={failed}")
    return 1 if failed else 0


def sources() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "*.h", "*.cpp"], cwd=ROOT, capture_output=True, text=True)
    return listed.stdout.split()


def step(name: str, command: list) -> bool:
    done = subprocess.run([str(c) for c in command], cwd=ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
    if done.returncode != 0:
        print(done.stdout[-8000:])
    return done.returncode == 0


def check() -> int:
    ok = step("layers", [sys.executable, "tools/layers.py"])
    ok &= step("formatting", ["clang-format-19", "--dry-run", "--Werror", *sources()])
    ok &= step("the page's types and lint", ["bash", "-c", "./dev page && cd dashboard && npm run --silent check"])
    ok &= step("configure", ["cmake", "--preset", "dev"])
    ok &= step("build the program", ["ninja", "-C", "build/dev", "idast"])
    ok &= step("printed files", [sys.executable, "tools/check.py", "--printed", "build/dev/idast"])
    units = [s for s in sources() if s.endswith(".cpp") and not s.endswith("_fuzz.cpp")]
    # The build is GCC's: clang need not know all of its warnings.
    tidy = "clang-tidy-19 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option"
    # It does not know what REQUIRE does, and a test may take its time.
    in_tests = "--checks=-bugprone-unchecked-optional-access,-performance-inefficient-vector-operation"
    tests = [unit for unit in units if unit.endswith("_test.cpp")]
    for name, files, more in (("clang-tidy", sorted(set(units) - set(tests)), ""), ("clang-tidy, tests", tests, in_tests)):
        ok &= step(name, ["bash", "-c", f"printf '%s\\n' {' '.join(files)} | "
                          f"xargs -P {os.cpu_count()} -n 4 {tidy} {more}"])
    return 0 if ok else 1


if __name__ == "__main__":
    if sys.argv[1:2] in (["--printed"], ["--print"]):
        sys.exit(printed(pathlib.Path(sys.argv[2]), sys.argv[1] == "--print"))
    sys.exit(check())
