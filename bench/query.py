#!/usr/bin/env python3
"""Answers a second of the routes that both the original and we have, on the same messages, by the same load tool.

query.py IDAST [--seconds 8] [--connections 32]
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
import processes  # noqa: E402
from original import Original  # noqa: E402
from results import Results  # noqa: E402
from station import Station, broker  # noqa: E402

DEVICES = 100
MESSAGES = 20_000
FILL_RATE = 1_000  # What the original can store too.
FILL_SECONDS_MAX = 120
ROUTES = {"/health": 5, "/api/latest": 10}
OURS_ONLY = ("/api/v1/devices", "/api/telemetry?limit=100")


def fill(options, url: str, count) -> None:
    subprocess.run([options.idast.parent / "loadgen", "--mqtt", url, "--devices", str(DEVICES), "--rate", str(FILL_RATE),
                    "--seconds", str(MESSAGES // FILL_RATE), "--seed", "1"], check=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + FILL_SECONDS_MAX
    last, now = -1, count()
    while now != last:  # Until nothing is added any more.
        assert time.monotonic() < deadline, "the messages were not stored"
        time.sleep(2)
        last, now = now, count()


def fetch(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def measure(options, url: str, cpu) -> tuple[float, float, float]:
    """Answers a second, the p99 in ms, and CPU seconds an answer. Every answer must be a 2xx."""
    before = cpu()
    done = subprocess.run(["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency", url],
                          check=True, capture_output=True, text=True).stdout
    used = cpu() - before
    assert "Non-2xx" not in done and "Socket errors" not in done, f"{url}:\n{done}"
    answers = int(re.search(r"(\d+) requests in", done)[1])
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    return rate, float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit], used / answers


def measure_original(options, folder: pathlib.Path) -> dict[str, tuple[float, float, float]]:
    carrier = broker.Broker(folder / "mosquitto", broker.free_port()).start()
    try:
        with Original(folder / "original", carrier.url) as original:
            fill(options, carrier.url, original.stored)
            base = f"http://127.0.0.1:{original.http_port}"
            assert fetch(f"{base}/health") == {"ok": True}
            assert fetch(f"{base}/api/latest")["data"]["power_w"] is not None
            return {route: measure(options, base + route, original.cpu_seconds) for route in ROUTES}
    finally:
        carrier.stop()


def measure_ours(options) -> dict[str, tuple[float, float, float]]:
    with Station(options.idast) as station:
        fill(options, station.broker.url, lambda: station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"])
        base = f"http://127.0.0.1:{station.http_port}"
        assert fetch(f"{base}/health") == {"ok": True}
        latest = fetch(f"{base}/api/latest")["data"]
        assert latest["power_w"] is not None and latest["id"] is not None, "the newest row is committed"
        return {route: measure(options, base + route, lambda: processes.cpu_seconds(station.process.pid))
                for route in (*ROUTES, *OURS_ONLY)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    options.idast = options.idast.resolve()
    with Results("query") as results, tempfile.TemporaryDirectory(prefix="idast-bench-") as temporary:
        theirs = measure_original(options, pathlib.Path(temporary))
        ours = measure_ours(options)
        about = f"wrk, 1 thread, {options.connections} connections, {options.seconds} s"
        for route, goal in ROUTES.items():
            results.add(f"{route}: answers/s, ours / Express", ours[route][0] / theirs[route][0], at_least=goal,
                        about=about)
            results.add(f"{route}: answers/s, Express", theirs[route][0], about=f"p99 {theirs[route][1]:.1f} ms")
        for route, (rate, p99_ms, cpu) in ours.items():
            results.add(f"{route}: answers/s, ours", rate, about=f"p99 {p99_ms:.1f} ms, {cpu * 1e6:.0f} µs CPU each")
    return 0 if results.held else 1


if __name__ == "__main__":
    sys.exit(main())
