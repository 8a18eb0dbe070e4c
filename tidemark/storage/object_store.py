"""What is asked of an archive, and the ways in which an archive can say no."""

from pathlib import Path
from typing import Literal, Protocol

import msgspec

from tidemark.core.errors import Problem

PutOnce = Literal["conditional", "head"]


class ObjectConflictError(Problem):
    """An object of this name is there already, with other content. It is left as it is; other files go on."""


class ChecksumMismatchError(Problem):
    """The archive received other bytes than the file's digest promises. Packed again, the file may pass."""


class StoreUnavailableError(Problem):
    """The archive as a whole cannot be used at the moment: missing, forbidden, out of reach or not well.

    Nothing else is tried in this run; what is in the spool stays there.
    """


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an object is, or will be; `endpoint` is an address without a password."""

    endpoint: str
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key} at {self.endpoint}"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint was found to do, and where that holds.

    `whole` and `parts` say whether a second put of the same key is refused, in one request and in parts; `checksums`
    whether the endpoint takes `x-amz-checksum-sha256`.
    """

    endpoint: str
    bucket: str
    prefix: str
    encryption: str
    whole: bool
    parts: bool
    checksums: bool


_decoder = msgspec.json.Decoder(Proof)


def print_proof(proof: Proof) -> bytes:
    """Print a proof as one line of JSON."""
    return msgspec.json.encode(proof) + b"\n"


def read_proof(data: bytes) -> Proof | None:
    """Read a proof; None for anything else, so that the endpoint is asked again."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None


class ObjectStore(Protocol):
    """An archive of objects that are put once and never change."""

    def prove(self, prefix: str, name: str, known: Proof | None) -> Proof:
        """Find out whether the archive puts once, by objects under `prefix` whose names contain `name`.

        `known` is what an earlier call returned; where it is about the same place nothing is asked. Raises
        StoreUnavailableError where the archive cannot be asked or overwrites what is there.
        """
        ...

    def place(self, key: str) -> Place:
        """Return where the object of a key is; nothing is asked."""
        ...

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        """Put a file, or bytes, under a key unless that key is taken, and read the stored object's checksum back.

        `sha256` is the content's hexadecimal digest. Returns whether this call created the object; False means
        that an equal one was there. When it returns, the archive has the content.

        Raises OSError where the file cannot be read, ObjectConflictError, ChecksumMismatchError, Problem where this
        object alone cannot be put, or StoreUnavailableError for everything else. After the last of them the object
        may or may not be there; another call finds out.
        """
        ...
