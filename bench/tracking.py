#!/usr/bin/env python3
"""The gates of tracking, judged in one run: `./dev bench tracking [FILE...]`.

Every measured day (default: ../shared/reference/weather) is run by the hybrid law with hidden errors
(yaw ±5°, tilt ±3°, sensor mismatch ±10 %) and several seeds, once with the truth that the law models
and once with a truth that differs (sim/lab/plants/differs.toml); naive, ephemeris and oracle run beside
it. `--mount tilt_tilt` and `--plant FILE` judge another body: the same figures, but of the gates only the
one that every body has to pass. Prints one table of gates, writes every run to build/tracking.csv, and ends with 1 when a gate fails.
"""
import argparse
import concurrent.futures
import csv
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIFFERS = ROOT / "sim" / "lab" / "plants" / "differs.toml"
ERRORS = [(5, 3), (-5, 3), (5, -3), (-5, -3)]  # yaw and tilt, degrees
MISMATCH = 10  # percent
BEAM = 120  # W/m²
LAWS = "naive,ephemeris,hybrid,fixed"


def run(idast: str, file: str, yaw: int, tilt: int, seed: int, plant: pathlib.Path | None, mount: str) -> list[dict]:
    command = [idast, "lab", "--weather", file, "--law", LAWS, "--yaw-error", yaw, "--tilt-error", tilt,
               "--ldr-mismatch", MISMATCH, "--seed", seed, "--mount", mount, "--json"]
    if plant:
        command += ["--plant", plant]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"idast lab failed on {file}: {done.stderr.strip()}")
    results = json.loads(done.stdout)["results"]
    for result in results:
        result |= {"yaw": yaw, "tilt": tilt, "seed": seed, "truth": plant.stem if plant else "modelled"}
    return results


def kind_of(file: str) -> str:
    """clear, broken or overcast: by the share of daylight with a beam, and by how often the beam jumps."""
    ghi, dni = [], []
    with open(file, encoding="utf-8", errors="replace") as text:
        lines = [line for line in text if not line.startswith("#")]
    if file.endswith(".dat"):  # SURFRAD: global in column 9, direct in column 13
        rows = [line.split() for line in lines[2:]]
        pairs = [(float(row[8]), float(row[12])) for row in rows if len(row) > 12]
    else:
        pairs = [(float(row["ghi_wm2"] or 0), float(row["dni_wm2"] or 0)) for row in csv.DictReader(lines)]
    ghi, dni = [max(0.0, g) for g, _ in pairs], [max(0.0, d) for _, d in pairs]
    daylight = [i for i, light in enumerate(ghi) if light > 10]
    if not daylight:
        return "overcast"
    sunny = sum(dni[i] > BEAM for i in daylight) / len(daylight)
    ramps = sum(abs(dni[i] - dni[i - 1]) > 200 for i in daylight if i)
    if sunny < 0.1:
        return "overcast"
    return "clear" if sunny > 0.85 and ramps <= 10 else "broken"


class Gates:
    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, bool]] = []

    def check(self, name: str, values: list[float], limit: float, at_most: bool, form: str = "{:.4f}") -> None:
        """The worst of the values against the limit; no values, no gate."""
        values = [value for value in values if value is not None]
        if not values:
            return
        worst = max(values) if at_most else min(values)
        sign = "≤" if at_most else "≥"
        self.rows.append((name, f"{form.format(worst)} of {len(values)}", f"{sign} {limit:g}",
                          worst <= limit if at_most else worst >= limit))

    def report(self, name: str, values: list[float]) -> None:
        """A figure that no gate stands for: median and worst, the greatest."""
        values = sorted(value for value in values if value is not None)
        if values:
            self.rows.append((name, f"{values[-1]:.4f} of {len(values)}", f"none; median {values[len(values) // 2]:.4f}", True))

    def print(self) -> bool:
        wide = max(len(row[0]) for row in self.rows)
        for name, worst, limit, passed in self.rows:
            print(f"{'ok  ' if passed else 'FAIL'}  {name:<{wide}}  worst {worst:<18} gate {limit}")
        return all(row[3] for row in self.rows)


