"""The original design (bench/original/) as child processes: MariaDB with its own folder, port and socket, and the
Node program. Both are stopped by their process id; a MariaDB of the machine is never touched."""
import getpass
import os
import pathlib
import shutil
import subprocess
import sys
import time

import processes

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import broker  # noqa: E402

START_SECONDS_MAX = 60
PATH = os.environ.get("PATH", "") + ":/usr/sbin"


class Original:
    def __init__(self, folder: pathlib.Path, mqtt_url: str) -> None:
        self.folder = folder
        self.mqtt_url = mqtt_url
        self.mysql_port = broker.free_port()
        self.http_port = broker.free_port()
        self.socket = folder / "mariadb.sock"
        self.database: subprocess.Popen | None = None
        self.node: subprocess.Popen | None = None

    def __enter__(self) -> "Original":
        self.folder.mkdir(parents=True)
        data = self.folder / "mariadb"
        mine = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
        subprocess.run(["mariadb-install-db", *mine, "--auth-root-authentication-method=normal",
                        "--skip-test-db"], check=True, capture_output=True, env=os.environ | {"PATH": PATH})
        self.database = subprocess.Popen(
            [shutil.which("mariadbd", path=PATH) or "mariadbd", *mine, f"--port={self.mysql_port}",
             "--bind-address=127.0.0.1", f"--socket={self.socket}", f"--pid-file={self.folder}/mariadb.pid"],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "mariadb.log").open("ab"), start_new_session=True)
        self.until("MariaDB answers", lambda: self.sql("SELECT 1") == "1")
        self.sql("CREATE DATABASE idast")
        self.start_node()
        return self

    def __exit__(self, *_) -> None:
        for process in (self.node, self.database):
            if process is not None:
                processes.stop(process)

    def start_node(self) -> None:
        log = self.folder / "node.log"
        log.write_text("")
        self.node = subprocess.Popen(
            ["node", ROOT / "bench" / "original" / "server.mjs"], stdout=log.open("ab"), stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PORT": str(self.http_port), "MYSQL_PORT": str(self.mysql_port),
                              "MQTT_BROKER_URL": self.mqtt_url, "NODE_ENV": "production"})
        self.until("the original has subscribed", lambda: "subscribed" in log.read_text())

    def until(self, what: str, condition) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {START_SECONDS_MAX} s: {what}; see {self.folder}")
            time.sleep(0.1)

    def sql(self, statement: str) -> str:
        done = subprocess.run(["mariadb", "--no-defaults", "-N", "-B", "-u", "root", f"--socket={self.socket}",
                               "-e", statement], capture_output=True, text=True)
        return done.stdout.strip()

    def stored(self) -> int:
        return int(self.sql("SELECT COALESCE(MAX(id), 0) FROM idast.telemetry") or 0)

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.node.pid) + processes.cpu_seconds(self.database.pid)

    def written_bytes(self) -> int:
        return processes.written_bytes(self.node.pid) + processes.written_bytes(self.database.pid)
