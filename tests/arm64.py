#!/usr/bin/env python3
"""idast of another architecture, under an emulator: it says its version, knows where the sun is, and takes in,
stores and shows a sample.

arm64.py EMULATOR [FLAG...] IDAST
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from station import ROOT, Station, run_claims

COMMAND = sys.argv[1:]
NATIVE = ROOT / "build" / "release" / "idast"
PLACES = """utc,lat_deg,lon_deg,alt_m,pressure_hPa,temp_C
2026-06-21T04:00:00Z,14.6,121.0,50,1010,30
2026-12-21T09:30:00Z,52.5,13.4,34,1015,2
"""
# Sums of products are rounded once on arm64 and twice here.
DEGREES_APART_MAX = 0.0002
DEVICE = "esp32-receiver-A1B2C3"


def said(*words: str, program: list[str] = COMMAND, given: str = "") -> str:
    return subprocess.run([*program, *words], check=True, capture_output=True, text=True, input=given).stdout


def it_says_its_version() -> None:
    assert said("--version") == said("--version", program=[NATIVE])


def it_finds_the_sun_where_this_machine_does() -> None:
    for method in ("fast", "spa"):
        ask = ("sun", "--csv", "-", "--method", method)
        here = said(*ask, program=[NATIVE], given=PLACES).splitlines()
        there = said(*ask, given=PLACES).splitlines()
        assert len(here) == len(there) == 3 and here[0] == there[0], there
        for row_here, row_there in zip(here[1:], there[1:]):
            for a, b in zip(row_here.split(",")[1:], row_there.split(",")[1:]):
                assert abs(float(a) - float(b)) <= DEGREES_APART_MAX, f"{row_there}\nhere:\n{row_here}"


class Emulated(Station):
    """A station whose server runs under the emulator: Station starts one program, so it gets a script."""

    def __init__(self) -> None:
        super().__init__(COMMAND[-1])
        script = self.folder / "idast"
        script.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in COMMAND) + ' "$@"\n')
        script.chmod(0o755)
        self.idast = script


def it_stores_and_shows_a_sample() -> None:
    with Emulated() as station:
        assert station.json("/health") == {"ok": True}
        message = {"device_id": DEVICE, "powerW": 8.5, "boot": "00112233445566ff", "seq": 0, "uptimeMs": 350}
        station.publish(f"solar-tracker/{DEVICE}/telemetry", json.dumps(message))
        station.until("the sample is stored", lambda: station.json("/api/latest")["data"] is not None
                      and station.json("/api/latest")["data"]["id"] is not None)
        assert station.json("/api/latest")["data"]["power_w"] == 8.5
        assert station.rows("SELECT power_w FROM telemetry")[0]["power_w"] == 8.5
        assert station.get("/")[0] == 200, "the page"
        assert station.stop() == 0


if __name__ == "__main__":
    sys.exit(run_claims([
        ("it says its version", it_says_its_version),
        ("it finds the sun where this machine does", it_finds_the_sun_where_this_machine_does),
        ("it takes in, stores and shows a sample", it_stores_and_shows_a_sample)]))
