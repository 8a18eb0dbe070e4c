"""How long `tidemark upload` takes beside s5cmd and awscli, for the same packed files and the same S3.

Each is a process of its own, started as cron would. Tidemark's share holds more than the others': it puts each file
under a condition, reads its checksum back, moves its records, and writes the manifests of the hours.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench import results
from collector.upload.packing import PackedSegment, print_packed
from tidemark.archive.names import SegmentName
from tidemark.archive.topic_counts import TopicCounts
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.local.services.s3 import S3Server

FILES = 12  # an hour of the whole market, packed
SIZE = results.scaled(32 << 20)
ROUNDS = 5
HOUR = Hour.parse("2026-11-20T10")
OPPONENTS = Path(__file__).parents[1] / ".venv-bench" / "bin"


def main() -> None:
    contents = [os.urandom(SIZE) for _ in range(FILES)]
    seconds: dict[str, list[float]] = {"tidemark": [], "s5cmd": [], "awscli": []}
    for number in range(ROUNDS):
        for name, taken in seconds.items():
            with tempfile.TemporaryDirectory() as folder, S3Server() as server:
                server.create_bucket("archive")
                spool(Path(folder), contents)
                taken.append(elapsed(command(name, Path(folder)), environment(server, Path(folder))))
                check(server)
        print(f"round {number + 1}: " + ", ".join(f"{name} {taken[-1]:.2f} s" for name, taken in seconds.items()))
    fastest = min(median(seconds["s5cmd"]), median(seconds["awscli"]))
    results.record(
        upload_vs_fastest=median(seconds["tidemark"]) / fastest,
        upload_mb_s=FILES * SIZE / 1e6 / median(seconds["tidemark"]),
    )


def spool(folder: Path, contents: list[bytes]) -> None:
    """Fill a spool with packed segments that wait to be uploaded, as an upload that was cut short leaves them."""
    for name in ("open", "sealed", "packed", "uploaded"):
        (folder / name).mkdir()
    for number, content in enumerate(contents, start=1):
        segment = SegmentName(HOUR, number)
        packed = PackedSegment(
            records=1,
            bytes=1,
            compressed_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            event_types={"item_sold": 1},
            topics={"collection:*": TopicCounts((0,), (1,), (1,))},
            first_received_at=HOUR.start,
            last_received_at=HOUR.start,
        )
        (folder / "sealed" / str(segment)).write_bytes(b"\n")
        (folder / "packed" / f"{segment}.zst").write_bytes(content)
        (folder / "packed" / f"{segment}.json").write_bytes(print_packed(packed))


def command(name: str, folder: Path) -> list[str]:
    match name:
        case "tidemark":
            return [str(Path(sys.executable).with_name("tidemark")), "upload"]
        case "s5cmd":
            return [str(OPPONENTS / "s5cmd"), "cp", f"{folder}/packed/*.zst", "s3://archive/events/"]
        case _:
            options = ["--recursive", "--only-show-errors", "--exclude", "*", "--include", "*.zst"]
            return [str(OPPONENTS / "aws"), "s3", "cp", *options, f"{folder}/packed", "s3://archive/events/"]


def environment(server: S3Server, folder: Path) -> dict[str, str]:
    moment = format_timestamp(HOUR.end + timedelta(minutes=5))
    return {
        "PATH": os.environ["PATH"],
        **server.environment,
        "S3_ENDPOINT_URL": server.endpoint,
        "TIDEMARK_BUCKET": "archive",
        "TIDEMARK_COLLECTOR": "collector-a",
        "TIDEMARK_SPOOL": str(folder),
        "TIDEMARK_CLOCK": f"{moment}@{time.time()}*1",
    }


def elapsed(arguments: list[str], variables: dict[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(arguments, env=variables, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def check(server: S3Server) -> None:
    """Make sure that everything arrived: a fast failure is no result."""
    listed = server.client().list_objects_v2(Bucket="archive", Prefix="events/")["Contents"]
    sizes = [each["Size"] for each in listed]
    if sizes != [SIZE] * FILES:
        raise RuntimeError(f"{FILES} objects of {SIZE} bytes should have arrived, not {sizes}")
