#!/usr/bin/env python3
"""What the routes and the page say of two days is what the twin really made: through a radio that loses one frame
in ten, two restarts of the receiver, ten minutes without a broker, and one message in ten that comes
again, later and in any order. Energy to 0.5 %, and what follows from it; nothing measured is marked as an estimate.

page_truth.py IDAST [--seed N]
"""
import argparse
import datetime
import json
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import ROOT, Station, run_claims

DEVICE = "esp32-receiver-7217B0"
ENERGY_ERROR_MAX = 0.005
PRICE, GRID_FACTOR, PHONE_WH = 12.40, 0.6836, 12.0
LOCAL_HOUR = 15  # Of the site, whenever the test runs: today's sun has been up for long.


class Place:
    """A site where it is about LOCAL_HOUR now; solar time and the zone's time agree there."""

    def __init__(self, now: datetime.datetime) -> None:
        self.hours_east = (LOCAL_HOUR - now.hour + 12) % 24 - 12
        zone = datetime.timezone(datetime.timedelta(hours=self.hours_east))
        local = now.astimezone(zone)
        self.midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        self.yesterday = self.midnight - datetime.timedelta(days=1)
        self.longitude = 15 * self.hours_east
        # The tz database counts Etc/GMT zones westwards.
        self.zone_name = f"Etc/GMT{-self.hours_east:+d}" if self.hours_east else "Etc/GMT"

    def configuration(self) -> str:
        return f"""[[site]]
id = "truth"
name = "Truth"
lat = 13.0
lon = {self.longitude}
time_zone = "{self.zone_name}"
currency = "PHP"
price_per_kwh = {PRICE}
grid_factor = {GRID_FACTOR}

[[device]]
id = "{DEVICE}"
name = "Truth"
site = "truth"
"""


def unix_ms(at: datetime.datetime) -> int:
    return round(at.timestamp() * 1000)


