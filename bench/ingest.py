#!/usr/bin/env python3
"""What taking in samples costs: against a subscriber that keeps nothing, against the original design, and alone.

ingest.py IDAST [--only rate,latency,disk,stalled,three] [--stalled-seconds 30] [--three-seconds 120]

rate     the most rows a second, of the same load through brokers of the same configuration
latency  publish → committed at 100 and 1000 trackers every 350 ms, with CPU and bytes written
disk     bytes on disk a sample of three trackers, a whole day's spacing
stalled  losses, memory and replay when another process holds the database's write lock
three    the twin's three trackers: CPU and GB written a day
"""
import argparse
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "crash"))
import processes  # noqa: E402
from original import Original  # noqa: E402
from results import Results  # noqa: E402
from _checker import judge  # noqa: E402
from station import Station, broker  # noqa: E402

PERIOD_MS = 350
TRACKERS_FOR_RATE = 100
TRIAL_SECONDS = 6
SETTLE_SECONDS = 1.5  # Of a trial, before counting begins.
RATES = (8_000, 12_000, 16_000, 20_000, 24_000, 28_000, 32_000, 36_000)
ORIGINAL_RATES = (1_500, 3_000, 6_000)
DRAIN_SECONDS_MAX = 300
QUIET_SECONDS = 5  # Nothing for this long: nothing more will come.
DAY_SECONDS = 86_400


