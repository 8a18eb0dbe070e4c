"""The spool folder as the uploader sees it. State is folders and names; a step is done by a rename.

`sealed/NAME.jsonl` waits · `packed/NAME.jsonl.zst` and its record `packed/NAME.jsonl.json` are about to be uploaded ·
`uploaded/NAME.jsonl.json` says that the archive has it, and where: the settings may change before its hour is over. An
hour's manifest is `packed/HOUR.json` until the archive has it, and `uploaded/HOUR.json` from then on. What is in
`packed/` is sent again byte for byte.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from collector.spool.disk import OPEN, PACKED, SEALED, UPLOADED
from collector.spool.lock import refuse_moved
from collector.upload.packing import PackedSegment, pack, print_packed, read_packed
from collector.upload.plan import Deletions, Listing
from collector.upload.report import LastRun, print_last_run, read_last_run
from tidemark.archive.names import CoverageName, SegmentName
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.storage.files import LockedError, locked, sync_folder, write_atomic
from tidemark.storage.object_store import Place, Proof, print_proof, read_proof

_Name = TypeVar("_Name")


class UploadRunningError(Problem):
    """Another uploader is at work on the same spool."""


class UploadFolders:
    """The folders of one spool; files of other names are left alone."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open = root / OPEN
        self._sealed = root / SEALED
        self._packed = root / PACKED
        self._uploaded = root / UPLOADED

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other uploader out.

        Raises UploadRunningError where one is running, Problem without a spool or with one that is marked as moved.
        """
        if not self._root.is_dir():
            raise Problem(f"there is no spool at {self._root}", "Set TIDEMARK_SPOOL to the collector's spool folder")
        refuse_moved(self._root)
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._root / "upload.lock"))
            except LockedError as error:
                hint = "Nothing to do: it uploads what is due"
                raise UploadRunningError(f"another upload is running on {self._root}", hint) from error
            self._packed.mkdir(exist_ok=True)
            self._uploaded.mkdir(exist_ok=True)
            for path in self._packed.iterdir():  # what a dead uploader was writing; a file counts only with its record
                if path.suffix == ".tmp" or (path.suffix == ".zst" and not path.with_suffix(".json").exists()):
                    path.unlink()
            yield

    def listing(self, here: Callable[[SegmentName], Place]) -> Listing:
        """Return the names in the spool, by state; `here` tells where a segment is uploaded to now."""
        uploaded = frozenset(self._uploaded_names())
        committed = frozenset(_names(self._uploaded, lambda name: Hour.parse_compact(name.removesuffix(".json"))))
        elsewhere = frozenset(
            name for name in uploaded if name.hour not in committed and self.place(name) != here(name)
        )
        opened = _names(self._open, SegmentName.parse), _names(self._open, CoverageName.parse)
        return Listing(
            open_hours=frozenset(name.hour for names in opened for name in names),
            sealed=frozenset(_names(self._sealed, SegmentName.parse)),
            ledgers=frozenset(name.hour for name in _names(self._sealed, CoverageName.parse)),
            uploaded=uploaded - elsewhere,
            elsewhere=elsewhere,
            committed=committed,
        )

    def size(self, name: SegmentName) -> int:
        """Return the size of a sealed segment in bytes."""
        return (self._sealed / str(name)).stat().st_size

    def pack(self, name: SegmentName, *, level: int) -> tuple[Path, PackedSegment]:
        """Return a sealed segment's compressed file and its record, made now unless they are there already."""
        record = self._packed / f"{name}.json"
        target = self._packed / f"{name}.zst"
        with suppress(FileNotFoundError, ValueError):
            if target.exists():
                return target, read_packed(record.read_bytes())
        with (self._sealed / str(name)).open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            packed = write_atomic(target, lambda file: pack(source, size, file, level=level))
        write_atomic(record, lambda file: file.write(print_packed(packed)))
        return target, packed

    def discard(self, name: SegmentName) -> None:
        """Delete a packed file that is damaged; the sealed one is packed again next time."""
        (self._packed / f"{name}.json").unlink()
        (self._packed / f"{name}.zst").unlink()

    def mark_uploaded(self, name: SegmentName, packed: PackedSegment, place: Place) -> None:
        """Record that the archive has a segment, and where."""
        record = print_packed(replace(packed, place=place))
        write_atomic(self._packed / f"{name}.json", lambda file: file.write(record))
        self._move(f"{name}.json")
        (self._packed / f"{name}.zst").unlink()

    def record(self, name: SegmentName) -> PackedSegment:
        """Return the record of an uploaded segment."""
        return read_packed((self._uploaded / f"{name}.json").read_bytes())

    def records(self, hour: Hour) -> dict[SegmentName, PackedSegment]:
        """Return the records of an hour's uploaded segments."""
        names = [name for name in self._uploaded_names() if name.hour == hour]
        return {name: self.record(name) for name in names}

    def place(self, name: SegmentName) -> Place | None:
        """Return where a segment was uploaded; None where its record does not say, or cannot be read."""
        with suppress(ValueError):
            return self.record(name).place
        return None

    def make_room(self, here: Callable[[SegmentName], Place]) -> None:
        """Delete sealed segments that the archive has, before their time."""
        listing = self.listing(here)
        for name in listing.sealed & listing.uploaded:
            (self._sealed / str(name)).unlink(missing_ok=True)  # a collector that is short of room may have been first

    def ledger(self, hour: Hour) -> bytes | None:
        """Return an hour's sealed coverage ledger, None where there is none."""
        path = self._sealed / str(CoverageName(hour))
        return path.read_bytes() if path.exists() else None

    def manifest(self, hour: Hour) -> Path | None:
        """Return an hour's manifest as it was or will be put, None where it was not written yet."""
        places = (folder / f"{hour.compact}.json" for folder in (self._packed, self._uploaded))
        return next((path for path in places if path.exists()), None)

    def keep_manifest(self, hour: Hour, data: bytes) -> Path:
        """Write an hour's manifest before it is put, so that every attempt puts the same bytes."""
        path = self._packed / f"{hour.compact}.json"
        write_atomic(path, lambda file: file.write(data))
        return path

    def mark_committed(self, hour: Hour) -> None:
        """Record that the archive has an hour's manifest."""
        self._move(f"{hour.compact}.json")

    def last(self) -> LastRun | None:
        """Return how the last run ended, None where that is not known."""
        path = self._root / "upload.json"
        return read_last_run(path.read_bytes()) if path.exists() else None

    def keep_last(self, last: LastRun) -> None:
        """Write down how this run ended."""
        write_atomic(self._root / "upload.json", lambda file: file.write(print_last_run(last)))

    def proof(self) -> Proof | None:
        """Return what the endpoint was last found to do, None where that is not known."""
        path = self._root / "endpoint.json"
        return read_proof(path.read_bytes()) if path.exists() else None

    def keep_proof(self, proof: Proof) -> None:
        """Write down what the endpoint does, so that it is asked once."""
        write_atomic(self._root / "endpoint.json", lambda file: file.write(print_proof(proof)))

    def delete(self, deletions: Deletions) -> int:
        """Remove files that are no longer needed and return how many there were."""
        paths = [self._sealed / str(name) for name in deletions.segments]
        paths += [self._uploaded / f"{name}.json" for name in deletions.segments]
        paths += [self._sealed / str(CoverageName(hour)) for hour in deletions.ledgers]
        paths += [self._uploaded / f"{hour.compact}.json" for hour in deletions.manifests]
        deleted = 0
        for path in paths:
            with suppress(FileNotFoundError):  # a collector that is short of room may have been first
                path.unlink()
                deleted += 1
        return deleted

    def _uploaded_names(self) -> Iterator[SegmentName]:
        return _names(self._uploaded, lambda name: SegmentName.parse(name.removesuffix(".json")))

    def _move(self, name: str) -> None:
        (self._packed / name).rename(self._uploaded / name)
        sync_folder(self._uploaded)


def _names(folder: Path, parse: Callable[[str], _Name]) -> Iterator[_Name]:
    if not folder.is_dir():
        return
    for entry in os.scandir(folder):
        try:
            yield parse(entry.name)
        except ValueError:
            continue
