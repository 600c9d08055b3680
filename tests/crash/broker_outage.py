#!/usr/bin/env python3
"""The broker is killed and stays away while the twin's trackers live on: their receivers remember, and once it is back
every sample is stored, once, in its own time, and nothing was given up.

broker_outage.py IDAST [--seconds 15] [--trackers 3]
"""
import argparse
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, run_claims

PERIOD_SECONDS = 0.35
# The receivers send 50 samples a second again; the session comes back within its longest pause of 10 s.
SECONDS_PER_SAMPLE_BEHIND = 1 / 50
RECONNECT_SECONDS_MAX = 30

SEQS = """SELECT device_id, boot_id, count(*) AS n, count(DISTINCT seq) AS different, min(COALESCE(seq_from, seq)) AS first,
 max(seq) AS last, sum(seq - COALESCE(seq_from, seq) + 1) AS accounted, max(ts) AS newest
 FROM telemetry GROUP BY device_id, boot_id"""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--trackers", type=int, default=3)
    return parser.parse_args()


def main() -> int:
    options = parse()
    with Station(options.idast) as station:
        twin = subprocess.Popen(
            [station.idast, "twin", "--mqtt", station.broker.url, "--devices", str(options.trackers),
             "--fill-days", "0", "--data", station.folder / "twin"],
            stdout=subprocess.DEVNULL, stderr=(station.folder / "twin.log").open("wb"), start_new_session=True)
        try:
            station.until("all trackers are stored", lambda: len(station.rows(SEQS)) == options.trackers)
            station.broker.process.send_signal(signal.SIGKILL)
            station.broker.process.wait()
            before = {row["device_id"]: row["last"] for row in station.rows(SEQS)}
            time.sleep(options.seconds)  # The outage itself; nothing is waited for.
            station.broker.start()
            back = time.monotonic()
            behind = options.seconds / PERIOD_SECONDS
            deadline = back + RECONNECT_SECONDS_MAX + behind * SECONDS_PER_SAMPLE_BEHIND * 2

            def whole(row) -> bool:
                return row["accounted"] == row["last"] + 1 and row["last"] - before[row["device_id"]] > behind

            while time.monotonic() < deadline and not all(whole(row) for row in station.rows(SEQS)):
                time.sleep(0.2)
            took = time.monotonic() - back
            rows = station.rows(SEQS)
            lost = station.rows("SELECT reason, count(*) AS n FROM loss GROUP BY reason")
        finally:
            twin.terminate()
            twin.wait(30)

    for row in rows:
        print(f"{row['device_id']}: {row['last'] + 1} samples made, {row['accounted']} accounted for in {row['n']} rows")
    print(f"away for {options.seconds:.0f} s; whole again {took:.1f} s after the broker was back")

    def every_sample_is_stored() -> None:
        missing = {row["device_id"]: row["last"] + 1 - row["accounted"] for row in rows if not whole(row)}
        assert len(rows) == options.trackers and not missing, f"missing, by tracker: {missing}"

    def none_is_stored_twice() -> None:
        doubled = [row["device_id"] for row in rows if row["n"] != row["different"]]
        assert not doubled, f"stored twice: {doubled}"

    def none_was_given_up() -> None:
        assert not lost, f"given up: {[tuple(row) for row in lost]}"

    return run_claims([("every sample made during the outage is stored", every_sample_is_stored),
                       ("no sample is stored twice", none_is_stored_twice),
                       ("no sample was given up", none_was_given_up)])


if __name__ == "__main__":
    sys.exit(main())
