#!/usr/bin/env python3
"""`./dev run`: mosquitto, the server and the twin as child processes of one terminal; Ctrl-C ends all.

Everything that is kept lives in one folder (--data, default ./data): the database, the broker's queue,
the twin's memory and the generated configuration. Remove the folder to start afresh.
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import broker

ROOT = pathlib.Path(__file__).resolve().parent.parent
IDAST = ROOT / "build" / "idast"
BROKER_PORT = 1883
DISK_MIN_BYTES = 200_000_000  # Three trackers for a day, the broker's queue and some air.
READY_SECONDS_MAX = 15
STOP_SECONDS_MAX = 8


def fail(words: str) -> None:
    print(f"dev run: {words}", file=sys.stderr)
    sys.exit(1)


class Child:
    """A process whose output goes to a log; its last lines are shown when it ends unasked."""

    def __init__(self, name: str, command: list, log: pathlib.Path, environment: dict, show: bool = False):
        self.name, self.log = name, log
        output = None if show else log.open("ab")
        self.process = subprocess.Popen([str(c) for c in command], stdout=output, stderr=output,
                                        stdin=subprocess.DEVNULL, env=os.environ | environment,
                                        start_new_session=True)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> None:
        if self.ended():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            print(f"{self.name} did not end in {STOP_SECONDS_MAX} s and was killed", file=sys.stderr)
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        if not self.log.exists():
            return ""
        return "\n".join("  " + line for line in self.log.read_text(errors="replace").splitlines()[-6:])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__.split("\n")[0])
    parser.add_argument("--http", default="127.0.0.1:8080", metavar="ADDRESS:PORT",
                        help="where the page is served (default %(default)s)")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "data", metavar="DIR",
                        help="where everything is kept (default ./data)")
    parser.add_argument("--weather", type=pathlib.Path, metavar="FILE",
                        help="adds a tracker that lives through this measured day (SURFRAD .dat or CSV)")
    parser.add_argument("--law", metavar="LAW", help="control law of the twin: hybrid (default), ephemeris or naive")
    parser.add_argument("--yaw-error", metavar="DEGREES",
                        help="the mounts really stand this much clockwise; a change at a start lets hybrid learn anew")
    parser.add_argument("--tilt-error", metavar="DEGREES", help="the tilt servos' zero is off by this")
    parser.add_argument("--ldr-mismatch", metavar="PERCENT",
                        help="each light sensor's resistance is off by up to this (10)")
    parser.add_argument("--fill-days", metavar="N", help="days of history that a first start fills in (30)")
    return parser.parse_args()


def check_before_start(options: argparse.Namespace) -> None:
    address, _, port = options.http.rpartition(":")
    if not port.isdigit() or not address:
        fail(f"--http {options.http}: expected ADDRESS:PORT")
    if address in ("127.0.0.1", "localhost") and not broker.port_is_free(int(port)):
        fail(f"port {port} is taken: end what uses it, or choose another: ./dev run --http {address}:{int(port) + 1}")
    if options.weather and not options.weather.is_file():
        fail(f"--weather {options.weather}: no such file")
    try:
        options.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"--data {options.data}: {error.strerror}")
    free = shutil.disk_usage(options.data).free
    if free < DISK_MIN_BYTES:
        fail(f"the disk is full: {free // 1_000_000} MB are free at {options.data}, "
             f"{DISK_MIN_BYTES // 1_000_000} MB are needed")


def twin_flags(options: argparse.Namespace) -> list:
    flags = ["--devices", "3", "--data", options.data / "twin"]
    if options.weather:
        flags += ["--weather", options.weather]
    if options.law:
        flags += ["--law", options.law]
    for name in ("fill_days", "yaw_error", "tilt_error", "ldr_mismatch"):
        value = getattr(options, name)
        if value is not None:
            flags.append(f"--{name.replace('_', '-')}={value}")  # One word: a value may begin with a minus.
    return flags


def write_sites(options: argparse.Namespace) -> pathlib.Path:
    """The twin knows its sites; the server learns them from the configuration file."""
    file = options.data / "idast.toml"
    made = subprocess.run([IDAST, "twin", *map(str, twin_flags(options)), "--print-sites"],
                          capture_output=True, text=True)
    if made.returncode != 0:
        fail(made.stderr.strip() or "the twin could not name its sites")
    file.write_text("# Written by ./dev run: the twin's trackers and where they stand.\n" + made.stdout)
    return file


def wait_until_ready(http: str, server: Child) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if server.ended():
            return
        try:
            with urllib.request.urlopen(f"http://{http}/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)


def main() -> int:
    options = parse()
    options.data = options.data.resolve()
    check_before_start(options)
    # Said even where the shell that started us ignores it, as for a job in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))

    password = broker.kept_password(options.data / "mqtt-password")
    port = BROKER_PORT if broker.port_is_free(BROKER_PORT) else broker.free_port()
    environment = {"IDAST_MQTT_USERNAME": broker.USERNAME, "IDAST_MQTT_PASSWORD": password}
    children: list[Child] = []
    mosquitto = broker.Broker(options.data / "mosquitto", port, password)
    try:
        configuration = write_sites(options)
        mosquitto.start()
        server = Child("the server", [IDAST, "serve", "--config", configuration, "--http", options.http,
                                      "--mqtt", mosquitto.url, "--data", options.data],
                       options.data / "serve.log", environment)
        children.append(server)
        wait_until_ready(options.http, server)
        if not server.ended():
            print(f"\n  IDAST is live at  http://{options.http}/\n"
                  f"  broker {mosquitto.url} (user {broker.USERNAME}, password in {options.data}/mqtt-password)\n"
                  f"  data and logs in {options.data} · Ctrl-C ends everything\n", flush=True)
            children.append(Child("the twin", [IDAST, "twin", "--mqtt", mosquitto.url, *twin_flags(options)],
                                  options.data / "twin.log", environment, show=True))
        while not any(child.ended() for child in children) and mosquitto.process.poll() is None:
            time.sleep(0.2)
        for child in children:
            if child.ended():
                print(f"dev run: {child.name} ended (status {child.process.returncode})\n{child.last_words()}",
                      file=sys.stderr)
        if mosquitto.process.poll() is not None:
            print(f"dev run: mosquitto ended; see {mosquitto.folder}/mosquitto.log", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnding…", file=sys.stderr)
        return 0
    except (RuntimeError, OSError) as error:
        print(f"dev run: {error}", file=sys.stderr)
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()
        mosquitto.stop()


if __name__ == "__main__":
    sys.exit(main())
