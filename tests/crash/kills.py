#!/usr/bin/env python3
"""kill -9 at random moments under load, of the server, of the broker, of both at once; then an independent checker
compares what the publishers know with what the store holds.

kills.py IDAST [--serve 3] [--broker 2] [--both 2] [--rate 2000] [--devices 20] [--seed N]

"Acknowledged" is named by `stored`; where only the server is killed, also what the broker acknowledged. A killed
broker forgets up to a second of what it took over: the publishers' memory is what brings it back.
"""
import argparse
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from _checker import judge
from station import Station, run_claims

# Between a recovery and the next kill. Our MQTT client waits longer and longer for a broker whose connections do not
# live for 5 s, so that two sessions which take over one client id do not storm; a broker is left that long.
PAUSE_SECONDS = {"serve": (0.4, 1.6), "broker": (5.2, 7.0), "both": (5.2, 7.0)}
RECOVERY_SECONDS_MAX = 2.0
CONFIRM_SECONDS_MAX = 180  # loadgen gives up after 120 s.


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--serve", type=int, default=3, help="kills of the server")
    parser.add_argument("--broker", type=int, default=2, help="kills of the broker")
    parser.add_argument("--both", type=int, default=2, help="kills of both")
    parser.add_argument("--rate", type=int, default=2000, help="messages a second")
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    return parser.parse_args()


def stored_since_start(station: Station) -> float:
    return station.metrics().get("idast_samples_stored_total", 0)


def kill_once(station: Station, what: str) -> float:
    """Kills, starts again; seconds from when the restarted part accepts connections until new rows are committed."""
    connects = station.metrics().get("idast_mqtt_connects_total", 0)
    if what != "broker":
        station.kill()
    if what != "serve":
        station.broker.kill()
        station.broker.start()  # Returns when it accepts connections.
    if what != "broker":
        station.launch()
        station.until("the server accepts connections", lambda: station.get("/live")[0] == 200)
        connects = 0
    start = time.monotonic()
    # What was in the server when only the broker died is committed without it: that is no recovery yet.
    station.until("the server is connected", lambda: station.metrics().get("idast_mqtt_connects_total", 0) > connects)
    before = stored_since_start(station) if what == "broker" else 0
    station.until("samples are stored again", lambda: stored_since_start(station) > before)
    return time.monotonic() - start


def series(options: argparse.Namespace, what: str, kills: int, chance: random.Random) -> None:
    with Station(options.idast) as station:
        remembered = station.folder / "remembered"
        load = subprocess.Popen(
            [options.idast.parent / "loadgen", "--mqtt", station.broker.url, "--rate", str(options.rate),
             "--devices", str(options.devices), "--seconds", "86400", "--remember", remembered,
             "--seed", str(options.seed)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        recovery = []
        try:
            station.until("samples are stored", lambda: stored_since_start(station) > 0)
            for _ in range(kills):
                time.sleep(chance.uniform(*PAUSE_SECONDS[what]))  # The random moment; nothing is asserted about it.
                recovery.append(kill_once(station, what))
            load.terminate()
            said = load.communicate(timeout=CONFIRM_SECONDS_MAX)[0].strip().splitlines()
        finally:
            load.kill()
            load.wait()
        verdict = judge(remembered, station.database)
        figures = station.metrics()
        print(f"{what} × {kills}: {verdict}; recovery p50 {sorted(recovery)[len(recovery) // 2]:.2f} s, "
              f"most {max(recovery):.2f} s; {' | '.join(said[-2:])}; "
              f"{figures.get('idast_samples_absorbed_total', 0):.0f} redeliveries absorbed since the last start",
              flush=True)
        assert not verdict.lost_confirmed, f"lost although `stored` named them: {verdict.lost_confirmed[:3]}"
        assert not verdict.doubled, f"stored twice: {verdict.doubled[:3]}"
        assert not verdict.invented, f"never sent: {verdict.invented[:3]}"
        if what == "serve":
            assert not verdict.lost_acknowledged, f"lost although acknowledged: {verdict.lost_acknowledged[:3]}"
        assert not verdict.never_stored, f"still not stored at the end: {verdict.never_stored[:3]}"
        assert verdict.stored > options.rate * kills * PAUSE_SECONDS[what][0] / 2, "hardly anything was sent"
        assert max(recovery) <= RECOVERY_SECONDS_MAX, f"recovery took {max(recovery):.2f} s"


def main() -> int:
    options = parse()
    chance = random.Random(options.seed)
    claims = [(f"kill -9 of {what} × {kills} at {options.rate} msg/s loses and doubles nothing (seed {options.seed})",
               lambda what=what, kills=kills: series(options, what, kills, chance))
              for what, kills in (("serve", options.serve), ("broker", options.broker), ("both", options.both)) if kills]
    return run_claims(claims)


if __name__ == "__main__":
    sys.exit(main())
