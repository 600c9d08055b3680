#!/usr/bin/env python3
"""What a day is: the page's days follow the site's zone, the archive's are UTC. And a server that runs past midnight
writes the day that ended into the archive."""
import datetime
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, idast_from_arguments, run_claims

DEVICE = "north"
# Thirteen hours ahead of UTC in December: its midnight is 11:00 UTC.
SITE = f"""
[[site]]
id = "hill"
name = "Hill"
lat = -36.85
lon = 174.76
time_zone = "Pacific/Auckland"
panel_w = 10
[[device]]
id = "{DEVICE}"
name = "North"
site = "hill"
"""
STEP_MS = 600_000
FIRST_MS = int(datetime.datetime(2023, 12, 19, 12, tzinfo=datetime.timezone.utc).timestamp()) * 1000
LAST_MS = int(datetime.datetime(2023, 12, 20, 23, 50, tzinfo=datetime.timezone.utc).timestamp()) * 1000


def iso(at_ms: int) -> str:
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def past() -> str:
    """A day and a half in the words of an export: 1 Wh every ten minutes."""
    lines = [{"idast_export": 1, "device": None, "from": None, "to": None, "rows": 0}]
    for seq, at_ms in enumerate(range(FIRST_MS, LAST_MS + 1, STEP_MS)):
        message = {"timestamp": at_ms, "boot": "00000000000000aa", "seq": seq, "energyWh": 100 + seq}
        lines.append({"device": DEVICE, "received": iso(at_ms), "ts": iso(at_ms), "message": message})
    lines.append({"end": True, "rows": len(lines) - 1})
    return "".join(json.dumps(line) + "\n" for line in lines)


def entries(file: pathlib.Path) -> list[dict]:
    text = subprocess.run(["zstd", "-dc", file], capture_output=True, check=True).stdout.decode()
    return [json.loads(line) for line in text.splitlines()][1:-1]


def main() -> int:
    idast = pathlib.Path(idast_from_arguments())
    with Station(idast, SITE, flags=("--linger", "20ms")) as station:
        data = station.folder / "data"
        archive = data / "archive"
        station.stop()
        text = station.folder / "past.ndjson"
        text.write_text(past())
        subprocess.run([idast, "import", "--data", data, text], check=True, stdout=subprocess.DEVNULL)
        station.start()

        def files() -> list[str]:
            return sorted(path.name for path in archive.glob("*.zst")) if archive.is_dir() else []

        def past_midnight() -> None:
            # Ten minutes before midnight only the day before is over.
            station.until("the first day is written", lambda: files() == ["2023-12-19.ndjson.zst"])
            station.publish(f"solar-tracker/{DEVICE}/telemetry", json.dumps(
                {"timestamp": time.time_ns() // 1_000_000, "boot": "00000000000000ab", "seq": 0, "energyWh": 1}))
            station.until("the second day is written",
                          lambda: files() == ["2023-12-19.ndjson.zst", "2023-12-20.ndjson.zst"])
            assert station.metrics()["idast_archive_files_total"] == 2
            said = subprocess.run([idast, "verify", "--data", data], capture_output=True, text=True)
            assert said.returncode == 0, said.stdout + said.stderr

        def archive_is_utc() -> None:
            for name, first, last in (("2023-12-19", FIRST_MS, "2023-12-19T23:50"),
                                      ("2023-12-20", None, "2023-12-20T23:50")):
                found = entries(archive / f"{name}.ndjson.zst")
                assert all(iso(entry["ts"]).startswith(name) for entry in found)
                assert iso(found[-1]["ts"]).startswith(last), found[-1]
                assert first is None or found[0]["ts"] == first
            assert len(found) == 144, len(found)

        def days_are_the_sites() -> None:
            rows = station.json(f"/api/v1/devices/{DEVICE}/energy?period=day&from={FIRST_MS}&to={LAST_MS}")["rows"]
            days = {row["start"]: row["energy_wh"] for row in rows}
            # 12:00 to 10:50 UTC has 137 steps; the step into 11:00 belongs to the next day.
            assert days == {"2023-12-19T11:00:00.000Z": 137, "2023-12-20T11:00:00.000Z": 78}, days

        return run_claims([
            ("a server that runs past midnight writes the day that ended into the archive", past_midnight),
            ("the archive's days are UTC, wherever the tracker stands", archive_is_utc),
            ("the page's days are those of the site's zone", days_are_the_sites)])


if __name__ == "__main__":
    sys.exit(main())
