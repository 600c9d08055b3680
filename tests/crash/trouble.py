#!/usr/bin/env python3
"""A database that takes nothing for a while: another process holds its lock, there is no room on the disk, nothing may
be written any more, or the disk does not answer. Nothing is lost, nothing is called stored that is not, memory stays
bounded, and all heals without help.

trouble.py IDAST [--locked-seconds 10] [--full-seconds 3] [--rate 1000]
"""
import argparse
import pathlib
import resource
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from _checker import judge
from station import Station, run_claims

RSS_MB_MAX = 64
DRAIN_SECONDS_MAX = 120
# No file of the server may grow past this while the disk plays full: its database, log and spool all meet it.
FILE_BYTES_MAX = 1_500_000
SMALL_DISK_BYTES = 64_000_000
FROZEN_DISK_BYTES = 64_000_000
# From when on the server says that the database does not answer (Writer::kStalledAfter), and as much again.
STALL_SAID_SECONDS = 10
REPLAY_RATIO_MIN = 5


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--locked-seconds", type=int, default=10)
    parser.add_argument("--full-seconds", type=int, default=3, help="also of the read-only and the frozen disk")
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--devices", type=int, default=20)
    return parser.parse_args()


def rss_mb(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def sanitized(idast: pathlib.Path) -> bool:
    """Shadow memory is no measure of ours."""
    return b"__asan_init" in idast.read_bytes()


def load(options: argparse.Namespace, station: Station) -> subprocess.Popen:
    return subprocess.Popen(
        [options.idast.parent / "loadgen", "--mqtt", station.broker.url, "--rate", str(options.rate),
         "--devices", str(options.devices), "--seconds", "86400", "--remember", station.folder / "remembered"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen, station: Station, what: str) -> None:
    process.terminate()
    try:
        said = process.communicate(timeout=DRAIN_SECONDS_MAX + 60)[0].strip().replace("\n", " | ")
    finally:
        process.kill()
        process.wait()
    verdict = judge(station.folder / "remembered", station.database)
    print(f"{what}: {verdict}; {said}", flush=True)
    assert not verdict.never_stored, f"not stored: {verdict.never_stored[:3]}"
    assert not verdict.doubled, f"stored twice: {verdict.doubled[:3]}"
    assert not verdict.invented, f"never sent: {verdict.invented[:3]}"


def rows(station: Station) -> int:
    return station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]


def wait_until(what: str, seconds: float, condition) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def store_locked(options: argparse.Namespace) -> None:
    with Station(options.idast) as station:
        process = load(options, station)
        try:
            station.until("samples are stored", lambda: rows(station) > options.rate)
            lock = sqlite3.connect(station.database, isolation_level=None, timeout=10)
            lock.execute("BEGIN IMMEDIATE")
            before, start = rows(station), time.monotonic()
            station.until("the spool takes over", lambda: station.metrics().get("idast_spool_messages_total", 0) > 0)
            status, body = station.get("/ready")
            assert status == 503 and "database" in body and "spool" in body, f"/ready says {status} {body}"
            time.sleep(max(0, options.locked_seconds - (time.monotonic() - start)))  # The trouble; nothing is asserted of its length.
            assert rows(station) == before, "the lock did not hold the store"
            figures = station.metrics()
            spooled = figures["idast_spool_messages_total"]
            held = figures["idast_mqtt_held"]
            replayed = figures["idast_spool_replayed_total"]
            lock.execute("ROLLBACK")
            lock.close()
            wait_until("the first of the spool is read back", 20,
                       lambda: station.metrics()["idast_spool_replayed_total"] > replayed)
            freed = time.monotonic()
            wait_until("the spool is empty", DRAIN_SECONDS_MAX,
                       lambda: station.metrics()["idast_spool_owed_bytes"] == 0)
            seconds = time.monotonic() - freed
            replayed = station.metrics()["idast_spool_replayed_total"] - replayed
            peak_mb = rss_mb(station.process.pid)
        finally:
            process.terminate()
        finish(process, station, f"locked {options.locked_seconds} s")
        rate = replayed / max(seconds, 0.001)
        print(f"  {spooled:.0f} spooled meanwhile, {held:.0f} unacknowledged at the end; {replayed:.0f} read back in "
              f"{seconds:.1f} s: {rate / options.rate:.1f} × live; peak RSS {peak_mb:.0f} MB", flush=True)
        assert spooled > 0.8 * options.rate * (options.locked_seconds - 5), "messages waited instead of being spooled"
        if sanitized(options.idast):
            return
        assert peak_mb <= RSS_MB_MAX, f"{peak_mb:.0f} MB"
        assert rate >= REPLAY_RATIO_MIN * options.rate, f"replay {rate:.0f}/s"


class FileLimit:
    """Like a full disk, and without one: no file of the server may grow any more."""

    def __init__(self, station: Station) -> None:
        self.pid = station.process.pid
        self.before = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, self.before[1]))

    def free(self) -> None:
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, self.before)


