#!/usr/bin/env python3
"""Memory and CPU of the server with 100 trackers at 350 ms, against the limits of the README.

memory.py IDAST [--seconds 60]
"""
import argparse
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from station import Station

DEVICES = 100
PERIOD_MS = 350
RSS_MAX_MB = 64


def status_kb(pid: int, key: str) -> int:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    rate = round(DEVICES * 1000 / PERIOD_MS)
    with Station(options.idast) as station:
        before = cpu_seconds(station.process.pid)
        load = subprocess.run(
            [options.idast.resolve().parent / "loadgen", "--mqtt", station.broker.url, "--devices", str(DEVICES),
             "--rate", str(rate), "--seconds", str(options.seconds)], capture_output=True, text=True)
        pid = station.process.pid
        peak = status_kb(pid, "VmHWM") / 1024
        cpu = (cpu_seconds(pid) - before) / options.seconds
        station.until("all is stored", lambda: station.metrics().get("idast_samples_not_yet_stored", 0) == 0)
        rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
        size = sum(f.stat().st_size for f in station.database.parent.glob("idast.db*"))
    print(load.stdout.strip())
    print(f"{'figure':<34}{'value':>10}{'limit':>8}{'ratio':>8}")
    print(f"{'peak RSS of serve, MB':<34}{peak:>10.1f}{RSS_MAX_MB:>8}{peak / RSS_MAX_MB:>8.2f}")
    print(f"{'CPU of serve, share of one core':<34}{cpu:>10.3f}")
    print(f"{'rows stored':<34}{rows:>10}")
    print(f"{'bytes on disk a row (with WAL)':<34}{size / max(rows, 1):>10.0f}")
    return 0 if peak <= RSS_MAX_MB else 1


if __name__ == "__main__":
    sys.exit(main())
