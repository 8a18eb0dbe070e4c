"""A machine's collector at a glance: what it says itself, and what its spool says without it."""

from pathlib import Path

import msgspec

from collector.http import ask
from collector.spool.backlog import Backlog, backlog
from collector.spool.disk import Disk
from collector.spool.lock import holder
from collector.spool.repair import inheritance
from collector.status import Status
from tidemark.core.errors import Problem
from tidemark.core.timestamps import format_timestamp


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What `tidemark status` shows.

    `status` is None when no collector runs, or it does not answer; `pid` tells those apart. `last_entry` is the last
    moment that the spool knows of.
    """

    spool: str
    pid: int | None
    status: Status | None
    backlog: Backlog
    disk_free: int
    last_entry: str


def look(root: Path) -> Glance:
    """Look at a spool and ask the collector that writes it. Raises Problem where there is none."""
    if not root.is_dir():
        raise Problem(f"there is no spool at {root}", "set TIDEMARK_SPOOL to the collector's folder")
    disk = Disk(root)
    found = holder(root)
    return Glance(
        spool=str(root),
        pid=found.pid if found else None,
        status=_ask(found.address) if found and found.address else None,
        backlog=backlog(disk),
        disk_free=disk.free(),
        last_entry=format_timestamp(inheritance(disk).floor),
    )


def _ask(address: str) -> Status | None:
    try:
        return msgspec.json.decode(ask(address, "/status"), type=Status)
    except (OSError, ValueError):
        return None
