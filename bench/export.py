#!/usr/bin/env python3
"""What an owner waits for: one tracker's day at 350 ms out as text and in again, rows a second and memory; and what the
day takes in the archive.

export.py IDAST [--rows 246857]
"""
import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from results import Results  # noqa: E402
from station import Station  # noqa: E402

DAY_ROWS = 246_857  # Every 350 ms.
ROWS_GOAL = 300_000
RATE = 8_000  # As fast as they are stored without a queue.
STORED_SECONDS_MAX = 120


def measured(*words) -> tuple[float, float, float]:
    """Seconds, the most memory it had in MB, and seconds of a core."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{words}: {status}"
    return time.monotonic() - start, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime


def fill(station: Station, rows: int) -> None:
    subprocess.run([station.idast.parent / "loadgen", "--mqtt", station.broker.url, "--devices", "1", "--rate",
                    str(RATE), "--seconds", str(rows // RATE + 1), "--seed", "1"], check=True,
                   stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + STORED_SECONDS_MAX
    while station.rows("SELECT count(*) AS n FROM sample")[0]["n"] < rows:
        assert time.monotonic() < deadline, "the samples were not stored"
        time.sleep(0.5)


def archive_bytes(station: Station, text: pathlib.Path, rows: int) -> float:
    """Bytes a sample of the same day, had it been the day before yesterday. Its last sample is of today: it is over."""
    past = station.folder / "past.ndjson"
    now = datetime.datetime.now(datetime.timezone.utc)
    day = now.strftime("%Y-%m-%d")
    before = (now - datetime.timedelta(days=2)).strftime("%Y-%m-%d")
    seen = 0
    with text.open() as lines, past.open("w") as out:
        for line in lines:
            seen += line.startswith('{"device"')
            out.write(line.replace(f'"{day}T', f'"{before}T') if seen < rows else line)
    data = station.folder / "data"
    data.rename(station.folder / "kept")
    measured(station.idast, "import", "--data", data, past)
    station.start()
    file = data / "archive" / f"{before}.ndjson.zst"
    deadline = time.monotonic() + STORED_SECONDS_MAX
    while not file.exists():
        assert time.monotonic() < deadline, "the day was not archived; a run across midnight has two"
        time.sleep(0.5)
    station.stop()
    return file.stat().st_size / (rows - 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=DAY_ROWS)
    options = parser.parse_args()
    options.idast = options.idast.resolve()
    with Results("export", whole=options.rows == DAY_ROWS) as results, Station(options.idast) as station:
        fill(station, options.rows)
        rows = station.rows("SELECT count(*) AS n FROM sample")[0]["n"]
        data = station.folder / "data"
        station.stop()
        idast, text = options.idast, station.folder / "day.ndjson"
        measured(idast, "export", "json", "--data", data, "--out", text)  # The pages are in memory then.
        for form in ("json", "csv"):
            seconds, memory_mb, cpu = measured(idast, "export", form, "--data", data, "--out", text, "--force")
            about = f"{rows} rows, {text.stat().st_size / 1e6:.0f} MB of text, {seconds:.2f} s, {cpu:.2f} s of a core"
            results.add(f"export {form}: rows/s", rows / seconds, at_least=ROWS_GOAL, about=about)
            results.add(f"export {form}: rows a second of a core", rows / cpu)
            results.add(f"export {form}: most memory", memory_mb, "MB", at_most=64)
            half = station.rows("SELECT ts FROM telemetry WHERE id = " + str(rows // 2))[0]["ts"]
            _, half_mb, _ = measured(idast, "export", form, "--data", data, "--out", text, "--force", "--to", half)
            results.add(f"export {form}: memory, all rows / half of them", memory_mb / half_mb, at_most=1.1)
        measured(idast, "export", "json", "--data", data, "--out", text, "--force")
        seconds, memory_mb, cpu = measured(idast, "import", "--data", station.folder / "other", text)
        results.add("import json: rows/s", rows / seconds, about=f"{seconds:.1f} s, {cpu:.1f} s of a core, into an empty database")
        results.add("import json: most memory", memory_mb, "MB", at_most=64)
        seconds, _, cpu = measured(idast, "verify", "--data", station.folder / "other")
        results.add("verify: rows/s", rows / seconds, about=f"{seconds:.1f} s, {cpu:.1f} s of a core")
        seconds, _, _ = measured(idast, "backup", "--data", data, station.folder / "copy.db")
        results.add("backup: MB/s", (station.folder / "copy.db").stat().st_size / 1e6 / seconds, "MB/s")
        results.add("archive: bytes a sample", archive_bytes(station, text, rows), "B", at_most=60)
    return 0 if results.held else 1


if __name__ == "__main__":
    sys.exit(main())
