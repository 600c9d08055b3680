#!/usr/bin/env python3
"""Every reading rule of the contract through a real broker: nothing crashes, nothing blocks, and the counters say
what happened. After each message a good one must still come through at once."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, idast_from_arguments, run_claims

DEVICE = "esp32-receiver-0000FF"
TOPIC = f"solar-tracker/{DEVICE}/telemetry"
SQL_TEXT = "'); DROP TABLE sample; --"


def main() -> int:
    with Station(idast_from_arguments(), flags=("--linger", "20ms")) as station:
        sent = 0

        def good_one() -> None:
            """A plain sample that must be stored whatever came before it."""
            nonlocal sent
            sent += 1
            station.publish(TOPIC, json.dumps({"top": sent, "mode": "probe"}))
            station.until("a good sample after it is stored", lambda: station.rows(
                f"SELECT count(*) AS n FROM telemetry WHERE mode = 'probe' AND top = {sent}")[0]["n"] == 1)

        def refused(reason: str, payload: bytes | str, topic: str = TOPIC) -> None:
            name = f'idast_messages_refused_total{{reason="{reason}"}}'
            before = station.metrics().get(name, 0)
            rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
            station.publish(topic, payload)
            good_one()
            assert station.metrics().get(name, 0) == before + 1, f"{name} did not count"
            assert station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"] == rows + 1, "it was stored"

        def stored(payload: bytes | str, field_refusals: tuple = (), duplicates: int = 0) -> dict:
            """The row of a message that is taken, after checking what was counted."""
            before = station.metrics()
            station.publish(TOPIC, payload)
            good_one()
            after = station.metrics()
            for key in field_refusals:
                name = f'idast_field_refused_total{{key="{key}"}}'
                assert after.get(name, 0) == before.get(name, 0) + 1, f"{name} did not count"
            total = sum(v - before.get(k, 0) for k, v in after.items() if k.startswith("idast_field_refused_total"))
            assert total == len(field_refusals), f"{total} fields refused, not {len(field_refusals)}"
            name = "idast_duplicate_keys_total"
            assert after.get(name, 0) - before.get(name, 0) == duplicates, "duplicate keys"
            return dict(station.rows("SELECT * FROM telemetry ORDER BY id DESC LIMIT 2")[1])

        def wrong_types() -> None:
            row = stored('{"top":"2500","manual":1,"powerW":[8.5],"deviceName":7,"tempC":{"c":3},"left":2300}',
                         ("top", "manual", "powerW", "deviceName", "tempC"))
            assert row["left"] == 2300
            assert all(row[c] is None for c in ("top", "manual", "power_w", "device_name", "temp_c")), row
            assert json.loads(row["raw_json"]) == {"top": "2500", "manual": 1, "powerW": [8.5], "deviceName": 7,
                                                   "tempC": {"c": 3}, "left": 2300}

        def bare_words() -> None:
            row = stored('{"powerW":nan,"tempC":-inf,"batteryV":Infinity,"efficiency":NaN,"energyWh":1e400,"top":5}',
                         ("powerW", "tempC", "batteryV", "efficiency", "energyWh"))
            assert row["top"] == 5 and row["power_w"] is None and row["energy_wh"] is None
            assert json.loads(row["raw_json"]) == {"powerW": None, "tempC": None, "batteryV": None,
                                                   "efficiency": None, "energyWh": None, "top": 5}

        def out_of_range() -> None:
            row = stored(json.dumps({"top": 2**31, "batteryPct": 12345.6, "deviceName": "x" * 65, "boot": "zz",
                                     "seq": -1, "uptimeMs": 4.5, "right": -2**31}),
                         ("top", "batteryPct", "deviceName", "boot", "seq", "uptimeMs"))
            assert row["top"] is None and row["battery_pct"] is None and row["device_name"] is None
            assert row["right"] == -2**31

        def sql_text() -> None:
            text = {key: SQL_TEXT for key in ("deviceName", "mode", "state", "stateReason", "unknownKey")}
            row = stored(json.dumps(text | {"state": SQL_TEXT[:16]}), ("stateReason",) if len(SQL_TEXT) > 32 else ())
            assert row["device_name"] == SQL_TEXT and row["mode"] == SQL_TEXT
            assert json.loads(row["raw_json"])["unknownKey"] == SQL_TEXT

        def duplicate_keys() -> None:
            row = stored('{"top":1,"left":2,"top":3}', duplicates=1)
            assert row["top"] == 3 and row["left"] == 2
            assert json.loads(row["raw_json"]) == {"top": 3, "left": 2}

        def unknown_and_null() -> None:
            sent_object = {"top": None, "fanRpm": 1200.25, "nested": {"a": [1, None, {"b": "c"}]}, "right": 4}
            row = stored(json.dumps(sent_object))
            assert row["top"] is None and row["right"] == 4
            assert json.loads(row["raw_json"]) == sent_object, row["raw_json"]

        def finer_than_the_column() -> None:
            row = stored('{"powerW":8.123456,"top":2500.4,"left":1e3}')
            assert (row["power_w"], row["top"], row["left"]) == (8.12, 2500, 1000)
            assert json.loads(row["raw_json"]) == {"powerW": 8.123456, "top": 2500.4, "left": 1000}

        def large_but_allowed() -> None:
            row = stored(json.dumps({"top": 1, "padding": "x" * 65_000}))
            assert len(json.loads(row["raw_json"])["padding"]) == 65_000

        def clock_ahead() -> None:
            before = station.metrics().get("idast_clock_ahead_total", 0)
            stored('{"timestamp":4102444800000,"top":9}')
            assert station.metrics()["idast_clock_ahead_total"] == before + 1
            assert station.rows("SELECT count(*) AS n FROM telemetry WHERE ts > '2090'")[0]["n"] == 0

        def absent_and_negative_stamps() -> None:
            for stamp in ("null", "-5", '"yesterday"', "nan"):
                rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
                station.publish(TOPIC, f'{{"timestamp":{stamp},"top":1}}')
                good_one()
                assert station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"] == rows + 2, stamp
            assert station.rows("SELECT count(*) AS n FROM telemetry WHERE ts < '2026'")[0]["n"] == 0

        def still_alive() -> None:
            assert station.process.poll() is None
            assert station.json("/health") == {"ok": True}
            assert station.metrics().get("idast_samples_not_yet_stored", 0) == 0

        deep = "{\"a\":" * 10_000 + "1" + "}" * 10_000
        shallow = "{\"a\":" * 15 + "{}" + "}" * 15
        too_deep = "{\"a\":" * 16 + "{}" + "}" * 16
        return run_claims([
            ("text that is not JSON is refused", lambda: refused("not_json", "hello")),
            ("an empty message is refused", lambda: refused("not_json", "")),
            ("half a message is refused", lambda: refused("not_json", '{"top":25')),
            ("garbage between good values is refused", lambda: refused("not_json", '{"top":[1,,2 nonsense]}')),
            ("a list is refused", lambda: refused("not_object", "[1,2,3]")),
            ("64 KiB and a byte is refused", lambda: refused(
                "too_large", '{"a":"' + "x" * (65_536 - 8 + 1) + '"}')),
            ("100 kB is refused", lambda: refused("too_large", '{"a":"' + "x" * 100_000 + '"}')),
            ("bad UTF-8 is refused", lambda: refused("bad_utf8", b'{"deviceName":"\xc3\x28"}')),
            ("depth 10 000 is refused", lambda: refused("too_deep", deep)),
            ("depth 17 is refused", lambda: refused("too_deep", too_deep)),
            ("depth 16 is taken", lambda: stored(shallow)),
            ("another device's id is refused", lambda: refused(
                "foreign_device", '{"device_id":"esp32-receiver-FFFFFF","top":1}')),
            ("a device id with foreign characters is refused", lambda: refused(
                "bad_device_id", '{"top":1}', "solar-tracker/bad id$/telemetry")),
            ("a device id of 65 characters is refused", lambda: refused(
                "bad_device_id", '{"top":1}', f"solar-tracker/{'x' * 65}/telemetry")),
            ("an empty device id is refused", lambda: refused("bad_device_id", '{"top":1}', "solar-tracker//telemetry")),
            ("wrong types cost their fields only", wrong_types),
            ("bare nan, inf and 1e400 are null", bare_words),
            ("numbers and text beyond their columns cost their fields only", out_of_range),
            ("SQL text in every string is only text", sql_text),
            ("of duplicate keys the last wins", duplicate_keys),
            ("unknown keys and nulls come back", unknown_and_null),
            ("a number finer than its column is rounded there and kept in raw_json", finer_than_the_column),
            ("65 000 bytes are taken", large_but_allowed),
            ("a stamp in the future becomes the receive time", clock_ahead),
            ("absent, negative and foolish stamps become the receive time", absent_and_negative_stamps),
            ("after all this the server is alive and nothing waits", still_alive),
        ])


if __name__ == "__main__":
    sys.exit(main())
