#!/usr/bin/env python3
"""The contract's own example, published by a foreign client at QoS 1, comes back from every way in which the
outside world may ask: the seed routes, the history and SQL."""
import datetime
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, idast_from_arguments, run_claims

DEVICE = "esp32-receiver-A1B2C3"
TOPIC = f"solar-tracker/{DEVICE}/telemetry"
EXAMPLE = """{"timestamp":1703123456789,"device_id":"esp32-receiver-A1B2C3","top":2500,"left":2300,"right":2400,"avg":2350,
 "horizontalError":-100,"verticalError":150,"tiltAngle":90,"panAngle":85,"panTarget":90,"manual":false,"steady":true,
 "powerW":8.5,"powerActualW":8.2,"tempC":34.5,"batteryPct":87.5,"batteryV":6.2,"efficiency":88.0,"energyWh":1250.5,
 "energyKWh":1.2505,"co2kg":0.5002,"trees":0.0230,"phones":104.2,"phoneMinutes":75030,"pesos":15.01,"gridPrice":12.0,
 "deviceName":"iPhone_15","mode":"live"}"""
PRINTED_STAMP = 1703123456789
COLUMNS = {
    "top": 2500, "left": 2300, "right": 2400, "avg": 2350, "horizontal_error": -100, "vertical_error": 150,
    "tilt_angle": 90, "pan_angle": 85, "pan_target": 90, "manual": 0, "steady": 1, "power_w": 8.5,
    "power_actual_w": 8.2, "temp_c": 34.5, "battery_pct": 87.5, "battery_v": 6.2, "efficiency": 88.0,
    "energy_wh": 1250.5, "energy_kwh": 1.2505, "co2_kg": 0.5002, "trees": 0.023, "phones": 104.2,
    "phone_minutes": 75030, "pesos": 15.01, "grid_price": 12.0, "device_name": "iPhone_15", "mode": "live",
    "device_id": DEVICE,
}
ORIGINAL_ORDER = ["id", "ts", "device_name", "top", "left", "right", "avg", "horizontal_error", "vertical_error",
                  "tilt_angle", "pan_angle", "pan_target", "manual", "steady", "power_w", "power_actual_w", "temp_c",
                  "battery_pct", "battery_v", "efficiency", "energy_wh", "energy_kwh", "co2_kg", "trees", "phones",
                  "phone_minutes", "pesos", "grid_price", "raw_json"]


def message(stamp: int) -> str:
    return EXAMPLE.replace(str(PRINTED_STAMP), str(stamp))


