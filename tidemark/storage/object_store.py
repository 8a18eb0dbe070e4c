"""What the uploader asks of an archive, and the ways in which an archive can say no."""

from pathlib import Path
from typing import Protocol

from tidemark.core.errors import Problem


class ObjectConflictError(Problem):
    """An object of this name is there already, with other content. It is left as it is; other files go on."""


class ChecksumMismatchError(Problem):
    """The archive received other bytes than the file's digest promises. Packed anew, the file may pass."""


class StoreUnavailableError(Problem):
    """The archive as a whole cannot be used at the moment: missing, forbidden, out of reach or not well.

    Nothing else is tried in this run; what is in the spool stays there.
    """


class ObjectStore(Protocol):
    """An archive of objects that are put once and never change."""

    def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
        """Put a file, or bytes, under a key unless that key is taken, and read the stored object's checksum back.

        `sha256` is the content's hexadecimal digest. Returns whether this call created the object; False means
        that an equal one was there. When it returns, the archive has the content.

        Raises ObjectConflictError, ChecksumMismatchError or StoreUnavailableError. After the last of them the object
        may or may not be there; another call finds out.
        """
        ...
