#!/usr/bin/env python3
"""docs/UPGRADE.md, done as it says: a station of the original design moves over and back. The original's database is a
dump as mysqldump prints it; what must come out is worked out here, from the original's rows alone."""
import collections
import csv
import datetime
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import ROOT, Station, idast_from_arguments, run_claims

DEVICE = "esp32-receiver-A1B2C3"
# Column, message key, digits behind the point (None: text, -1: boolean).
FIELDS = [("device_name", "deviceName", None), ("top", "top", 0), ("left", "left", 0), ("right", "right", 0),
          ("avg", "avg", 0), ("horizontal_error", "horizontalError", 0), ("vertical_error", "verticalError", 0),
          ("tilt_angle", "tiltAngle", 0), ("pan_angle", "panAngle", 0), ("pan_target", "panTarget", 0),
          ("manual", "manual", -1), ("steady", "steady", -1), ("power_w", "powerW", 2),
          ("power_actual_w", "powerActualW", 2), ("temp_c", "tempC", 1), ("battery_pct", "batteryPct", 1),
          ("battery_v", "batteryV", 2), ("efficiency", "efficiency", 1), ("energy_wh", "energyWh", 3),
          ("energy_kwh", "energyKWh", 6), ("co2_kg", "co2kg", 4), ("trees", "trees", 4), ("phones", "phones", 3),
          ("phone_minutes", "phoneMinutes", 0), ("pesos", "pesos", 2), ("grid_price", "gridPrice", 2)]
NAMES = ["iPhone_15", "O'Brien's \"phone\", \\new\n", "Ünï 🌞", None, ""]
ROWS = 400
ROWS_A_STATEMENT = 150
STEP_MS = 637_000  # Some 400 of them are three days.


def message(i: int, at_ms: int) -> dict:
    """What a tracker in the field sent; now and then without a sensor, and once from the start of its counter."""
    energy_wh = round(1000 + i * 1.125 if i < 300 else (i - 300) * 1.125, 3)
    sample = {"timestamp": at_ms, "top": 2500 - i, "left": 2300, "right": 2400, "avg": 2350, "horizontalError": -100,
              "verticalError": 150 - i, "tiltAngle": 90, "panAngle": i % 180, "panTarget": 90, "manual": i % 7 == 0,
              "steady": True, "powerW": round(8.5 + i * 0.01, 2), "powerActualW": 8.2, "tempC": -0.5,
              "batteryPct": round(50 + i * 0.1, 1), "batteryV": 6.2, "efficiency": 88.0, "energyWh": energy_wh,
              "energyKWh": round(energy_wh / 1000, 6), "co2kg": 0.5002, "trees": 0.023, "phones": 104.2,
              "phoneMinutes": 75030, "pesos": 15.01, "gridPrice": 12.0, "deviceName": NAMES[i % len(NAMES)],
              "mode": "live"}
    if i % 11 == 0:
        sample |= {"powerActualW": None, "firmware": {"of": [i, None]}}
        del sample["tempC"]
    return sample


def column(sample: dict, key: str, digits: int | None) -> str | None:
    """What the original's INSERT left in the column, as MySQL shows it."""
    value = sample.get(key)
    if value is None or digits is None:
        return value
    return str(int(value)) if digits <= 0 else f"{value:.{digits}f}"


def quoted(text: str) -> str:
    for raw, escaped in (("\\", "\\\\"), ("'", "\\'"), ('"', '\\"'), ("\n", "\\n"), ("\0", "\\0")):
        text = text.replace(raw, escaped)
    return f"'{text}'"


def literal(text: str | None, is_text: bool) -> str:
    return "NULL" if text is None else quoted(text) if is_text else text