def unix_ms(text: str) -> int:
    """Of "2026-11-22T10:00:00.000Z" or of the view's "2026-11-22 10:00:00.000"."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(at.replace(tzinfo=at.tzinfo or datetime.timezone.utc).timestamp() * 1000)


def check_row(row: dict, stamp: int) -> None:
    for column, value in COLUMNS.items():
        assert row[column] == value, f"{column}: {row[column]!r} is not {value!r}"
    raw = row["raw_json"] if isinstance(row["raw_json"], dict) else json.loads(row["raw_json"])
    assert raw == json.loads(message(stamp)), raw


def main() -> int:
    with Station(idast_from_arguments()) as station:
        def stored() -> int:
            return len(station.rows("SELECT id FROM telemetry"))

        def publish(stamp: int, rows: int) -> tuple[int, int]:
            before = time.time_ns() // 1_000_000
            station.publish(TOPIC, message(stamp))
            station.until("the sample is stored", lambda: stored() == rows)
            return before, time.time_ns() // 1_000_000

        def telemetry(from_ms: int, to_ms: int) -> list[dict]:
            return station.json(f"/api/telemetry?from={from_ms}&to={to_ms}&device={DEVICE}")["data"]

        def by_unix_stamp() -> None:
            stamp = time.time_ns() // 1_000_000
            publish(stamp, 1)
            latest = station.json("/api/latest")["data"]
            check_row(latest, stamp)
            assert unix_ms(latest["ts"]) == stamp
            assert latest["id"] is not None
            rows = telemetry(stamp - 1000, stamp + 1000)
            assert len(rows) == 1
            check_row(rows[0], stamp)
            sql = dict(station.rows("SELECT * FROM telemetry")[0])
            check_row(sql, stamp)
            assert unix_ms(sql["ts"]) == stamp, sql["ts"]

        def by_uptime_stamp() -> None:
            before, after = publish(123456, 2)
            latest = station.json(f"/api/latest?device={DEVICE}")["data"]
            check_row(latest, 123456)
            assert before <= unix_ms(latest["ts"]) <= after, (before, latest["ts"], after)
            rows = telemetry(before, after + 1)
            assert len(rows) == 1
            check_row(rows[0], 123456)
            sql = dict(station.rows("SELECT * FROM telemetry ORDER BY id DESC LIMIT 1")[0])
            check_row(sql, 123456)
            assert before <= unix_ms(sql["ts"]) <= after

        def history_of_today() -> None:
            status, csv = station.get("/api/history.csv")
            assert status == 200
            header, *lines = csv.splitlines()
            assert header == "timestamp,energy_wh,battery_pct,device_name,session_min"
            today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
            line = next(l for l in lines if l.startswith(f"{int(today.timestamp())},"))
            _, energy, battery, name, session = line.split(",")
            # Both samples carry the same counter: nothing was made between them.
            assert float(energy) == 0 and float(battery) == 87.5 and name == "iPhone_15" and session == "0", line

        def as_printed() -> None:
            publish(PRINTED_STAMP, 3)
            rows = telemetry(PRINTED_STAMP, PRINTED_STAMP + 1)
            assert len(rows) == 1
            check_row(rows[0], PRINTED_STAMP)
            assert rows[0]["ts"] == "2023-12-21T01:50:56.789Z", rows[0]["ts"]
            sql = station.rows("SELECT * FROM telemetry WHERE ts BETWEEN '2023-12-21 01:50:56.789' "
                               "AND '2023-12-21 01:50:56.789'")
            assert len(sql) == 1
            check_row(dict(sql[0]), PRINTED_STAMP)

        def view_names() -> None:
            names = station.rows("SELECT * FROM telemetry LIMIT 1")[0].keys()
            assert names[:29] == ORIGINAL_ORDER, names[:29]
            plan = " ".join(r["detail"] for r in station.rows(
                "EXPLAIN QUERY PLAN SELECT * FROM telemetry WHERE ts BETWEEN '2026-01-01' AND '2026-01-02'"))
            assert "USING INDEX" in plan, plan

        def energy_of_today() -> None:
            now = time.time_ns() // 1_000_000
            for step, energy in enumerate((1251.0, 1252.25, 0.5)):  # The last one: the counter started again.
                station.publish(TOPIC, json.dumps({"timestamp": now + step, "energyWh": energy}))
            station.until("all are stored", lambda: stored() == 6)
            line = station.get(f"/api/history.csv?device={DEVICE}&days=1")[1].splitlines()[1]
            assert abs(float(line.split(",")[1]) - 2.25) < 1e-9, line

        def devices() -> None:
            data = station.json("/api/devices")["data"]
            assert [d["device_id"] for d in data] == [DEVICE]
            assert station.json("/health") == {"ok": True}

        return run_claims([
            ("a present Unix stamp is the sample's time, and every value comes back", by_unix_stamp),
            ("an uptime stamp gives the receive time, and every value comes back", by_uptime_stamp),
            ("both stand in today's line of the history", history_of_today),
            ("as printed it is a sample of 2023", as_printed),
            ("the view has the original's columns in order, and ts BETWEEN uses an index", view_names),
            ("today's energy is the sum of differences, and a fall starts a new count", energy_of_today),
            ("the device is listed and the database is healthy", devices),
        ])


if __name__ == "__main__":
    sys.exit(main())