class Conversation:
    """A child process that is spoken with in lines."""

    def __init__(self, command: list, cwd: pathlib.Path = ROOT) -> None:
        self.process = subprocess.Popen([str(part) for part in command], cwd=cwd, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def hear(self, expected: str = "") -> str:
        line = self.process.stdout.readline().strip()
        assert line and expected in ("", line), f"heard {line!r}, not {expected!r}"
        return line

    def say(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)


def number(text: str) -> float:
    return float(re.search(r"-?[\d,]+(?:\.\d+)?", text)[0].replace(",", ""))


def watt_hours(text: str) -> float:
    return number(text) * (1000 if "kWh" in text else 1)


def last_place(text: str) -> float:
    """What the last digit shown is worth."""
    digits = re.search(r"-?[\d,]+(?:\.(\d+))?", text)[1] or ""
    return 10.0 ** -len(digits) * (1000 if "kWh" in text else 1)


def close(what: str, value: float, truth: float, rounding: float = 0.0) -> float:
    error = abs(value - truth) / truth
    assert abs(value - truth) <= truth * ENERGY_ERROR_MAX + rounding, f"{what}: {value} is not {truth:.3f} ({error:.2%})"
    return error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    now = datetime.datetime.now(datetime.timezone.utc)
    place = Place(now)
    began = time.monotonic()
    with Station(options.idast, place.configuration()) as station:
        life = Conversation([options.idast.parent / "truth", "--mqtt", station.broker.url, "--device", DEVICE,
                             "--longitude", place.longitude, "--from", unix_ms(place.yesterday),
                             "--midnight", unix_ms(place.midnight), "--to", unix_ms(now), "--seed", options.seed])
        life.hear("outage")
        # Stopped, not killed: of a killed broker's last second, which is lost, this play makes an hour.
        station.broker.stop()
        life.say()
        life.hear("mend")
        station.broker.start()
        life.say()
        life.hear("watch")
        page = Conversation(["node", "tests/figures.mjs", f"http://127.0.0.1:{station.http_port}", DEVICE],
                            ROOT / "dashboard")
        page.hear("open")
        life.say()
        truth = json.loads(life.hear())
        life.end()
        station.until("everything is stored", lambda: station.metrics()["idast_samples_not_yet_stored"] == 0)
        page.say()
        shown = json.loads(page.hear())
        page.end()
        metrics = station.metrics()
        errors: list[float] = []

        def routes() -> None:
            days = station.json(f"/api/v1/devices/{DEVICE}/energy?period=day")["rows"]
            errors.append(close("energy of today", days[-1]["energy_wh"], truth["today_wh"]))
            errors.append(close("energy of yesterday", days[-2]["energy_wh"], truth["yesterday_wh"]))
            csv = station.get(f"/api/history.csv?device={DEVICE}&days=2")[1].splitlines()[1:]
            assert [int(line.split(",")[0]) for line in csv] == [
                int(place.yesterday.timestamp()), int(place.midnight.timestamp())], csv
            errors.append(close("history, yesterday", float(csv[0].split(",")[1]), truth["yesterday_wh"]))
            errors.append(close("history, today", float(csv[1].split(",")[1]), truth["today_wh"]))
            hours = station.json(f"/api/v1/devices/{DEVICE}/energy?period=hour")["rows"]
            errors.append(close("today's hours", sum(row["energy_wh"] for row in hours), truth["today_wh"]))

        def latest() -> None:
            row = station.json(f"/api/latest?device={DEVICE}")["data"]
            kwh = truth["counter_wh"] / 1000
            errors.append(close("counter", row["energy_wh"], truth["counter_wh"]))
            errors.append(close("phones", row["phones"], truth["counter_wh"] / PHONE_WH))
            errors.append(close("CO2", row["co2_kg"], kwh * GRID_FACTOR))
            errors.append(close("savings", row["pesos"], kwh * row["grid_price"]))
            assert row["estimated"] in (None, []), row["estimated"]

        def figures(name: str) -> None:
            page_shows = shown[name]
            tiles = page_shows["tiles"]
            today, kwh = truth["today_wh"], truth["counter_wh"] / 1000
            price = station.json(f"/api/latest?device={DEVICE}")["data"]["grid_price"]

            def check(what: str, text: str, true: float, read=number) -> None:
                close(f"{what} ({text})", read(text), true, last_place(text) / 2)

            check("today", tiles["Energy today"]["value"], today, watt_hours)
            check("in all", tiles["Energy today"]["note"], truth["counter_wh"], watt_hours)
            check("sentence", page_shows["sentence"].split("so far")[0], today, watt_hours)
            check("phones today", page_shows["phones"], today / PHONE_WH)
            check("phones", tiles["Phone charges"]["value"], truth["counter_wh"] / PHONE_WH)
            check("phones, note", tiles["Phone charges"]["note"], today / PHONE_WH)
            check("saved", tiles["Saved"]["value"], kwh * price)
            check("saved today", tiles["Saved"]["note"], today / 1000 * price)
            check("CO2", tiles["CO₂ avoided"]["value"], kwh * GRID_FACTOR)
            check("CO2 today", tiles["CO₂ avoided"]["note"], today / 1000 * GRID_FACTOR)
            check("strip, today", page_shows["days"][-1][1], today, watt_hours)
            check("strip, yesterday", page_shows["days"][-2][1], truth["yesterday_wh"], watt_hours)
            assert not [t for t, tile in tiles.items() if tile["estimated"]], "a measurement is marked as an estimate"

        def faults_happened() -> None:
            """Otherwise the rest proves nothing."""
            assert 0.08 < truth["frames_lost"] / truth["frames_sent"] < 0.12, truth
            assert truth["redelivered"] > 0.08 * truth["published"], truth
            assert metrics["idast_samples_absorbed_total"] > 0.05 * metrics["idast_samples_stored_total"], metrics
            assert metrics["idast_mqtt_connects_total"] >= 2
            boots = station.rows("SELECT count(DISTINCT boot_id) AS n FROM telemetry")[0]["n"]
            assert boots == 3, boots
            gap = station.rows("SELECT ts FROM telemetry ORDER BY ts")
            times = [datetime.datetime.fromisoformat(row["ts"]) for row in gap]
            longest = max(b - a for a, b in zip(times, times[1:]))
            assert datetime.timedelta(minutes=10) <= longest < datetime.timedelta(minutes=12), longest

        status = run_claims([
            ("every fault happened", faults_happened),
            ("the routes give both days' energy", routes),
            ("the newest row's counter, phones, CO₂ and savings are true", latest),
            ("a page that was open all along shows the truth", lambda: figures("watched")),
            ("a page opened afterwards shows the truth", lambda: figures("fresh")),
            ("the browser had nothing to complain of", lambda: figures_quiet(shown)),
        ])
        print(f"site at {place.zone_name}; truth {truth}; worst error of a route {max(errors, default=1):.3%}; "
              f"{time.monotonic() - began:.1f} s")
    return status


def figures_quiet(shown: dict) -> None:
    assert shown["complaints"] == [], shown["complaints"]


if __name__ == "__main__":
    sys.exit(main())
