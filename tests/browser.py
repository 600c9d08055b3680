#!/usr/bin/env python3
"""The page in Debian's Chromium: every state on a scripted server, and live on a real one, where a foreign
client's publish must be on the screen within a second."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from station import ROOT, Station, idast_from_arguments


def main() -> int:
    with Station(idast_from_arguments()) as station:
        publish = station.folder / "publish"
        publish.write_text(f'#!/bin/sh\nexec mosquitto_pub -p {station.broker.port} -q 1 -t "$1" -m "$2"\n')
        publish.chmod(0o755)
        environment = os.environ | {"IDAST_URL": f"http://127.0.0.1:{station.http_port}",
                                    "IDAST_PUBLISH": str(publish)}
        return subprocess.run(["npm", "run", "--silent", "test:browser"], cwd=ROOT / "dashboard",
                              env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
