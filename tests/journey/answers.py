#!/usr/bin/env python3
"""Every answer has the shape that openapi.json says, key for key: what people and programs read there is written
beside the code that answers, not printed from it."""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, idast_from_arguments, run_claims

DEVICE = "loadgen-000007-0000"
CONFIGURATION = f"""
[[site]]
id = "roof"
name = "Roof"
lat = 13.75
lon = 121.05
time_zone = "Asia/Manila"
panel_w = 10
[[device]]
id = "{DEVICE}"
name = "North"
site = "roof"
"""
HOUR_MS = 3_600_000
# Keys that an answer may leave out, by the schema's words ("absent when …") or because an error names no field.
MAY_BE_ABSENT = {"spool_waiting_bytes", "field"}


class Shapes:
    def __init__(self, document: dict):
        self.paths = document["paths"]
        self.schemas = document["components"]["schemas"]
        self.used: set[str] = set()

    def faults(self, value, schema: dict, at: str) -> list[str]:
        """What of the value the schema does not say, or says otherwise."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            self.used.add(name)
            return self.faults(value, self.schemas[name], at)
        if "anyOf" in schema:
            found = [self.faults(value, one, at) for one in schema["anyOf"]]
            return [] if not all(found) else min(found, key=len)
        if "const" in schema:
            return [] if value == schema["const"] else [f"{at}: {value!r} is not {schema['const']!r}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{at}: {value!r} is none of {schema['enum']}"]
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(self.is_a(value, name) for name in types):
            return [f"{at}: {json.dumps(value)[:60]} is not {' or '.join(types)}"]
        if isinstance(value, dict):
            return self.faults_of_object(value, schema, at)
        if isinstance(value, list):
            return [fault for i, item in enumerate(value) for fault in self.faults(item, schema["items"], f"{at}[{i}]")]
        return []

    def faults_of_object(self, value: dict, schema: dict, at: str) -> list[str]:
        if "additionalProperties" in schema:
            return [f for key, item in value.items()
                    for f in self.faults(item, schema["additionalProperties"], f"{at}.{key}")]
        if "properties" not in schema:
            return []  # Any object: what a device sent.
        said = schema["properties"]
        faults = [f"{at}.{key} is not described" for key in value.keys() - said.keys()]
        faults += [f"{at}.{key} is missing" for key in said.keys() - value.keys() - MAY_BE_ABSENT]
        return faults + [f for key in value.keys() & said.keys() for f in self.faults(value[key], said[key], f"{at}.{key}")]

    @staticmethod
    def is_a(value, name: str) -> bool:
        if name == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        if name == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        kinds = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}
        return isinstance(value, kinds[name])


def main() -> int:
    with Station(idast_from_arguments(), CONFIGURATION, flags=("--linger", "20ms")) as station:
        shapes = Shapes(station.json("/api/v1/openapi.json"))
        now = time.time_ns() // 1_000_000
        for step in range(120):  # Two hours by the minute, in the light of noon or in the dark.
            station.publish(f"solar-tracker/{DEVICE}/telemetry", json.dumps({
                "timestamp": now - (119 - step) * 60_000, "powerW": 6.5, "energyWh": 100 + step / 10, "batteryPct": 80,
                "azimuthDeg": 180, "elevationDeg": 60, "panelVoltageV": 18.0, "panelCurrentmA": 361, "mode": "auto",
                "deviceName": "phone"}))
        station.publish("solar-tracker/plain/telemetry", json.dumps({"top": 1}))
        station.until("all are stored", lambda: station.rows("SELECT count(*) AS n FROM sample")[0]["n"] == 121)
        device = f"/api/v1/devices/{DEVICE}"
        questions = {
            "/api/v1/devices/{id}": [device, "/api/v1/devices/plain"],
            "/api/latest": ["", f"?device={DEVICE}", "?device=unknown"],
            "/api/v1/devices/{id}/samples": [
                f"{device}/samples?from={now - 2 * HOUR_MS}&to={now}&points=60&fields=power_w,battery_pct,manual"],
            "/api/v1/devices/{id}/energy": [f"{device}/energy?period={p}" for p in ("hour", "day", "month")],
            "/api/v1/devices/{id}/gain": [f"{device}/gain?period={p}" for p in ("hour", "day")],
            "/api/v1/devices/{id}/sky": [f"{device}/sky"],
        }

        def every_answer() -> None:
            faults = []
            for pattern, operation in shapes.paths.items():
                content = operation["get"]["responses"]["200"]["content"]
                schema = content.get("application/json", {}).get("schema")
                for question in questions.get(pattern, [pattern]) if schema else []:
                    path = question if question.startswith("/") else pattern + question
                    faults += shapes.faults(station.json(path), schema, path)
            assert not faults, "\n  ".join(["", *faults[:20]])

        def every_error() -> None:
            for path, name in (("/api/v1/devices/unknown", "Error"), (f"{device}/samples?from=x", "Error"),
                               ("/api/telemetry?from=x", "OriginalError")):
                status, body = station.get(path)
                assert 400 <= status < 500, f"{path}: {status}"
                schema = {"$ref": f"#/components/schemas/{name}"}
                faults = shapes.faults(json.loads(body), schema, path)
                assert not faults, faults

        def every_schema() -> None:
            # A backlog is shown for seconds while it comes in.
            unused = shapes.schemas.keys() - shapes.used - {"Backfill"}
            assert not unused, f"no answer used {sorted(unused)}"

        return run_claims([
            ("every answer has the keys and types that openapi.json says", every_answer),
            ("so have errors", every_error),
            ("every shape that is described was seen", every_schema),
        ])


if __name__ == "__main__":
    sys.exit(main())
