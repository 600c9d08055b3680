#!/usr/bin/env python3
"""Refuses an #include that points up the house, and a clock or a thread in a room that must be told
the time. The plan of the house is layers.toml."""
import fnmatch
import pathlib
import re
import sys
import tomllib

PLAN = tomllib.loads(pathlib.Path("layers.toml").read_text())
ROOMS = PLAN["rooms"]
CLOCKED = set(PLAN["clocks"]["rooms"])
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
CLOCK = re.compile(
    r"\b(system_clock|steady_clock|high_resolution_clock)::now|\bclock_gettime\b|\bgettimeofday\b"
    r"|\bstd::(jthread|thread|async)\b|\bsleep_for\b|\bsleep_until\b|\busleep\b"
)
SUFFIXES = {".h", ".cpp"}


def room_of(path: str) -> str | None:
    return max((room for room in ROOMS if path.startswith(room + "/")), key=len, default=None)


def is_test(path: pathlib.Path) -> bool:
    return path.stem.endswith(("_test", "_fuzz", "_bench"))


def faults_of(path: pathlib.Path) -> list[str]:
    here = room_of(path.as_posix())
    text = path.read_text()
    found = []
    for target in INCLUDE.findall(text):
        if not pathlib.Path(target).exists():
            found.append(f"{path}: no such file from the root: {target}")
        there = room_of(target)
        allowed = ROOMS[here] + (["core/*"] if is_test(path) and here.startswith("core/") else [])
        if there and there != here and not any(fnmatch.fnmatch(there, a) for a in allowed):
            found.append(f"{path}: {here} may not include {there} ({target})")
    if here not in CLOCKED and not is_test(path):
        for number, line in enumerate(text.splitlines(), 1):
            if CLOCK.search(line.split("//")[0]):
                found.append(f"{path}:{number}: {here} may not ask a clock or start a thread")
    return found


def main() -> int:
    files = sorted(
        {p for room in ROOMS for p in pathlib.Path(room).rglob("*") if p.suffix in SUFFIXES}
    )
    for top in ("core", "sim", "server", "mqtt", "cli", "tools"):
        for path in pathlib.Path(top).rglob("*"):
            if path.suffix not in SUFFIXES or "node_modules" in path.parts:
                continue
            if room_of(path.as_posix()) is None:
                print(f"{path}: stands in no room of layers.toml")
                return 1
    faults = [fault for path in files for fault in faults_of(path)]
    print("\n".join(faults) or f"layers: {len(ROOMS)} rooms, {len(files)} files, one direction")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
