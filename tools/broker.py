"""mosquitto as a child process: loopback, its own folder, the limits that lose nothing.

Used by ./dev run and by every test that needs a real broker, so that both run the same configuration.
"""
import getpass
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time

USERNAME = "idast"
START_SECONDS_MAX = 10

# The reason beside each limit was measured: mosquitto's defaults (20 in flight, 1000 queued) drop what
# a slow subscriber has not fetched, although the publisher got its PUBACK; its default autosave (30
# minutes) forgets the session and the queue in a crash. Payloads above 64 KiB must reach the server,
# which counts what it refuses. Without nodelay a sample waits up to 40 ms for the acknowledgement of the
# segment before it (Nagle, and the receiver's delayed ACK).
CONFIGURATION = """listener {port} 127.0.0.1
{authentication}
user {user}
persistence true
persistence_location {folder}/
autosave_interval 1
max_inflight_messages 2000
max_queued_messages 0
max_queued_bytes 1000000000
message_size_limit 131072
max_packet_size 131072
set_tcp_nodelay true
log_dest file {folder}/mosquitto.log
log_type error
log_type warning
log_type notice
connection_messages false
"""


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def executable() -> str:
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin") or "mosquitto"


class Broker:
    """One mosquitto. `password` empty: anonymous clients are let in (tests on loopback only)."""

    def __init__(self, folder: pathlib.Path, port: int, password: str = "") -> None:
        self.folder = folder
        self.port = port
        self.password = password
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> "Broker":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        authentication = "allow_anonymous true"
        if self.password:
            users = self.folder / "users"
            users.write_text(f"{USERNAME}:{self.password}\n")
            users.chmod(0o600)
            # -U hashes the file in place: the password never stands on a command line.
            subprocess.run(["mosquitto_passwd", "-U", str(users)], check=True, capture_output=True)
            authentication = f"allow_anonymous false\npassword_file {users}"
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(CONFIGURATION.format(
            port=self.port, authentication=authentication, user=getpass.getuser(), folder=self.folder))
        self.process = subprocess.Popen([executable(), "-c", str(configuration)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise RuntimeError(f"mosquitto did not start; see {self.folder}/mosquitto.log")

    def kill(self) -> None:
        """Power cut."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()


def kept_password(file: pathlib.Path) -> str:
    """A random secret of 192 bits, made once and kept readable by its owner only."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24))
    return file.read_text().strip()