def judge(gates: Gates, runs: list[dict], kinds: dict[str, str]) -> None:
    hybrid = [r for r in runs if r["law"] == "hybrid"]
    naive = {(r["file"], r["yaw"], r["tilt"], r["seed"], r["truth"]): r for r in runs if r["law"] == "naive"}

    def of(truth: str, kind: str = "") -> list[dict]:
        return [r for r in hybrid if r["truth"] == truth and (not kind or kinds[r["file"]] == kind)]

    limits = {"modelled": {"clear": 0.999, "broken": 0.995, "overcast": 0.993},
              "differs": {"clear": 0.998, "broken": 0.985, "overcast": 0.975}}
    for truth, mean, p95 in (("modelled", 0.35, 0.7), ("differs", 0.5, 1.0)):
        gates.check(f"pointing mean, truth {truth}, °", [r["pointing_mean_deg"] for r in of(truth)], mean, True)
        gates.check(f"pointing p95, truth {truth}, °", [r["pointing_p95_deg"] for r in of(truth)], p95, True)
        for kind, limit in limits[truth].items():
            gates.check(f"capture, {kind}, truth {truth}", [r["capture"] for r in of(truth, kind)], limit, False)
    gates.check("capture less naive's", [r["capture"] - naive[(r["file"], r["yaw"], r["tilt"], r["seed"], r["truth"])]["capture"]
                                        for r in hybrid if r["truth"] == "modelled"], -0.007, False)
    gates.check("capture, all days and truths", [r["capture"] for r in hybrid], 0.97, False)
    gates.check("capture, at most the oracle's", [r["capture"] for r in runs if r["law"] != "fixed"], 1.001, True)
    gates.check("naive is no straw man (clear)", [r["capture"] for r in runs if r["law"] == "naive" and kinds[r["file"]] == "clear"
                                                 and r["truth"] == "modelled"], 0.90, False)
    gates.check("servo and holding / harvest", [r["servo_wh"] / r["harvest_wh"] for r in hybrid if r["harvest_wh"]], 0.01, True, "{:.5f}")
    for kind, most in (("clear", 0.02), ("broken", 0.25)):
        gates.check(f"minutes left out, {kind}", [r["pointing_excluded_minutes"] / r["pointing_minutes"] for r in hybrid
                                                 if kinds[r["file"]] == kind and r["pointing_minutes"]], most, True)
    gates.check("reacquired, with clock, s", [r["reacquire_clock_s"] for r in hybrid], 60, True, "{:.1f}")
    gates.check("reacquired, without clock, s", [r["reacquire_no_clock_s"] for r in hybrid], 300, True, "{:.1f}")
    gates.check("wind over threshold to stowed, s", [r["stow_seconds_max"] for r in hybrid], 30, True, "{:.1f}")
    gates.check("false trim after an overcast day, °", [r["trim_end_deg"] for r in hybrid if kinds[r["file"]] == "overcast"], 0.3, True)


def judge_other_body(gates: Gates, runs: list[dict], kinds: dict[str, str]) -> None:
    hybrid = [r for r in runs if r["law"] == "hybrid"]
    gates.check("capture, all days and truths", [r["capture"] for r in hybrid], 0.97, False)
    for kind in ("clear", "broken", "overcast"):
        gates.report(f"capture lost, {kind}", [1 - r["capture"] for r in hybrid if kinds[r["file"]] == kind])
    for name in ("pointing_mean_deg", "pointing_p95_deg"):
        gates.report(name, [r[name] for r in hybrid])


def beside(runs: list[dict], kinds: dict[str, str]) -> None:
    truth = "modelled" if any(r["truth"] == "modelled" for r in runs) else runs[0]["truth"]
    print(f"\n{'mean capture, truth ' + truth:<37}" + "".join(f"{law:>12}" for law in LAWS.split(",")))
    for file, kind in kinds.items():
        means = []
        for law in LAWS.split(","):
            some = [r["capture"] for r in runs if r["file"] == file and r["law"] == law and r["truth"] == truth]
            means.append(f"{sum(some) / len(some):>12.4f}")
        print(f"  {pathlib.Path(file).name:<24} {kind:<10} " + "".join(means))
    paying = [r for r in runs if r["law"] == "hybrid" and r["truth"] == truth]
    for file in kinds:
        net = [r["net_gain"] for r in paying if r["file"] == file and r["net_gain"] is not None]
        if net:
            mean = sum(net) / len(net)
            verdict = "" if mean > 0 else "   tracking is not paying here"
            print(f"  net gain over fixed, electronics and motion paid: {pathlib.Path(file).name:<22} {mean:+7.1%}{verdict}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--idast", default=str(ROOT / "build" / "release" / "idast"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--mount", choices=["az_el", "tilt_tilt"], default="az_el")
    parser.add_argument("--plant", type=pathlib.Path, help="the truth is this plant file instead of both")
    parser.add_argument("--truth", choices=["both", "modelled", "differs"], default="both")
    options = parser.parse_args()
    files = options.files or sorted(str(f) for f in (ROOT.parent / "shared/reference/weather").glob("*.csv"))
    if not files:
        print("SKIPPED: no measured days here; name some: ./dev bench tracking FILE...")
        return 0
    kinds = {file: kind_of(file) for file in files}
    other_body = bool(options.plant) or options.mount != "az_el"
    truths = [options.plant] if options.plant else {"both": [None, DIFFERS], "modelled": [None], "differs": [DIFFERS]}[options.truth]
    jobs = [(file, yaw, tilt, seed, truth) for file in files for truth in truths
            for yaw, tilt in ERRORS for seed in range(1, options.seeds + 1)]
    runs: list[dict] = []
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as cores:
        waiting = [cores.submit(run, options.idast, *job, options.mount) for job in jobs]
        for done, job in enumerate(concurrent.futures.as_completed(waiting), 1):
            runs += job.result()
            left = (time.monotonic() - began) / done * (len(jobs) - done)
            if sys.stderr.isatty():
                print(f"\r{done} of {len(jobs)} runs, {left:.0f} s left ", end="", file=sys.stderr)
    (ROOT / "build").mkdir(exist_ok=True)
    with open(ROOT / "build" / "tracking.csv", "w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, fieldnames=list(runs[0]))
        writer.writeheader()
        writer.writerows(runs)
    print(f"\n{len(jobs)} runs of {len(files)} days in {time.monotonic() - began:.0f} s; all in build/tracking.csv")
    gates = Gates()
    (judge_other_body if other_body else judge)(gates, runs, kinds)
    passed = gates.print()
    beside(runs, kinds)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
