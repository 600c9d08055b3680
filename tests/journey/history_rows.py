#!/usr/bin/env python3
"""What a receiver noted of itself while there was no broker: it comes up row by row from its own file through a real
broker while broker and server are killed, and every row is stored once. And a row that was acknowledged survives a
kill of the server."""
import datetime
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import Station, idast_from_arguments, run_claims

STEP_SECONDS = 2_400
ROWS_A_DAY = 86_400 // STEP_SECONDS
DAYS = 2
WH_A_ROW = 0.5
HEADER = "timestamp,energy_wh,battery_pct,device_name,session_min\n"
KILLS_AFTER_A_ROW = 4
STORED = "SELECT name, timestamp_s, energy, battery, session_min FROM history, device WHERE device.id = device"


def row(number: int, begin: int) -> tuple[int, float, float, int]:
    """Second, energy, battery, minutes: as the receiver wrote it."""
    return begin + number * STEP_SECONDS, 100 + (number + 1) * WH_A_ROW, 40.5 + number % 50, number % 90


class Tracker:
    """The twin's, with a file of rows that nobody has heard."""

    def __init__(self, station: Station):
        self.station = station
        self.folder = station.folder / "twin"
        self.process: subprocess.Popen | None = None
        self.begin = int(datetime.datetime.now(datetime.timezone.utc).replace(
            hour=0, minute=0, second=0, microsecond=0).timestamp()) - (DAYS + 1) * 86_400

    def start(self) -> None:
        log = (self.station.folder / "twin.log").open("ab")
        self.process = subprocess.Popen(
            [self.station.idast, "twin", "--mqtt", self.station.broker.url, "--devices", "1", "--fill-days", "0",
             "--data", self.folder], stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    def seen(self) -> list[str]:
        return [device["device_id"] for device in self.station.json("/api/devices")["data"]]

    def write_rows(self, device: str) -> None:
        lines = [f"{second},{energy:g},{battery:g},Pixel 8,{minutes}\n"
                 for second, energy, battery, minutes in (row(i, self.begin) for i in range(DAYS * ROWS_A_DAY))]
        (self.folder / device / "history.csv").write_text(HEADER + "".join(lines))
        (self.folder / device / "history_mark").unlink(missing_ok=True)


def main() -> int:
    with Station(pathlib.Path(idast_from_arguments())) as station:
        tracker = Tracker(station)
        try:
            tracker.start()
            station.until("the tracker's samples are stored", tracker.seen)
            device = tracker.seen()[0]
            tracker.stop()

            def stored(name: str) -> dict[int, tuple]:
                rows = [tuple(found)[1:] for found in station.rows(STORED) if found["name"] == name]
                assert len(rows) == len({found[0] for found in rows}), "a row is stored twice"
                return {found[0]: found for found in rows}

            def all_rows_come() -> None:
                tracker.write_rows(device)
                station.broker.kill()
                tracker.start()  # Nobody is there.
                station.until("the receiver lives without a broker", lambda: b"trying again" in
                              (station.folder / "twin.log").read_bytes())
                station.broker.start()
                station.until("the first rows are stored", lambda: len(stored(device)) > 8)
                station.kill()
                station.start()
                station.until("more rows are stored", lambda: len(stored(device)) > 24)
                station.broker.kill()
                station.broker.start()
                station.until("still more rows are stored", lambda: len(stored(device)) > 36)
                station.kill()
                station.broker.kill()
                station.broker.start()
                station.start()
                station.until("all rows are stored", lambda: len(stored(device)) >= DAYS * ROWS_A_DAY)
                found = stored(device)
                for i in range(DAYS * ROWS_A_DAY):
                    second, energy, battery, minutes = row(i, tracker.begin)
                    wanted = (second, round(energy * 1000), round(battery * 10), minutes)
                    assert found.get(second) == wanted, f"{found.get(second)} instead of {wanted}"
                # All of them from the file: no ten minutes pass here.
                assert len(found) == DAYS * ROWS_A_DAY, sorted(found)[-3:]

            def they_are_days() -> None:
                lines = station.get(f"/api/history.csv?device={device}&days={DAYS + 2}")[1].splitlines()
                days = {int(line.split(",")[0]): line.split(",") for line in lines[1:]}
                last = days[tracker.begin + (DAYS - 1) * 86_400]
                assert abs(float(last[1]) - ROWS_A_DAY * WH_A_ROW) < 1e-3, last
                assert last[3] == "Pixel 8", last

            def an_acknowledged_row_survives() -> None:
                name = "esp32-receiver-0B5E55"
                for i in range(KILLS_AFTER_A_ROW):
                    second, energy, battery, minutes = row(i, tracker.begin)
                    station.publish(f"solar-tracker/{name}/history",
                                    f'{{"timestamp":{second * 1000},"device_id":"{name}","energy_wh":{energy:g},'
                                    f'"battery_pct":{battery:g},"device_name":"Pixel 8","session_min":{minutes}}}')
                    if i % 2:  # Acknowledged by the server, not only by the broker.
                        station.until("the row is stored", lambda: second in stored(name))
                    station.kill()
                    station.start()
                    station.until("the row is stored", lambda: second in stored(name))
                assert len(stored(name)) == KILLS_AFTER_A_ROW
                csv = station.get(f"/api/history.csv?device={name}&days={DAYS + 2}")[1].splitlines()
                energy = (KILLS_AFTER_A_ROW - 1) * WH_A_ROW
                assert len(csv) == 2 and abs(float(csv[1].split(",")[1]) - energy) < 1e-3, csv

            return run_claims([
                ("every row of an outage is stored once, whoever is killed meanwhile", all_rows_come),
                ("their days stand in the history", they_are_days),
                ("a row survives a kill of the server, just before and after its acknowledgement",
                 an_acknowledged_row_survives)])
        finally:
            tracker.stop()


if __name__ == "__main__":
    sys.exit(main())
