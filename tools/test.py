#!/usr/bin/env python3
"""Builds and runs every test of the project, or of the rooms named, and counts them.

./dev test                 everything
./dev test core/wire       one room; also: layers, printed, refused, dashboard, browser, journey, crash, storm, fuzz
./dev fuzz 60              only the fuzzers, 60 s each; --runs 1000000: that many inputs each;
                           names (parser frame …) choose some; one on each core that it may use

A suite says its counts in its last lines: doctest's summary, or `IDAST-TESTS passed=N failed=N`.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "dev"
FUZZ_BUILD = ROOT / "build" / "fuzz"
IDAST = BUILD / "idast"
SUITE_SECONDS_MAX = 900  # Longer is a hang; the suite is stopped and counts as failed.
FUZZ_SECONDS_IN_TESTS = 5
STORM_SEEDS_IN_TESTS = 100
STORM_PLANT_SEEDS = 200  # By then each planted fault is found.
FUZZ_RUNS_SECONDS_MAX = 6 * 3600  # A million inputs on a slow machine, one core, every sanitizer.
GOLDEN = ROOT / "tests" / "golden"
# Which part of the poison corpus a fuzzer begins with, besides tests/golden/fuzz/NAME.
FUZZ_POISON = {"parser_fuzz": "telemetry", "status_fuzz": "telemetry", "json_reader_fuzz": "telemetry",
               "weather_fuzz": "weather", "frame_fuzz": "frame", "packets_fuzz": "packet", "url_fuzz": "target",
               "routes_fuzz": "target"}

DOCTEST = re.compile(r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")
COUNTED = re.compile(r"IDAST-TESTS passed=(\d+) failed=(\d+)")
FUZZED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.M)
SKIPPED = re.compile(r"^(?:.*\bSKIPPED\b.*)$", re.M)


def colour(text: str, code: int) -> str:
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


class Tally:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skips: list[str] = []
        self.lock = threading.Lock()  # Fuzzers run side by side.

    def run(self, name: str, command: list, cwd: pathlib.Path = ROOT, seconds_max: float = SUITE_SECONDS_MAX) -> bool:
        """Runs one suite; adds its counts. A suite that ends badly has at least one failure."""
        start = time.monotonic()
        try:
            done = subprocess.run(
                [str(part) for part in command], cwd=cwd, text=True, errors="replace",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds_max,
                env=os.environ | {"IDAST": str(IDAST)},
            )
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as slow:
            output = (slow.stdout or b"").decode(errors="replace") + "\nstopped: it took too long"
            status = -1
        counts = DOCTEST.findall(output) + COUNTED.findall(output)
        passed = sum(int(p) for p, _ in counts)
        failed = sum(int(f) for _, f in counts)
        if not counts:
            passed, failed = (1, 0) if status == 0 else (0, 1)
        elif status != 0 and failed == 0:
            failed = 1
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skips += [f"{name}: {line.strip()}" for line in SKIPPED.findall(output)]
        mark = colour("ok  ", 32) if failed == 0 else colour("FAIL", 31)
        inputs = "".join(f"  {int(count):,} inputs" for count in FUZZED.findall(output))
        print(f"{mark} {name:<28} {passed:>5} passed {failed:>3} failed {time.monotonic() - start:7.1f} s{inputs}",
              flush=True)
        if failed:
            print("\n".join("     " + line for line in output.splitlines()[-120:]), flush=True)
        return failed == 0


def run_quietly(command: list, what: str) -> None:
    """A step that must work before anything can be tested."""
    done = subprocess.run([str(c) for c in command], cwd=ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        print(done.stdout[-12000:])
        print(f"{what} failed: nothing was tested\n0 passed, 1 failed")
        sys.exit(1)


def build(preset: str, targets: list[str]) -> None:
    folder = ROOT / "build" / preset
    start = time.monotonic()
    if not (folder / "build.ninja").exists():
        run_quietly(["cmake", "--preset", preset], f"configuring {preset}")
    run_quietly(["ninja", "-C", folder, *targets], f"building {preset}")
    print(f"built {preset}: {' '.join(targets) or 'all'} in {time.monotonic() - start:.0f} s", flush=True)


def dashboard_suites(tally: Tally) -> None:
    tally.run("dashboard", ["npm", "run", "--silent", "test"], ROOT / "dashboard")
    tally.run("dashboard/check", ["npm", "run", "--silent", "check"], ROOT / "dashboard")
    tally.run("dashboard/size", ["npm", "run", "--silent", "size"], ROOT / "dashboard")


def build_fuzzers(tally: Tally, names: list[str], niceness: int = 0) -> bool:
    if not (FUZZ_BUILD / "build.ninja").exists():
        run_quietly(["cmake", "--preset", "fuzz"], "configuring fuzz")
    targets = [f"fuzz_{name}" for name in names] or ["fuzzers"]
    return tally.run("fuzz/build", ["nice", "-n", str(niceness), "ninja", "-C", FUZZ_BUILD, *targets])


def fuzz(tally: Tally, limit: str, names: list[str], seconds_max: float) -> None:
    """Every fuzzer, or those named, up to libFuzzer's `limit`: one on each core, from its kept corpus."""
    fuzzers = [f for f in sorted(FUZZ_BUILD.glob("fuzz_*")) if f.is_file() and os.access(f, os.X_OK)
               and (not names or f.name.removeprefix("fuzz_") in names)]

    def run_one(fuzzer: pathlib.Path) -> None:
        name = fuzzer.name.removeprefix("fuzz_")
        corpus = FUZZ_BUILD / "corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = [GOLDEN / "fuzz" / name, GOLDEN / "poison" / FUZZ_POISON.get(name, "none")]
        tally.run(f"fuzz/{name}",
                  [fuzzer, corpus, *(s for s in seeds if s.exists()), limit, "-rss_limit_mb=1024", "-timeout=10",
                   "-print_final_stats=1", f"-artifact_prefix={FUZZ_BUILD}/{name}-"], seconds_max=seconds_max)

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as cores:
        list(cores.map(run_one, fuzzers))


