#!/usr/bin/env python3
"""`./dev check`: what a machine can check of the style. `--printed IDAST` checks only that the files
printed from the schema are as the program prints them; `--print IDAST` writes them."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRINTED = {
    "ts": ROOT / "dashboard/src/api/generated.ts",
    "markdown": ROOT / "docs/formats/telemetry.md",
    "sql": ROOT / "docs/formats/telemetry.sql",
    "openapi": ROOT / "docs/formats/openapi.json",
}


def printed(program: pathlib.Path, write: bool) -> int:
    failed = 0
    for form, file in PRINTED.items():
        text = subprocess.run([program, "schema", form], capture_output=True, text=True, check=True).stdout
        if write:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            print(f"{file.relative_to(ROOT)} is not what `idast schema {form}` prints: "
                  "run `python3 tools/check.py --print build/idast`")
            failed += 1
    print(f"IDAST-TESTS passed={len(PRINTED) - failed} failed={failed}")
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
    ok &= step("clang-tidy", ["bash", "-c", f"printf '%s\\n' {' '.join(units)} | "
                              f"xargs -P {os.cpu_count()} -n 4 clang-tidy-19 -p build/dev --quiet"])
    return 0 if ok else 1


if __name__ == "__main__":
    if sys.argv[1:2] in (["--printed"], ["--print"]):
        sys.exit(printed(pathlib.Path(sys.argv[2]), sys.argv[1] == "--print"))
    sys.exit(check())
