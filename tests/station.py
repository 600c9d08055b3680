"""A real station for tests: mosquitto and `idast serve` as child processes, on free loopback ports and
in a folder of their own. Everything is stopped by its process id."""
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True
import broker  # noqa: E402

WAIT_SECONDS_MAX = 20  # Longer is a failure, not slowness: a sanitized build on a busy machine is done in 3.


class Station:
    """`with Station(idast) as station:` starts both; `configuration` is the server's TOML."""

    def __init__(self, idast: str, configuration: str = "", flags: tuple = (), broker_port: int = 0):
        self.idast = pathlib.Path(idast).resolve()
        self.temporary = tempfile.TemporaryDirectory(prefix="idast-test-")
        self.folder = pathlib.Path(self.temporary.name)
        self.configuration = configuration
        self.flags = flags
        self.broker = broker.Broker(self.folder / "mosquitto", broker_port or broker.free_port())
        self.http_port = broker.free_port()
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Station":
        self.broker.start()
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self.broker.stop()
        self.temporary.cleanup()

    @property
    def database(self) -> pathlib.Path:
        return self.folder / "data" / "idast.db"

    def start(self) -> None:
        """Starts the server and waits until its subscription is confirmed."""
        self.launch()
        self.until("the server is ready", self.ready)

    def launch(self) -> None:
        toml = self.folder / "idast.toml"
        toml.write_text(self.configuration)
        log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [self.idast, "serve", "--config", toml, "--http", f"127.0.0.1:{self.http_port}",
             "--mqtt", self.broker.url, "--data", self.folder / "data", *self.flags],
            stdout=log, stderr=log, start_new_session=True)

    def ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"serve ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        return self.get("/ready")[0] == 200

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int | None:
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def log(self) -> str:
        return (self.folder / "serve.log").read_text(errors="replace")

    def until(self, what: str, condition) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {WAIT_SECONDS_MAX} s: {what}\n{self.log()[-3000:]}")
            time.sleep(0.02)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    def json(self, path: str):
        status, body = self.get(path)
        assert status == 200, f"{path}: {status} {body[:300]}"
        return json.loads(body)

    def publish(self, topic: str, payload: bytes | str, qos: int = 1) -> None:
        """By a foreign client; the payload goes through standard input, so it may be anything."""
        data = payload.encode() if isinstance(payload, str) else payload
        source = "-s" if data else "-n"
        done = subprocess.run(["mosquitto_pub", "-p", str(self.broker.port), "-t", topic, "-q", str(qos), source],
                              input=data, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()

    def metrics(self) -> dict[str, float]:
        """Every figure of /metrics by its name with labels."""
        figures = {}
        for line in self.get("/metrics")[1].splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                figures[name] = float(value)
        return figures

    def rows(self, sql: str) -> list[sqlite3.Row]:
        """By a foreign reader, while the server runs."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql).fetchall()


def run_claims(claims: list) -> int:
    """Runs (name, function) pairs; prints what ./dev test counts."""
    failed = 0
    for name, claim in claims:
        try:
            claim()
        except Exception as error:  # noqa: BLE001  (a claim fails by whatever it raises)
            failed += 1
            kind = type(error).__name__
            print(f"FAIL: {name}\n  {kind}: {error}", flush=True)
    print(f"IDAST-TESTS passed={len(claims) - failed} failed={failed}")
    return 1 if failed else 0


def idast_from_arguments() -> str:
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} PATH-TO-IDAST")
    return os.path.abspath(sys.argv[1])