def fuzz_as_asked(tally: Tally, arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("--runs", type=int, help="inputs for each, instead of seconds")
    parser.add_argument("words", nargs="*", metavar="SECONDS | NAME", help="default: 60 s, every fuzzer")
    options = parser.parse_args(arguments)
    seconds = [int(word) for word in options.words if word.isdigit()] or [60]
    names = [f"{word.removesuffix('_fuzz')}_fuzz" for word in options.words if not word.isdigit()]
    if not build_fuzzers(tally, names):
        return
    if options.runs:
        fuzz(tally, f"-runs={options.runs}", names, FUZZ_RUNS_SECONDS_MAX)
    else:
        fuzz(tally, f"-max_total_time={seconds[0]}", names, seconds[0] + SUITE_SECONDS_MAX)


def rooms_with_tests() -> list[str]:
    folders = {p.parent.relative_to(ROOT).as_posix() for top in ("core", "sim", "mqtt", "server", "cli", "tests")
               for p in (ROOT / top).rglob("*_test.cpp")}
    return sorted(folders)


def scripts(folder: str) -> list[pathlib.Path]:
    return sorted(p for p in (ROOT / "tests" / folder).glob("*.py") if not p.name.startswith("_"))


def main(arguments: list[str]) -> int:
    tally = Tally()
    start = time.monotonic()
    if arguments[:1] == ["--fuzz"]:
        fuzz_as_asked(tally, arguments[1:])
        return finish(tally, start)

    wanted = set(arguments)
    rooms = rooms_with_tests()
    special = {"layers", "printed", "refused", "dashboard", "browser", "journey", "crash", "storm", "fuzz"}
    unknown = wanted - special - set(rooms)
    if unknown:
        print(f"no tests in: {', '.join(sorted(unknown))}\nrooms: {' '.join(sorted(special) + rooms)}")
        return 2
    everything = not wanted

    def asked(name: str) -> bool:
        return everything or name in wanted

    if asked("layers") or wanted:
        tally.run("layers", [sys.executable, "tools/layers.py"])
    needs_program = any(asked(n) for n in ("printed", "browser", "journey", "crash"))
    if needs_program or asked("dashboard") or asked("storm"):
        run_quietly(["./dev", "page"], "building the page")
    chosen = [room for room in rooms if asked(room)]
    targets = [f"test_{room.replace('/', '_')}" for room in chosen]
    if needs_program:
        targets += ["idast", "loadgen", "truth"]
    if asked("storm"):
        targets += ["storm"]
    if targets:
        build("dev", targets)
    with concurrent.futures.ThreadPoolExecutor(2) as aside:
        # The suites wait much, those of processes most: what they leave of the machine builds the fuzzers.
        processes = aside.submit(run_processes, tally, asked)
        fuzzers = aside.submit(build_fuzzers, tally, [], 19) if asked("fuzz") else None
        run_suites(tally, asked, chosen)
        processes.result()
        if fuzzers and fuzzers.result():
            fuzz(tally, f"-max_total_time={FUZZ_SECONDS_IN_TESTS}", [], SUITE_SECONDS_MAX)
    return finish(tally, start)


def run_processes(tally: Tally, asked: typing.Callable[[str], bool]) -> None:
    for folder in ("journey", "crash"):
        for script in scripts(folder) if asked(folder) else []:
            tally.run(f"tests/{folder}/{script.stem}", [sys.executable, script, IDAST])


def run_suites(tally: Tally, asked: typing.Callable[[str], bool], rooms: list[str]) -> None:
    for room in rooms:
        tally.run(room, [BUILD / f"test_{room.replace('/', '_')}"])
    if asked("refused"):
        tally.run("tests/refused", [sys.executable, "tests/refused/refused.py"])
    if asked("printed"):
        tally.run("printed files", [sys.executable, "tools/check.py", "--printed", IDAST])
    if asked("dashboard"):
        dashboard_suites(tally)
    if asked("browser"):
        tally.run("dashboard/browser", [sys.executable, "tests/browser.py", IDAST])
    if asked("storm"):
        tally.run("tests/storm", [BUILD / "storm", "--kept", ROOT / "tests" / "storm" / "seeds.txt", "--seeds",
                                  STORM_SEEDS_IN_TESTS])
        tally.run("tests/storm/plants", [BUILD / "storm", "--plants", "--seeds", STORM_PLANT_SEEDS])


def finish(tally: Tally, start: float) -> int:
    for skip in tally.skips:
        print(colour(f"skipped: {skip}", 33))
    print(f"{time.monotonic() - start:.0f} s\n{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
