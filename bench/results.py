"""Figures against their goals: one table on the terminal, and a section of bench/results.md."""
import dataclasses
import datetime
import os
import pathlib
import re
import subprocess

FILE = pathlib.Path(__file__).resolve().parent / "results.md"
HEAD = """# Measured

Written by `./dev bench`; each part replaces its own section. A ratio is the figure over its goal where less is
better, and the goal's inverse where more is better: up to 1.00 the goal holds.
"""


@dataclasses.dataclass
class Figure:
    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    about: str = ""

    @property
    def ratio(self) -> float | None:
        if self.at_most is not None:
            return self.value / self.at_most
        if self.at_least is not None:
            return self.at_least / self.value if self.value else float("inf")
        return None

    @property
    def goal(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def holds(self) -> bool:
        return self.ratio is None or self.ratio <= 1

    @property
    def shown(self) -> str:
        magnitude = abs(self.value)
        digits = 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2 if magnitude >= 0.1 else 4
        return f"{self.value:,.{digits}f}".replace(",", " ") + (f" {self.unit}" if self.unit else "")


class Results:
    """`with Results("ingest") as results: results.add(...)`; written when the block ends, also by an error. What is
    not the `whole` part is only printed: a section comes from one run."""

    def __init__(self, part: str, whole: bool = True) -> None:
        self.part = part
        self.whole = whole
        self.figures: list[Figure] = []
        self.load_before = os.getloadavg()[0]

    def __enter__(self) -> "Results":
        return self

    def __exit__(self, *_) -> None:
        if self.figures and self.whole:
            self.write()

    def add(self, name: str, value: float, unit: str = "", at_most: float | None = None,
            at_least: float | None = None, about: str = "") -> None:
        figure = Figure(name, value, unit, at_most, at_least, about)
        self.figures.append(figure)
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        print(f"{figure.name:<58}{figure.shown:>16}{figure.goal:>10}{ratio:>7}", flush=True)

    @property
    def held(self) -> bool:
        return all(figure.holds for figure in self.figures)

    def write(self) -> None:
        text = FILE.read_text() if FILE.exists() else HEAD
        kept = re.sub(rf"\n## {self.part}\n.*?(?=\n## |\Z)", "", text, flags=re.S).rstrip("\n")
        FILE.write_text(f"{kept}\n\n{self.section()}")

    def section(self) -> str:
        lines = [f"## {self.part}", "", f"{machine()}; {datetime.date.today()}, commit {commit()}; load average "
                 f"{self.load_before:.1f} before, {os.getloadavg()[0]:.1f} after.", "",
                 "| figure | value | goal | ratio | how |", "|---|---:|---:|---:|---|"]
        for f in self.figures:
            ratio = "" if f.ratio is None else f"{f.ratio:.2f}" if f.holds else f"**{f.ratio:.2f}**"
            lines.append(f"| {f.name} | {f.shown} | {f.goal} | {ratio} | {f.about} |")
        return "\n".join(lines) + "\n"


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), os.uname().machine)
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores of {model}, {memory_gb:.0f} GB"


def commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=FILE.parent, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
