#!/usr/bin/env python3
"""A month's chart of 100 trackers at 10 s, and a year of days, and both again with twice the rows.

months.py IDAST [--devices 100] [--growth-devices 10] [--folder DIR]     `months` stands beside IDAST

One tracker's month goes through the store as a server's does, rollups and all; the other trackers are copies of its
rows, made by SQL in order of time, because 26 million commits would take an hour.
"""
import argparse
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

from results import Results

MONTH_DAYS, YEAR_DAYS = 30, 365
GOAL_MS, GOAL_GROWTH = 20, 1.3
ROUNDS = 100  # Of at least 10 ms each.
TURNS = 3
DEVICES, GROWTH_DEVICES = 100, 10


def run(options, folder: pathlib.Path, devices: int, days: int, every_ms: int, rounds: int) -> dict:
    """Asks the database in the folder; makes it when there is none."""
    done = subprocess.run([options.program, folder, "--devices", str(devices), "--days", str(days), "--every-ms", str(every_ms),
                           "--rounds", str(rounds)], check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout.strip(), file=sys.stderr)
    return json.loads(done.stdout)


def ask(options, temporary: pathlib.Path, devices: int, days: int, *every_ms: int) -> list[dict]:
    """Makes a database for each pace and removes them at the end. When there are several they are asked in turn, and each
    figure is the best of its turns: what else the machine does must not decide which of two is slower."""
    folders = {pace: temporary / f"{devices}-{days}-{pace}" for pace in every_ms}
    for pace, folder in folders.items():
        folder.mkdir()
        run(options, folder, 1, days, pace, 1)
        if devices > 1:
            copy_tracker(folder / "months.db", devices)
    turns = [[run(options, folder, devices, days, pace, ROUNDS) for pace, folder in folders.items()]
             for _ in range(TURNS if len(folders) > 1 else 1)]
    for folder in folders.values():
        shutil.rmtree(folder)
    return [{name: min(figures[name] for figures in asked) for name in asked[0]} for asked in zip(*turns)]


def copy_tracker(database: pathlib.Path, devices: int) -> None:
    """Gives the rows and rollups of the first tracker to as many others."""
    started = time.monotonic()
    with sqlite3.connect(database, isolation_level=None) as connection:
        connection.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000")
        connection.execute("BEGIN")
        for device in range(1, devices):
            connection.execute("INSERT INTO device(name) VALUES(?)", (f"esp32-receiver-{device:06X}",))
        connection.execute("INSERT INTO boot(device, boot_id, started_ms, upto) SELECT device.id, boot_id, started_ms, upto "
                           "FROM boot, device WHERE device.id > 1")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(sample)") if row[1] not in ("id", "device", "boot")]
        names = ", ".join(f'"{name}"' for name in columns)
        taken = ", ".join(f's."{name}"' for name in columns)
        connection.execute("CREATE TEMP TABLE one AS SELECT * FROM sample ORDER BY ts_ms")
        connection.execute(
            f"INSERT INTO sample(device, boot, {names}) SELECT d.id, b.id, {taken} FROM one AS s CROSS JOIN device AS d "
            "CROSS JOIN boot AS b WHERE d.id > 1 AND b.device = d.id")
        for table in ("rollup", "rollup_fields", "rollup_due"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in ("level", "device")]
            names = ", ".join(columns)
            connection.execute(f"INSERT INTO {table}(level, device, {names}) SELECT level, d.id, "
                               f"{', '.join('r.' + name for name in columns)} FROM {table} AS r CROSS JOIN device AS d "
                               "WHERE r.device = 1 AND d.id > 1 ORDER BY level, d.id, start")
        connection.execute("COMMIT")
        connection.executescript("PRAGMA journal_mode = WAL")
    connection.close()
    print(f"copied to {devices} trackers in {time.monotonic() - started:.0f} s", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--growth-devices", type=int, default=GROWTH_DEVICES, help="trackers of the comparison with twice the rows")
    parser.add_argument("--folder", type=pathlib.Path, help="where the databases go: 6 GB; default: a temporary folder")
    options = parser.parse_args()
    options.program = options.idast.resolve().parent / "months"
    whole = options.devices == DEVICES and options.growth_devices == GROWTH_DEVICES
    with Results("months", whole) as results, tempfile.TemporaryDirectory(prefix="idast-months-", dir=options.folder) as temporary:
        folder = pathlib.Path(temporary)
        month, = ask(options, folder, options.devices, MONTH_DAYS, 10_000)
        once, twice = ask(options, folder, options.growth_devices, MONTH_DAYS, 10_000, 5_000)
        year, year_twice = ask(options, folder, 1, YEAR_DAYS, 60_000, 30_000)
        size = f"{month['rows'] / 1e6:.1f} M rows, {month['bytes'] / 1e9:.1f} GB"
        for name, what in (("chart_500_ms", "a month's chart of one tracker, 500 points"),
                           ("days_of_all_ms", "30 days of all trackers, days of Manila")):
            results.add(f"{what}: ms", month[name], at_most=GOAL_MS,
                        about=f"median of {ROUNDS} rounds, slowest {month[name + '_max']:.1f} ms; {options.devices} trackers, {size}")
            results.add(f"{what}: {twice['rows'] / 1e6:.1f} M / {once['rows'] / 1e6:.1f} M rows", twice[name] / once[name],
                        at_most=GOAL_GROWTH, about=f"{twice[name]:.2f} / {once[name]:.2f} ms, {options.growth_devices} trackers")
        results.add("a month's chart of one tracker, 5000 points: ms", month["chart_5000_ms"], about="minutes, not hours")
        results.add("a year of days of one tracker: ms", year["days_of_one_ms"], at_most=GOAL_MS, about=f"median of {ROUNDS} rounds")
        results.add("a year of days of one tracker: 1.05 M / 0.53 M rows",
                    year_twice["days_of_one_ms"] / year["days_of_one_ms"], at_most=GOAL_GROWTH,
                    about=f"{year_twice['days_of_one_ms']:.2f} / {year['days_of_one_ms']:.2f} ms")
    return 0 if results.held else 1


if __name__ == "__main__":
    sys.exit(main())