class SmallDisk:
    """A disk of its own under the server's data, and a file that takes what is left of it."""

    def __init__(self, station: Station) -> None:
        self.filler = station.database.parent / "filler"

    def fill(self) -> None:
        with self.filler.open("wb") as file:
            try:
                while True:
                    file.write(bytes(65_536))
                    file.flush()
            except OSError:
                pass

    def free(self) -> None:
        self.filler.unlink()


def disk_full(options: argparse.Namespace, station: Station, disk: FileLimit | SmallDisk, what: str) -> None:
    process = load(options, station)
    try:
        station.until("samples are stored", lambda: rows(station) > 0)
        disk.fill()
        wait_until("nothing finds room", 60, lambda: station.metrics().get("idast_spool_failures_total", 0) > 0)
        acknowledged = station.metrics()["idast_mqtt_acknowledgements_total"]
        stored = rows(station)
        status, body = station.get("/ready")
        assert status == 503 and "spool" in body, f"/ready says {status} {body}"
        time.sleep(options.full_seconds)  # The trouble; nothing is asserted of its length.
        assert station.process.poll() is None, "the server ended"
        assert rows(station) == stored, "something was stored on a full disk"
        # What was on its way when it became full, and words of other kinds.
        late = station.metrics()["idast_mqtt_acknowledgements_total"] - acknowledged
        assert late <= 1000, f"{late:.0f} acknowledged on a full disk"
        disk.free()
        wait_until("the server is ready again", 30, lambda: station.get("/ready")[0] == 200)
        wait_until("the spool is empty", DRAIN_SECONDS_MAX,
                   lambda: station.metrics()["idast_spool_owed_bytes"] == 0)
    finally:
        process.terminate()
    finish(process, station, f"{what} {options.full_seconds} s")


def files_at_their_limit(options: argparse.Namespace) -> None:
    with Station(options.idast) as station:
        disk_full(options, station, FileLimit(station), "files at their limit")


def small_disk(options: argparse.Namespace) -> None:
    station = Station(options.idast)
    folder = station.database.parent
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "tmpfs", folder],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        print(f"SKIPPED: a small disk of its own cannot be mounted here: {mounted.stderr.strip()}", flush=True)
        station.temporary.cleanup()
        return
    try:
        with station:
            try:
                disk_full(options, station, SmallDisk(station), "disk full")
            finally:
                station.stop()
                subprocess.run(["umount", "-l", folder], check=True)
    finally:
        if folder.is_mount():
            subprocess.run(["umount", "-l", folder], check=True)


class ReadOnly:
    """Files and folders that nobody may change, root neither; a program that has them open finds its writes refused.
    The log's index (-shm) stays as it is: it is mapped, and a refused write to a mapped page is a signal, which a disk
    that turned read-only does not send."""

    def __init__(self, paths: list[pathlib.Path]) -> None:
        self.paths = paths

    @staticmethod
    def possible(folder: pathlib.Path) -> bool:
        probe = folder / "probe"
        probe.touch()
        done = subprocess.run(["chattr", "+i", probe], capture_output=True, text=True)
        subprocess.run(["chattr", "-i", probe], capture_output=True)
        probe.unlink()
        if done.returncode != 0:
            print(f"SKIPPED: no file can be made immutable here: {done.stderr.strip()}", flush=True)
        return done.returncode == 0

    def __enter__(self) -> "ReadOnly":
        subprocess.run(["chattr", "+i", *self.paths], check=True)
        return self

    def __exit__(self, *_) -> None:
        subprocess.run(["chattr", "-i", *self.paths], check=True)


def read_only(options: argparse.Namespace) -> None:
    """First the database's files, then the spool's as well, then all can be written again."""
    with Station(options.idast) as station:
        if not ReadOnly.possible(station.folder):
            return
        process = load(options, station)
        files = [station.database, station.database.with_name(station.database.name + "-wal")]
        try:
            station.until("samples are stored", lambda: rows(station) > options.rate)
            with ReadOnly(files):
                station.until("the spool takes over", lambda: station.metrics()["idast_spool_messages_total"] > 0)
                stored = rows(station)
                time.sleep(options.full_seconds)  # The trouble; nothing is asserted of its length.
                status, body = station.get("/ready")
                assert status == 503 and "database" in body and "spool" in body, f"/ready says {status} {body}"
                spool = station.database.parent / "spool"
                with ReadOnly([station.database.parent, spool, *spool.iterdir()]):
                    wait_until("the spool takes nothing", 20,
                               lambda: station.metrics()["idast_spool_failures_total"] > 0)
                    acknowledged = station.metrics()["idast_mqtt_acknowledgements_total"]
                    time.sleep(options.full_seconds)
                    status, body = station.get("/ready")
                    assert status == 503 and "cannot be written" in body, f"/ready says {status} {body}"
                    late = station.metrics()["idast_mqtt_acknowledgements_total"] - acknowledged
                    assert late == 0, f"{late:.0f} acknowledged while nothing could be written"
                assert rows(station) == stored, "something was stored in a file that cannot be written"
            wait_until("the server is ready again", 30, lambda: station.get("/ready")[0] == 200)
            wait_until("the spool is empty", DRAIN_SECONDS_MAX,
                       lambda: station.metrics()["idast_spool_owed_bytes"] == 0)
        finally:
            process.terminate()
        finish(process, station, f"read-only {2 * options.full_seconds} s")


