#!/usr/bin/env python3
"""kill -9 of the server at random moments under load: every sample that the broker took over (PUBACK to the
publisher) is stored exactly once, and the server is back at once.

serve_kill.py IDAST [--kills 3] [--rate 2000] [--devices 20] [--seed N]
"""
import argparse
import collections
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, run_claims

SECONDS_BETWEEN_KILLS = (0.4, 1.6)
SETTLE_SECONDS = 2.0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--rate", type=int, default=2000, help="messages a second")
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    return parser.parse_args()


def acknowledged_in(record: pathlib.Path) -> list[tuple[str, str, int]]:
    rows = (line.split() for line in record.read_text().splitlines())
    return [(device, boot, int(seq)) for device, boot, seq in rows]


def main() -> int:
    options = parse()
    chance = random.Random(options.seed)
    pauses = [chance.uniform(*SECONDS_BETWEEN_KILLS) for _ in range(options.kills)]
    back_after: list[float] = []
    with Station(options.idast) as station:
        record = station.folder / "acknowledged"
        load = subprocess.Popen(
            [options.idast.parent / "loadgen", "--mqtt", station.broker.url, "--rate", str(options.rate),
             "--devices", str(options.devices), "--seconds", "86400", "--record", record, "--seed", str(options.seed)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for pause in pauses:
            time.sleep(pause)  # The random moment; nothing is asserted about it.
            station.kill()
            start = time.monotonic()
            station.start()
            back_after.append(time.monotonic() - start)
        time.sleep(SETTLE_SECONDS)
        load.terminate()
        said = load.communicate(timeout=60)[0].strip()
        acknowledged = acknowledged_in(record)

        def stored_count() -> int:
            return station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]

        def everything_stored_once() -> None:
            station.until("what was acknowledged is stored", lambda: stored_count() >= len(acknowledged))
            stored = collections.Counter(
                (r["device_id"], r["boot_id"], r["seq"])
                for r in station.rows("SELECT device_id, boot_id, seq FROM telemetry"))
            missing = [key for key in acknowledged if stored[key] == 0]
            doubled = [key for key, times in stored.items() if times > 1]
            assert not missing, f"{len(missing)} acknowledged samples are missing, such as {missing[:3]}"
            assert not doubled, f"{len(doubled)} samples are stored more than once, such as {doubled[:3]}"
            assert len(acknowledged) > options.kills * options.rate * SECONDS_BETWEEN_KILLS[0] / 2, said

        status = run_claims([
            (f"kill -9 × {options.kills} at {options.rate} msg/s loses and doubles nothing (seed {options.seed})",
             everything_stored_once)])
        absorbed = station.metrics().get("idast_samples_absorbed_total", 0)
        print(f"{said}\n{len(acknowledged)} acknowledged, {stored_count()} stored, {absorbed:.0f} redeliveries absorbed "
              f"since the last start; ready again after {max(back_after, default=0):.2f} s at most")
    return status


if __name__ == "__main__":
    sys.exit(main())