class Original:
    """The table of the station that moves."""

    def __init__(self, now_ms: int) -> None:
        self.samples = []
        for i in range(ROWS):
            at_ms = now_ms - (ROWS - i) * STEP_MS
            self.samples.append((i + 1, at_ms, message(i, at_ms)))

    def dump(self) -> str:
        kinds = {None: "varchar(64)", -1: "tinyint(1)", 0: "int(11)"}
        lines = ["-- MySQL dump 10.19  Distrib 10.11, for Linux", "/*!40101 SET NAMES utf8mb4 */;",
                 "/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;", "/*!40103 SET TIME_ZONE='+00:00' */;", "",
                 "DROP TABLE IF EXISTS `telemetry`;", "CREATE TABLE `telemetry` (",
                 "  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,",
                 "  `ts` timestamp(3) NULL DEFAULT current_timestamp(3),"]
        lines += [f"  `{name}` {kinds.get(digits, f'decimal(12,{digits})')} DEFAULT NULL," for name, _, digits in FIELDS]
        lines += ["  `raw_json` longtext DEFAULT NULL CHECK (json_valid(`raw_json`)),", "  PRIMARY KEY (`id`),",
                  "  KEY `idx_ts` (`ts`)", ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;", "LOCK TABLES `telemetry` WRITE;"]
        for first in range(0, ROWS, ROWS_A_STATEMENT):
            rows = []
            for number, at_ms, sample in self.samples[first:first + ROWS_A_STATEMENT]:
                cells = [str(number), quoted(sql_time(at_ms))]
                cells += [literal(column(sample, key, digits), digits is None) for _, key, digits in FIELDS]
                cells.append(quoted(json.dumps(sample, ensure_ascii=False)))
                rows.append(f"({','.join(cells)})")
            lines.append(f"INSERT INTO `telemetry` VALUES {','.join(rows)};")
        return "\n".join([*lines, "UNLOCK TABLES;", "-- Dump completed"]) + "\n"

    def rows(self) -> list[dict]:
        """As the original's /api/telemetry says them."""
        answer = []
        for _, at_ms, sample in self.samples:
            row = {"ts": iso_time(at_ms), "raw_json": sample}
            for name, key, digits in FIELDS:
                text = column(sample, key, digits)
                row[name] = text if text is None or digits is None else float(text)
            answer.append(row)
        return answer

    def history(self) -> str:
        """The fielded back end's daily lines, by UTC days: no site is configured."""
        days = collections.defaultdict(lambda: {"energy": 0.0, "battery": [], "name": "", "times": []})
        before = None
        for _, at_ms, sample in self.samples:
            day = days[at_ms // 86_400_000]
            energy_wh = sample["energyWh"]
            if before is not None:  # A fall starts a new count.
                day["energy"] += energy_wh - before if energy_wh >= before else energy_wh
            before = energy_wh
            day["battery"].append(round(sample["batteryPct"] * 10))
            day["name"] = sample["deviceName"] or day["name"]
            day["times"].append(at_ms)
        lines = ["timestamp,energy_wh,battery_pct,device_name,session_min"]
        for day, sums in sorted(days.items()):
            name = "".join(" " if c in ',\n\r"' else c for c in sums["name"])
            lines.append(f"{day * 86_400},{sums['energy']:.3f},{sum(sums['battery']) / len(sums['battery']) / 10:.1f},{name},"
                         f"{(sums['times'][-1] - sums['times'][0]) // 60_000}")
        return "\n".join(lines) + "\n"


def iso_time(at_ms: int) -> str:
    at = datetime.datetime.fromtimestamp(at_ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def sql_time(at_ms: int) -> str:
    return iso_time(at_ms)[:-1].replace("T", " ")


class Moved(Station):
    """The server as the old back end was started: by the original's environment names, without a flag for them."""

    def start(self) -> None:
        log = (self.folder / "serve.log").open("ab")
        own = {"PORT": str(self.http_port), "MQTT_BROKER_URL": self.broker.url, "INGEST_ENABLED": "true"}
        self.process = subprocess.Popen([self.idast, "serve", "--data", self.folder / "data"], stdout=log, stderr=log,
                                        env=os.environ | own, start_new_session=True)
        self.until("the server is ready", self.ready)


def run(*words, status: int = 0, environment: dict | None = None) -> str:
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | (environment or {}))
    said = done.stdout + done.stderr
    assert done.returncode == status, f"{' '.join(map(str, words))}: {done.returncode} {said[-2000:]}"
    return said


def main() -> int:
    idast = pathlib.Path(idast_from_arguments())
    # At a noon, UTC: no day is cut by the moment at which the test runs.
    now_ms = int(datetime.datetime.now(datetime.timezone.utc).timestamp()) // 86_400 * 86_400_000 + 1
    original = Original(now_ms)
    with Moved(idast) as station:
        data = station.folder / "data"
        live = original.samples[-1][2]

        def beside_the_old_one() -> None:
            # Both get every message: the newest of the dump came here by MQTT as well.
            station.publish(f"solar-tracker/{DEVICE}/telemetry", json.dumps(live))
            station.until("it is stored", lambda: station.metrics()["idast_samples_stored_total"] == 1)

        def the_past_is_taken() -> None:
            station.stop()
            dump = station.folder / "telemetry.sql"
            dump.write_text(original.dump())
            said = run(idast, "import", "--data", data, "--device", DEVICE, dump)
            assert f"samples taken: {ROWS - 1}\n" in said and "time and values: 1\n" in said, said
            said = run(idast, "import", "--data", data, "--device", DEVICE, dump)
            assert "samples taken: 0\n" in said and f"time and values: {ROWS}\n" in said, said
            assert "nothing is wrong" in run(idast, "verify", "--data", data)
            station.start()

        def telemetry_is_equal() -> None:
            answer = station.json(f"/api/telemetry?from={original.samples[0][1]}&to={now_ms}&limit=20000")
            expected = original.rows()
            assert answer["ok"] and answer["count"] == ROWS, answer["count"]
            for i, (row, wanted) in enumerate(zip(answer["data"], expected)):
                for name, value in wanted.items():
                    assert row[name] == value, f"row {i}: {name} is {row[name]!r}, was {value!r}"
                assert row["device_id"] == DEVICE
            part = station.json(f"/api/telemetry?from={iso_time(original.samples[10][1])}&to="
                                f"{iso_time(original.samples[19][1])}&device={DEVICE}")
            assert [row["ts"] for row in part["data"]] == [row["ts"] for row in expected[10:20]]
            assert station.json("/api/latest")["data"]["raw_json"] == live

        def history_is_equal() -> None:
            said = station.get("/api/history.csv?days=60")[1]
            assert said == original.history(), f"{said}\nnot\n{original.history()}"

        def mysql_is_named() -> None:
            said = run(idast, "serve", "--data", station.folder / "other", status=2,
                       environment={"MYSQL_HOST": "db.example", "MYSQL_USER": "u"})
            assert "MYSQL_HOST" in said and "sqlite:PATH" in said, said

        def way_back() -> None:
            file = station.folder / "since.csv"
            run(idast, "export", "csv", "--data", data, "--from", sql_time(original.samples[100][1]), "--out", file)
            with file.open(newline="") as text:
                rows = list(csv.reader(text))
            assert rows[0][:29] == ["id", "ts", *(name for name, _, _ in FIELDS), "raw_json"], rows[0]
            by_time = sorted(rows[1:], key=lambda row: row[1])
            assert len(by_time) == ROWS - 100
            for row, (_, at_ms, sample) in zip(by_time, original.samples[100:]):
                assert row[1] == sql_time(at_ms), row[1]
                for cell, (name, key, digits) in zip(row[2:], FIELDS):
                    value = column(sample, key, digits)
                    same = cell == (value or "") if digits is None or value is None else float(cell) == float(value)
                    assert same, f"{name}: {cell!r} was {value!r}"
                assert json.loads(row[28]) == sample

        def page_names_what_was_done() -> None:
            page = (ROOT / "docs" / "UPGRADE.md").read_text()
            for words in ("idast import --data", "--device", "idast verify --data", "idast export csv", "PORT",
                          "MQTT_BROKER_URL", "INGEST_ENABLED", "MYSQL_HOST", "mysqldump --single-transaction"):
                assert words in page, words

        return run_claims([
            ("beside the old back end, by its environment names, it takes what comes", beside_the_old_one),
            ("a dump is taken once, however often, with what had come by MQTT", the_past_is_taken),
            ("/api/telemetry answers as the original did, all 29 columns", telemetry_is_equal),
            ("/api/history.csv answers as the original's rows say", history_is_equal),
            ("a MySQL in the environment is named, not ignored", mysql_is_named),
            ("the way back: the CSV holds the original's columns and messages", way_back),
            ("the page has the commands that were run here", page_names_what_was_done)])


if __name__ == "__main__":
    sys.exit(main())
