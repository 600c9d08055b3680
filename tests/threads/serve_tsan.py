#!/usr/bin/env python3
"""The server under the thread sanitizer: 1000 trackers, 50 live streams of which some read slowly and some hang up,
every route asked all the time, a broker that is stopped and killed, and SIGTERM in the middle of it. Any report of
a race, a lock order that could deadlock, or a thread left behind fails.

serve_tsan.py IDAST [--seconds 90] [--rate 600]
"""
import argparse
import asyncio
import collections
import os
import pathlib
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, run_claims

DEVICES = 1000
STREAMS, SLOW, FLEETING = 35, 10, 5
ASKING = 4
BROKER_LIVES = (8.0, 14.0)  # Seconds until the broker's next end.
STOP_SECONDS_MAX = 60  # The server gives itself 5 s, and the sanitizer makes it ten times slower.
ROUTES = ["/health", "/live", "/ready", "/metrics", "/", "/api/latest", "/api/telemetry?limit=2000", "/api/devices",
          "/api/history.csv?days=2", "/api/v1/devices", "/api/v1/devices/{id}", "/api/v1/devices/{id}/samples?points=200",
          "/api/v1/devices/{id}/energy?period=hour", "/api/v1/devices/{id}/sky", "/api/v1/openapi.json",
          "/api/v1/devices/nobody", "/nothing"]


class Crowd:
    """Everyone who wants something of the server at once, on one thread of ours."""

    def __init__(self, port: int, devices: list[str], seed: int) -> None:
        self.port, self.devices = port, devices
        self.chance = random.Random(seed)
        self.events, self.answers = 0, collections.Counter()

    async def open(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return reader, writer

    async def stream(self, pause: float, life: float) -> None:
        """Reads events; `pause` after each piece makes a slow reader, `life` ends it."""
        while True:
            some = ",".join(self.chance.sample(self.devices, 5))
            target = self.chance.choice(["/api/v1/stream", f"/api/v1/stream?devices={some}",
                                         "/api/v1/stream?fields=power_w,energy_wh"])
            try:
                reader, writer = await self.open(target)
                ends = time.monotonic() + life
                while time.monotonic() < ends and (piece := await reader.read(4096 if pause else 1 << 20)):
                    self.events += piece.count(b"\n\n")
                    await asyncio.sleep(pause)
                writer.close()
            except OSError:
                pass
            await asyncio.sleep(0.2)

    async def ask(self) -> None:
        while True:
            target = self.chance.choice(ROUTES).replace("{id}", self.chance.choice(self.devices))
            try:
                reader, writer = await self.open(target)
                head = await reader.readuntil(b"\r\n\r\n")
                self.answers[head.split()[1].decode()] += 1
                while await reader.read(1 << 20):
                    pass
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                pass
            await asyncio.sleep(0.02)

    async def live(self, seconds: float, broker) -> None:
        tasks = [asyncio.create_task(self.stream(0.0, 1e9)) for _ in range(STREAMS)]
        tasks += [asyncio.create_task(self.stream(0.5, 1e9)) for _ in range(SLOW)]
        tasks += [asyncio.create_task(self.stream(0.0, 0.3)) for _ in range(FLEETING)]
        tasks += [asyncio.create_task(self.ask()) for _ in range(ASKING)]
        ends = time.monotonic() + seconds
        killed = False
        while time.monotonic() < ends:
            await asyncio.sleep(self.chance.uniform(*BROKER_LIVES))
            killed = not killed
            await asyncio.to_thread(broker.kill if killed else broker.stop)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(broker.start)
        await asyncio.sleep(3.0)  # So that the end comes under full load.
        for task in tasks:
            task.cancel()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path, help="built with: cmake --preset tsan")
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--rate", type=int, default=600, help="messages a second, of all trackers together")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    symbols = subprocess.run(["nm", "-D", options.idast], capture_output=True, text=True).stdout
    if "__tsan_init" not in symbols and "libtsan" not in subprocess.run(
            ["ldd", options.idast], capture_output=True, text=True).stdout:
        sys.exit(f"{options.idast} was not built with the thread sanitizer")
    station = Station(options.idast, flags=("--linger", "200ms"))
    reports = station.folder / "tsan"
    os.environ["TSAN_OPTIONS"] = f"log_path={reports} second_deadlock_stack=1 history_size=4"
    with station:
        record = station.folder / "acknowledged"
        load = subprocess.Popen(
            [options.idast.resolve().parent / "loadgen", "--mqtt", station.broker.url, "--rate", str(options.rate),
             "--devices", str(DEVICES), "--seconds", "86400", "--seed", str(options.seed), "--record", record],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        devices = [f"loadgen-{options.seed & 0xffffff:06X}-{i:04d}" for i in range(DEVICES)]
        crowd = Crowd(station.http_port, devices, options.seed)
        asyncio.run(crowd.live(options.seconds, station.broker))
        metrics = station.metrics()
        began = time.monotonic()
        station.process.terminate()
        try:
            status = station.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            status = None
        stopped = time.monotonic() - began
        load.terminate()
        load.communicate(timeout=60)
        told = "".join(path.read_text(errors="replace") for path in sorted(station.folder.glob("tsan.*")))
        warnings = collections.Counter(re.findall(r"SUMMARY: ThreadSanitizer: (.*)", told))

        def no_report() -> None:
            assert not told, "\n".join([*(f"{n} × {what}" for what, n in warnings.most_common()), told[:12000]])

        def load_was_real() -> None:
            assert metrics["idast_samples_stored_total"] > options.rate * options.seconds / 4, metrics
            assert metrics["idast_live_streams_total"] >= STREAMS + SLOW + FLEETING
            assert metrics["idast_mqtt_connects_total"] >= 3
            assert crowd.answers["200"] > 10 * options.seconds ** 0.5, crowd.answers

        def ended() -> None:
            assert status == 0, f"status {status} after {stopped:.1f} s\n{station.log()[-2000:]}"

        outcome = run_claims([("the thread sanitizer has nothing to report", no_report),
                              ("the load was real", load_was_real),
                              ("SIGTERM under load ends the server cleanly", ended)])
        print(f"{metrics['idast_samples_stored_total']:.0f} samples stored, {crowd.events} events on "
              f"{metrics['idast_live_streams_total']:.0f} streams, {metrics['idast_live_batches_dropped_total']:.0f} "
              f"batches dropped for slow readers, {sum(crowd.answers.values())} answers {dict(crowd.answers)}, "
              f"{metrics['idast_mqtt_connects_total']:.0f} connections to the broker, stopped in {stopped:.1f} s, "
              f"{sum(warnings.values())} reports")
    return outcome


if __name__ == "__main__":
    sys.exit(main())
