#!/usr/bin/env python3
"""A person owns the data: what a real server stored leaves it as plain text, goes into an empty one, and every route
answers the same; a backup made under load is whole; a restore brings it back and keeps what it replaced."""
import json
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, idast_from_arguments, run_claims

HISTORY_ROWS = 48

SITE = """
[[site]]
id = "roof"
name = "Roof"
lat = 13.75
lon = 121.05
time_zone = "Asia/Manila"
panel_w = 10
[[device]]
id = "loadgen-000007-0000"
name = "North"
site = "roof"
"""


def run(idast: pathlib.Path, *words, status: int = 0) -> str:
    done = subprocess.run([idast, *words], capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == status, f"idast {' '.join(map(str, words))}: {done.returncode} {said[-2000:]}"
    return said


def fill(station: Station, now_ms: int) -> None:
    """Trackers of ours, by loadgen; a fielded one, with a double; one that gave samples up."""
    subprocess.run([station.idast.parent / "loadgen", "--mqtt", station.broker.url, "--rate", "500", "--devices", "4",
                    "--seconds", "4", "--seed", "7"], check=True, stdout=subprocess.DEVNULL)
    for i in range(20):
        sample = {"timestamp": now_ms - 86_400_000 * (i % 3) - i * 10_000, "powerW": 8.5 + i, "energyWh": 1000 + i,
                  "batteryPct": 80.5, "deviceName": "Phone, mine", "unheard": {"of": [i, None]}}
        station.publish("solar-tracker/fielded/telemetry", json.dumps(sample))
    station.publish("solar-tracker/fielded/telemetry", json.dumps(sample))
    station.publish("solar-tracker/numbered/lost",
                    '{"boot":"00000000000000aa","from":0,"to":4,"reason":"no_room"}')
    station.publish("solar-tracker/numbered/telemetry",
                    f'{{"timestamp":{now_ms - 5000},"boot":"00000000000000aa","seq":7,"uptimeMs":900,"tempC":nan}}')
    # Two days of which only the receivers' ten-minute rows are known.
    for device in ("fielded", "numbered"):
        for i in range(HISTORY_ROWS):
            row = {"timestamp": now_ms - 6 * 86_400_000 + i * 3_600_000, "energy_wh": 10.125 + i / 4,
                   "battery_pct": 50.5 + i / 8, "device_name": "Phone hers" if i % 3 else "", "session_min": i % 7}
            station.publish(f"solar-tracker/{device}/history", json.dumps(row))
    station.until("the rows of the receivers are stored", lambda: station.metrics()[
        "idast_history_rows_stored_total"] == 2 * HISTORY_ROWS)
    station.until("everything is stored", lambda: station.rows(
        "SELECT count(*) AS n FROM telemetry WHERE device_id = 'numbered'")[0]["n"] == 1)
    station.until("nothing waits", lambda: station.metrics()["idast_samples_not_yet_stored"] == 0)


def devices_of(station: Station) -> list[str]:
    return [device["device_id"] for device in station.json("/api/devices")["data"]]


def answers(station: Station, now_ms: int) -> dict[str, str]:
    """What every route says, apart from the moment at which it says it."""
    span = f"from={now_ms - 4 * 86_400_000}&to={now_ms + 60_000}"
    day = time.strftime("%Y-%m-%d", time.gmtime(now_ms / 1000))
    paths = ["/health", "/api/latest", f"/api/telemetry?{span}&limit=20000", "/api/history.csv?days=7", "/api/devices",
             "/api/v1/openapi.json", "/live"]
    for device in devices_of(station):
        paths += [f"/api/latest?device={device}", f"/api/telemetry?{span}&device={device}&limit=20000",
                  f"/api/history.csv?days=7&device={device}",
                  f"/api/v1/devices/{device}/samples?{span}&points=200&fields=power_w,energy_wh,temp_c",
                  f"/api/v1/devices/{device}/energy?period=hour&{span}",
                  f"/api/v1/devices/{device}/energy?period=day&{span}",
                  f"/api/v1/devices/{device}/gain?period=day&{span}",
                  f"/api/v1/devices/{device}/sky?day={day}"]
    said = {path: station.get(path) for path in paths}
    # Of these the moment is a part: how long ago a tracker was heard.
    for path in ["/api/v1/devices"] + [f"/api/v1/devices/{device}" for device in devices_of(station)]:
        status, body = station.get(path)
        said[path] = (status, re.sub(r'"status":"\w+"', '"status":"…"', body))
    # How much of the period that is not over yet is covered, too.
    return {path: f"{status} " + re.sub(r'"coverage":[\d.]+\}\]', '"coverage":…}]', body)
            for path, (status, body) in said.items()}


def check_same(before: dict[str, str], after: dict[str, str]) -> None:
    assert before.keys() == after.keys(), before.keys() ^ after.keys()
    for path, body in before.items():
        if body == after[path]:
            continue
        at = next((i for i, (a, b) in enumerate(zip(body, after[path])) if a != b), min(len(body), len(after[path])))
        raise AssertionError(f"{path} differs at {at}: …{body[max(0, at - 200):at + 200]}…\nnot …"
                             f"{after[path][max(0, at - 200):at + 200]}…")


def main() -> int:
    idast = pathlib.Path(idast_from_arguments())
    now_ms = time.time_ns() // 1_000_000
    with Station(idast, "backup_every_h = 1\nbackup_keep = 2\n" + SITE, flags=("--linger", "20ms")) as station:
        fill(station, now_ms)
        data = station.folder / "data"
        station.stop()  # What is only live is stored now, and statuses are the database's.
        station.start()
        before = answers(station, now_ms)
        text = station.folder / "all.ndjson"

        def same_answers() -> None:
            said = run(idast, "export", "json", "--data", data, "--out", text)  # While the server runs.
            rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
            assert f"{rows} samples" in said, said
            station.stop()
            data.rename(station.folder / "kept")
            said = run(idast, "import", "--data", data, text)
            assert f"samples taken: {rows}\n" in said, said
            assert f"ten-minute rows of receivers taken: {2 * HISTORY_ROWS}\n" in said, said
            station.start()
            after = answers(station, now_ms)
            check_same(before, after)
            # The days without samples are among them, and so is what happened on them.
            lines = before["/api/history.csv?days=7&device=fielded"].count("\\n")
            assert len(before) > 40 and sum(len(body) for body in before.values()) > 1_000_000, "too little was compared"

        def again_is_the_same() -> None:
            again = station.folder / "again.ndjson"
            run(idast, "export", "json", "--data", data, "--out", again)
            assert again.read_bytes() == text.read_bytes(), "an export of the import differs"

        def refused_while_serving() -> None:
            assert "stop it" in run(idast, "import", "--data", data, text, status=1)
            assert "stop it" in run(idast, "restore", "--data", data, text, status=1)

        def backup_under_load() -> None:
            copy = station.folder / "copy.db"
            load = subprocess.Popen([idast.parent / "loadgen", "--mqtt", station.broker.url, "--rate", "1000",
                                     "--devices", "4", "--seconds", "3", "--seed", "8"], stdout=subprocess.DEVNULL)
            try:
                for _ in range(3):
                    run(idast, "backup", "--data", data, "--force", copy)
            finally:
                load.wait()
            assert "--force" in run(idast, "backup", "--data", data, copy, status=1)
            assert not list(station.folder.glob("copy.db?*")), "something was left beside the backup"
            assert "nothing is wrong" in run(idast, "verify", "--db", f"sqlite:{copy}")

        def restore_brings_it_back() -> None:
            copy = station.folder / "copy.db"
            station.stop()
            rows = len(station.rows("SELECT 1 FROM telemetry"))
            said = run(idast, "restore", "--data", data, copy)
            kept = pathlib.Path(re.search(r"is kept as (\S+)", said)[1])
            assert len(station.rows("SELECT 1 FROM telemetry")) < rows
            assert "nothing is wrong" in run(idast, "verify", "--data", data)
            assert "nothing is wrong" in run(idast, "verify", "--db", f"sqlite:{kept}")
            station.start()
            restored = station.json(f"/api/telemetry?from={now_ms - 4 * 86_400_000}&to={now_ms}&device=fielded")
            assert restored["count"] == 21, restored["count"]
            station.stop()
            damaged = station.folder / "damaged.db"
            content = bytearray(copy.read_bytes())
            content[len(content) // 2:len(content) // 2 + 64] = b"\xa5" * 64
            damaged.write_bytes(content)
            was = station.database.read_bytes()
            assert "nothing was changed" in run(idast, "restore", "--data", data, damaged, status=1)
            assert station.database.read_bytes() == was
            found = run(idast, "verify", "--db", f"sqlite:{damaged}", "--json", status=1)
            assert not json.loads(found)["ok"]

        def the_servers_own_copies() -> None:
            copies = data / "backups"
            for old in copies.glob("*"):
                old.unlink()
            station.start()
            station.until("a copy is made", lambda: station.metrics().get("idast_backups_total") == 1)
            figures = station.metrics()
            made = list(copies.iterdir())
            assert [re.fullmatch(r"idast-\d{8}-\d{6}\.db", copy.name) is not None for copy in made] == [True], made
            assert figures["idast_backup_bytes"] == made[0].stat().st_size
            assert 0 <= figures["idast_backup_age_seconds"] < 60 and figures["idast_backup_failures_total"] == 0
            assert made[0].stat().st_mode & 0o077 == 0, "others can read it"
            station.stop()
            station.start()  # It is an hour too early for another.
            rows = len(station.rows("SELECT 1 FROM telemetry"))
            assert len(list(copies.iterdir())) == 1
            station.stop()
            (copies / "idast-20200101-000000.db").write_bytes(b"older, and no database")
            station.database.unlink()
            assert made[0].name in run(idast, "restore", "--data", data, copies)
            assert len(station.rows("SELECT 1 FROM telemetry")) == rows

        return run_claims([
            ("export → empty store → import: every answer of every route is identical", same_answers),
            ("an export of what was imported is the same file", again_is_the_same),
            ("import and restore are refused while a server holds the folder", refused_while_serving),
            ("a backup made under 1000 msg/s is whole, alone, and never replaces a file unasked", backup_under_load),
            ("a restore brings the backup back, keeps what it replaced, and takes no damaged file",
             restore_brings_it_back),
            ("a server makes copies by itself, and a restore takes the newest of a folder", the_servers_own_copies)])


if __name__ == "__main__":
    sys.exit(main())
