"""What publishers know, against what the store holds. Independent of the project's own code: it reads the file that
`loadgen --remember` wrote and, by SQLite's own reader, the view `telemetry`.

Confirmed = named by `stored`. Acknowledged = PUBACK came to the publisher.
"""
import dataclasses
import pathlib
import sqlite3


@dataclasses.dataclass
class Verdict:
    taken: int = 0
    confirmed: int = 0
    acknowledged: int = 0
    stored: int = 0
    lost_confirmed: list = dataclasses.field(default_factory=list)
    lost_acknowledged: list = dataclasses.field(default_factory=list)
    never_stored: list = dataclasses.field(default_factory=list)
    doubled: list = dataclasses.field(default_factory=list)
    invented: list = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        return (f"{self.taken} taken, {self.acknowledged} acknowledged, {self.confirmed} confirmed, {self.stored} stored; "
                f"lost of confirmed {len(self.lost_confirmed)}, of acknowledged {len(self.lost_acknowledged)}, "
                f"of all {len(self.never_stored)}; doubled {len(self.doubled)}, never sent {len(self.invented)}")


def numbers(ranges: str) -> set[int]:
    if ranges == "-":
        return set()
    pairs = (part.split("-") for part in ranges.split(","))
    return {seq for first, last in pairs for seq in range(int(first), int(last) + 1)}


def counts(database: pathlib.Path) -> dict[tuple[str, str], dict[int, int]]:
    """How often each seq of each device and boot is stored."""
    found: dict[tuple[str, str], dict[int, int]] = {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for device, boot, seq in connection.execute("SELECT device_id, boot_id, seq FROM telemetry"):
            of_boot = found.setdefault((device, boot), {})
            of_boot[seq] = of_boot.get(seq, 0) + 1
    return found


def judge(remembered: pathlib.Path, database: pathlib.Path) -> Verdict:
    verdict = Verdict()
    stored = counts(database)
    verdict.stored = sum(sum(seqs.values()) for seqs in stored.values())
    known = set()
    for line in remembered.read_text().splitlines():
        device, boot, newest, upto, ranges = line.split()
        key = (device, boot)
        known.add(key)
        rows = stored.get(key, {})
        taken = range(int(newest) + 1)
        acknowledged = numbers(ranges)
        verdict.taken += len(taken)
        verdict.confirmed += int(upto) + 1
        verdict.acknowledged += len(acknowledged)
        missing = [seq for seq in taken if seq not in rows]
        verdict.never_stored += [(device, seq) for seq in missing]
        verdict.lost_confirmed += [(device, seq) for seq in missing if seq <= int(upto)]
        verdict.lost_acknowledged += [(device, seq) for seq in missing if seq in acknowledged]
        verdict.doubled += [(device, seq) for seq, times in rows.items() if times > 1]
        verdict.invented += [(device, seq) for seq in rows if seq not in taken]
    verdict.invented += [key for key in stored if key not in known]
    return verdict