class FrozenDisk:
    """A disk of its own under the server's data that does not answer for a while: no error, no end."""

    def __init__(self, station: Station) -> None:
        self.folder = station.database.parent
        self.image = station.folder / "image"

    def mount(self) -> str | None:
        """What is in the way, or nothing."""
        self.folder.mkdir()
        with self.image.open("wb") as file:
            file.truncate(FROZEN_DISK_BYTES)
        for command in (["mkfs.ext4", "-q", self.image], ["mount", "-o", "loop", self.image, self.folder]):
            try:
                done = subprocess.run(command, capture_output=True, text=True)
            except FileNotFoundError:
                return f"no {command[0]}"
            if done.returncode != 0:
                return done.stderr.strip()
        return None

    def __enter__(self) -> None:
        subprocess.run(["fsfreeze", "-f", self.folder], check=True)

    def __exit__(self, *_) -> None:
        subprocess.run(["fsfreeze", "-u", self.folder], check=True)


def frozen(options: argparse.Namespace, station: Station, disk: FrozenDisk) -> None:
    process = load(options, station)
    try:
        station.until("samples are stored", lambda: rows(station) > options.rate)
        with disk:
            wait_until("the server says that the database does not answer", STALL_SAID_SECONDS,
                       lambda: "has not answered" in station.get("/ready")[1])
            assert station.get("/ready")[0] == 503
            wait_until("it is logged", 5, lambda: "store.stalled" in station.log())
            time.sleep(options.full_seconds)  # The trouble; nothing is asserted of its length.
            assert station.process.poll() is None, "the server ended"
        wait_until("the server is ready again", 30, lambda: station.get("/ready")[0] == 200)
        assert "store.answered" in station.log(), "its end is not logged"
        peak_mb = rss_mb(station.process.pid)
    finally:
        process.terminate()
    finish(process, station, f"frozen for about {options.full_seconds + 5} s, peak RSS {peak_mb:.0f} MB")
    if not sanitized(options.idast):
        assert peak_mb <= RSS_MB_MAX, f"{peak_mb:.0f} MB"


def frozen_disk(options: argparse.Namespace) -> None:
    station = Station(options.idast)
    disk = FrozenDisk(station)
    try:
        if trouble := disk.mount():
            print(f"SKIPPED: a disk of its own that can be frozen cannot be mounted here: {trouble}", flush=True)
            return
        with station:
            try:
                frozen(options, station, disk)
            finally:
                station.stop()
                subprocess.run(["umount", "-l", disk.folder], check=True)
    finally:
        if disk.folder.is_mount():
            subprocess.run(["umount", "-l", disk.folder], check=True)
        station.temporary.cleanup()


def killed_while_spooling(options: argparse.Namespace) -> None:
    """The spool outlives the server: what was acknowledged into it is read back by the next one."""
    with Station(options.idast) as station:
        process = load(options, station)
        try:
            station.until("samples are stored", lambda: rows(station) > 0)
            lock = sqlite3.connect(station.database, isolation_level=None, timeout=10)
            lock.execute("BEGIN IMMEDIATE")
            station.until("the spool takes over",
                          lambda: station.metrics().get("idast_spool_messages_total", 0) > 3 * options.rate)
            station.kill()
            lock.execute("ROLLBACK")
            lock.close()
            station.start()
            assert "spool.found" in station.log(), "the next server did not find the spool"
            wait_until("the spool is empty", DRAIN_SECONDS_MAX,
                       lambda: station.metrics()["idast_spool_owed_bytes"] == 0)
        finally:
            process.terminate()
        finish(process, station, "killed while spooling")


def main() -> int:
    options = parse()
    return run_claims([
        (f"a database locked for {options.locked_seconds} s at {options.rate} msg/s loses nothing",
         lambda: store_locked(options)),
        (f"files at their limit for {options.full_seconds} s lose nothing", lambda: files_at_their_limit(options)),
        (f"a disk full for {options.full_seconds} s and freed loses nothing", lambda: small_disk(options)),
        (f"files read-only for {2 * options.full_seconds} s and writable again lose nothing",
         lambda: read_only(options)),
        (f"a disk that does not answer for {options.full_seconds} s and more is said, and loses nothing",
         lambda: frozen_disk(options)),
        ("what was spooled when the server was killed is stored by the next one",
         lambda: killed_while_spooling(options)),
    ])


if __name__ == "__main__":
    sys.exit(main())
