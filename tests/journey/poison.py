#!/usr/bin/env python3
"""The poison corpus on a real broker and a real server: each hostile message, topic and request leads to what
tests/golden/poison/index.tsv says, and a good sample after each is stored at once."""
import json
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from station import ROOT, Station, idast_from_arguments, run_claims

CORPUS = ROOT / "tests" / "golden" / "poison"
DEVICE = "esp32-receiver-0000FF"
TOPIC = f"solar-tracker/{DEVICE}/telemetry"
SITE = f"""[[site]]
id = "roof"
name = "Roof"
lat = 13.75
lon = 121.05
time_zone = "Asia/Manila"

[[device]]
id = "{DEVICE}"
name = "North"
site = "roof"
"""


def index(folder: str) -> list[tuple[str, str, bytes]]:
    """(file, what it leads to, its bytes)"""
    lines = (CORPUS / "index.tsv").read_text().splitlines()
    rows = (line.split("\t") for line in lines if line.startswith(folder + "/"))
    return [(file, leads_to, (CORPUS / file).read_bytes()) for file, leads_to, _ in rows]


def ask(port: int, target: bytes) -> tuple[int, str]:
    """Status and error id of a request whose target is sent as it is."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    error = json.loads(body).get("error") if body.startswith(b"{") else None
    return status, error["id"] if isinstance(error, dict) else ""


def main() -> int:
    with Station(idast_from_arguments(), SITE, ("--linger", "20ms")) as station:
        sent = 0

        def good_one() -> None:
            nonlocal sent
            sent += 1
            station.publish(TOPIC, json.dumps({"top": sent, "mode": "probe"}))
            station.until("a good sample after it is stored", lambda: station.rows(
                f"SELECT count(*) AS n FROM telemetry WHERE mode = 'probe' AND top = {sent}")[0]["n"] == 1)

        def counted(before: dict[str, float], after: dict[str, float]) -> str:
            """What the counters say has happened between two readings, in the words of the index."""
            grown = [name for name, value in after.items() if value > before.get(name, 0)]
            refused = [n.split('"')[1] for n in grown if n.startswith("idast_messages_refused_total")]
            keys = [n.split('"')[1] for n in grown if n.startswith("idast_field_refused_total")]
            return " ".join(["refused", *refused]) if refused else " ".join(["stored", ",".join(sorted(keys))]).strip()

        def message(leads_to: str, payload: bytes, topic: str = TOPIC) -> None:
            before = station.metrics()
            rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
            station.publish(topic, payload)
            good_one()
            verb, _, keys = leads_to.partition(" ")
            expected = leads_to if verb == "refused" else f"stored {','.join(sorted(keys.split(',')))}".strip()
            happened = counted(before, station.metrics())
            assert happened == expected, f"{happened}, not {expected}"
            stored = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"] - rows
            assert stored == (1 if verb == "refused" else 2), f"{stored} rows"

        def foreign_topic(leads_to: str, topic: str) -> None:
            """What the server subscribes to it refuses and counts; the rest never reaches it."""
            if topic.count("/") == 2 and topic.startswith("solar-tracker/") and topic.endswith("/telemetry"):
                message(leads_to, b'{"top":1}', topic)
                return
            rows = station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"]
            station.publish(topic, b'{"top":1}')
            good_one()
            assert station.rows("SELECT count(*) AS n FROM telemetry")[0]["n"] == rows + 1

        def target(leads_to: str, text: bytes) -> None:
            status, error = ask(station.http_port, text)
            happened = f"{status} {error}".strip()
            assert happened == leads_to, f"{happened}, not {leads_to}"

        good_one()
        claims = [(file, lambda l=leads, b=data: message(l, b)) for file, leads, data in index("telemetry")]
        claims += [(file, lambda l=leads, b=data: foreign_topic(l, b.decode())) for file, leads, data in index("topic")]
        claims += [(file, lambda l=leads, b=data: target(l, b)) for file, leads, data in index("target")]
        return run_claims([*claims, ("after all this the database is healthy", lambda: station.json("/health"))])


if __name__ == "__main__":
    sys.exit(main())