def load(options, url: str, devices: int, rate: int, seconds: float, *flags: str) -> subprocess.Popen:
    return subprocess.Popen(
        [options.idast.parent / "loadgen", "--mqtt", url, "--devices", str(devices), "--rate", str(rate),
         "--seconds", str(round(seconds)), *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def published(process: subprocess.Popen) -> int:
    """What the broker took over, after the load has ended."""
    said = process.communicate()[0]
    return int(said.split("acknowledged ")[1].split(",")[0])


def not_yet_stored(station: Station) -> int:
    return int(station.metrics().get("idast_samples_not_yet_stored", 1))


def wait_for(condition, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


# --- the most rows a second ----------------------------------------------------------------------


class Null:
    """tools/null_subscriber on a broker of its own: the count that it prints."""

    def __init__(self, options, folder: pathlib.Path) -> None:
        self.broker = broker.Broker(folder / "mosquitto", broker.free_port()).start()
        self.process = subprocess.Popen([options.idast.parent / "null_subscriber", "--mqtt", self.broker.url],
                                        stdout=subprocess.PIPE, text=True)
        self.received = 0
        self.subscribed = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()
        self.subscribed.wait(10)

    def read(self) -> None:
        for line in self.process.stdout:
            self.received = int(line) if line[0].isdigit() else self.received
            self.subscribed.set()

    def stop(self) -> None:
        processes.stop(self.process)
        self.broker.stop()


def drained(count, goal: int) -> int:
    """Waits until everything is taken in, until nothing has come for a while, or long enough; how many never came."""
    seen, start = count(), time.monotonic()
    since = start
    while seen < goal and time.monotonic() - since < QUIET_SECONDS and time.monotonic() - start < DRAIN_SECONDS_MAX:
        time.sleep(0.2)
        now = count()
        if now > seen:
            seen, since = now, time.monotonic()
    return max(0, goal - seen)


def trial(options, url: str, rate: int, count, cpu) -> tuple[float, float]:
    """Rows a second and CPU seconds a row while the load runs; then waits until everything is taken in."""
    start = count()
    process = load(options, url, TRACKERS_FOR_RATE, rate, TRIAL_SECONDS)
    time.sleep(SETTLE_SECONDS)
    first, first_at, first_cpu = count(), time.monotonic(), cpu()
    time.sleep(TRIAL_SECONDS - SETTLE_SECONDS - 0.5)
    last, last_at, last_cpu = count(), time.monotonic(), cpu()
    total = published(process)
    missing = drained(count, start + total)
    if missing:
        print(f"  at {rate}/s the broker did not hand over {missing} of {total}: its queue was full", flush=True)
    return (last - first) / (last_at - first_at), (last_cpu - first_cpu) / max(last - first, 1)


def measure_rate(options, results: Results) -> None:
    with tempfile.TemporaryDirectory(prefix="idast-bench-") as temporary:
        folder = pathlib.Path(temporary)
        ours, null = [], []
        with Station(options.idast) as station:
            nothing = Null(options, folder / "null")
            try:
                for rate in RATES:  # Side by side, so that a busy machine is busy for both.
                    null.append(trial(options, nothing.broker.url, rate, lambda: nothing.received,
                                      lambda: processes.cpu_seconds(nothing.process.pid)))
                    ours.append(trial(options, station.broker.url, rate,
                                      lambda: int(station.metrics()["idast_samples_stored_total"]),
                                      lambda: processes.cpu_seconds(station.process.pid)))
                    print(f"  offered {rate}/s: null {null[-1][0]:.0f}, SQLite {ours[-1][0]:.0f}", flush=True)
                    # Past the top twice: more load only makes the broker busier.
                    if len(ours) > 2 and max(o for o, _ in ours[-2:]) < 0.8 * max(o for o, _ in ours):
                        break
            finally:
                nothing.stop()
        theirs = measure_original(options, folder)
    best_ours, best_null, best_theirs = max(ours), max(null), max(theirs)
    results.add("rows/s, null subscriber", best_null[0], about="the most of these offered rates: "
                + ", ".join(str(rate) for rate in RATES[:len(null)]))
    results.add("rows/s stored, SQLite", best_ours[0], about="the same load, by /metrics")
    results.add("rows/s stored, original on MariaDB", best_theirs[0],
                about="offered " + ", ".join(str(rate) for rate in ORIGINAL_RATES))
    results.add("rows/s, SQLite / null", best_ours[0] / best_null[0], at_least=0.9)
    results.add("rows/s, SQLite / original", best_ours[0] / best_theirs[0], at_least=8)
    results.add("CPU a message at saturation, ours", best_ours[1] * 1e6, "µs")
    results.add("CPU a message at saturation, original", best_theirs[1] * 1e6, "µs", about="Node and MariaDB")
    results.add("CPU a message, ours / original", best_ours[1] / best_theirs[1], at_most=1 / 12)


def measure_original(options, folder: pathlib.Path) -> list[tuple[float, float]]:
    carrier = broker.Broker(folder / "mosquitto", broker.free_port()).start()
    found = []
    try:
        with Original(folder / "original", carrier.url) as original:
            for rate in ORIGINAL_RATES:
                found.append(trial(options, carrier.url, rate, original.stored, original.cpu_seconds))
                print(f"  offered {rate}/s: original {found[-1][0]:.0f}", flush=True)
    finally:
        carrier.stop()
    return found


# --- publish → committed -------------------------------------------------------------------------


def watch_commits(database: pathlib.Path, stop: threading.Event, delays_ms: list[float]) -> None:
    """A foreign reader sees a row when its transaction is committed; each row says when it was published."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)
    newest = connection.execute("SELECT coalesce(max(id), 0) FROM sample").fetchone()[0]
    version = None
    while not stop.is_set():
        seen = connection.execute("PRAGMA data_version").fetchone()[0]
        if seen == version:
            time.sleep(0.0005)
            continue
        version = seen
        rows = connection.execute("SELECT id, ts_ms FROM sample WHERE id > ? ORDER BY id", (newest,)).fetchall()
        now_ms = time.time() * 1000
        if rows:
            newest = rows[-1][0]
        delays_ms += [now_ms - ts_ms for _, ts_ms in rows]
    connection.close()


def measure_latency(options, results: Results) -> None:
    for devices in (100, 1000):
        rate = round(devices * 1000 / PERIOD_MS)
        with Station(options.idast) as station:
            warm = load(options, station.broker.url, devices, rate, 3)
            published(warm)
            station.until("all is stored", lambda: not_yet_stored(station) == 0)
            delays_ms: list[float] = []
            stop = threading.Event()
            watcher = threading.Thread(target=watch_commits, args=(station.database, stop, delays_ms))
            watcher.start()
            pid = station.process.pid
            cpu, written = processes.cpu_seconds(pid), processes.written_bytes(pid)
            total = published(load(options, station.broker.url, devices, rate, options.latency_seconds))
            station.until("all is stored", lambda: not_yet_stored(station) == 0)
            cpu, written = processes.cpu_seconds(pid) - cpu, processes.written_bytes(pid) - written
            time.sleep(0.1)
            stop.set()
            watcher.join()
            peak_mb = processes.rss_mb(pid, "VmHWM")
        assert len(delays_ms) == total, f"{len(delays_ms)} rows were seen of {total} published"
        results.add(f"publish → committed, {devices} trackers, p50", processes.percentile(delays_ms, 0.5), "ms",
                    about="until another process reads the row; whole ms")
        results.add(f"publish → committed, {devices} trackers, p99", processes.percentile(delays_ms, 0.99), "ms",
                    at_most=25 if devices == 1000 else None, about=f"{total} samples")
        results.add(f"CPU per 100 000 messages, {devices} trackers", cpu / total * 100_000, "s")
        results.add(f"bytes written a sample, {devices} trackers", written / total, "B", about="write_bytes of serve")
        results.add(f"peak RSS of serve, {devices} trackers", peak_mb, "MB", at_most=64)


# --- on disk -------------------------------------------------------------------------------------


def measure_disk(options, results: Results) -> None:
    with Station(options.idast) as station:
        total = published(load(options, station.broker.url, 3, 3000, 10, "--spaced-ms", str(PERIOD_MS)))
        station.until("all is stored", lambda: not_yet_stored(station) == 0)
        rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
        station.stop()
        size = station.database.stat().st_size
        assert rows == total, f"{rows} rows of {total} published"
    results.add("bytes on disk a sample, 3 trackers", size / rows, "B", at_most=160,
                about=f"{rows} samples with every sensor but the wind, 350 ms apart; after the last checkpoint")


def stored_rows(station: Station) -> int:
    return station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]


# --- a store that stands still -------------------------------------------------------------------


def measure_stalled(options, results: Results) -> None:
    rate = 1000
    with Station(options.idast, "spool_max = \"4GB\"\n") as station:
        remembered = station.folder / "remembered"
        process = load(options, station.broker.url, TRACKERS_FOR_RATE, rate, DAY_SECONDS, "--remember", str(remembered))
        wait_for(lambda: stored_rows(station) > rate, DRAIN_SECONDS_MAX, "the load begins")
        lock = sqlite3.connect(station.database, isolation_level=None, timeout=10)
        lock.execute("BEGIN EXCLUSIVE")
        before, start = stored_rows(station), time.monotonic()
        held_most = 0
        while time.monotonic() - start < options.stalled_seconds:
            held_most = max(held_most, int(station.metrics().get("idast_mqtt_held", 0)))
            time.sleep(1)
        assert stored_rows(station) == before, "the lock did not hold the store"
        figures = station.metrics()
        spooled, replayed = figures["idast_spool_messages_total"], figures["idast_spool_replayed_total"]
        spool_mb = figures["idast_spool_owed_bytes"] / 1e6
        lock.execute("ROLLBACK")
        lock.close()
        wait_for(lambda: station.metrics()["idast_spool_replayed_total"] > replayed, DRAIN_SECONDS_MAX, "replay begins")
        freed = time.monotonic()  # The load goes on: live samples go into the spool behind the others.
        wait_for(lambda: station.metrics()["idast_spool_owed_bytes"] == 0,
                 max(DRAIN_SECONDS_MAX, options.stalled_seconds), "the spool is empty")
        seconds = time.monotonic() - freed
        replayed = station.metrics()["idast_spool_replayed_total"] - replayed
        process.terminate()
        process.communicate(timeout=DRAIN_SECONDS_MAX + 180)
        peak_mb = processes.rss_mb(station.process.pid, "VmHWM")
        verdict = judge(remembered, station.database)
        print(f"  {verdict}", flush=True)
    about = f"another process holds the write lock for {options.stalled_seconds} s; {spooled:.0f} samples, {spool_mb:.0f} MB "\
            f"in the spool, at most {held_most} not acknowledged"
    results.add(f"peak RSS, store stalled {options.stalled_seconds} s at {rate} msg/s", peak_mb, "MB", at_most=64, about=about)
    once = verdict.taken - len(verdict.never_stored) - len(verdict.doubled)
    results.add("samples of it stored, each once", once / verdict.taken, at_least=1,
                about=f"{once} of {verdict.taken}, as the publishers know them")
    results.add("replay / live rate", replayed / seconds / rate, at_least=5, about=f"{replayed:.0f} in {seconds:.0f} s")


# --- three trackers ------------------------------------------------------------------------------


def measure_three(options, results: Results) -> None:
    for linger in ("10s", None):
        name = "three trackers, --linger 10s" if linger else "three trackers, default"
        with Station(options.idast, flags=("--linger", linger) if linger else ()) as station:
            twin = subprocess.Popen(
                [options.idast, "twin", "--mqtt", station.broker.url, "--devices", "3", "--fill-days", "0",
                 "--data", station.folder / "twin"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                time.sleep(15)
                pids = (station.process.pid, station.broker.process.pid)
                cpu = [processes.cpu_seconds(pid) for pid in pids]
                written = [processes.written_bytes(pid) for pid in pids]
                start = time.monotonic()
                time.sleep(options.three_seconds)
                seconds = time.monotonic() - start
                cpu = [processes.cpu_seconds(pid) - c for pid, c in zip(pids, cpu)]
                written = [processes.written_bytes(pid) - w for pid, w in zip(pids, written)]
                rss = processes.rss_mb(pids[0])
            finally:
                processes.stop(twin)
        about = f"over {seconds:.0f} s; the broker"
        results.add(f"{name}: CPU of a core", cpu[0] / seconds * 100, "%", at_most=5,
                    about=f"serve; {about} {cpu[1] / seconds * 100:.2f} %")
        results.add(f"{name}: written a day", written[0] / seconds * DAY_SECONDS / 1e9, "GB", at_most=1 if linger else None,
                    about=f"serve; {about} {written[1] / seconds * DAY_SECONDS / 1e9:.2f} GB")
        results.add(f"{name}: RSS", rss, "MB")


PARTS = {"rate": measure_rate, "latency": measure_latency, "disk": measure_disk, "stalled": measure_stalled,
         "three": measure_three}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("idast", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between (all)")
    parser.add_argument("--latency-seconds", type=int, default=20)
    parser.add_argument("--stalled-seconds", type=int, default=30)
    parser.add_argument("--three-seconds", type=int, default=120)
    options = parser.parse_args()
    options.idast = options.idast.resolve()
    with Results("ingest", whole=options.only == ",".join(PARTS)) as results:
        for part in options.only.split(","):
            PARTS[part](options, results)
    return 0 if results.held else 1


if __name__ == "__main__":
    sys.exit(main())
