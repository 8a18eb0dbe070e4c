"""What can be wrong with a file in the spool, for the person who must act on it."""

from errno import ENOSPC

from tidemark.archive.names import SegmentName
from tidemark.core.errors import Problem
from tidemark.storage.failures import problem_of


def late(name: SegmentName) -> Problem:
    """Return the problem of a segment whose hour was committed without it."""
    return Problem(
        f"{name} was sealed after the manifest of its hour had been put, which is final",
        "The clock of this machine stepped back. The file stays where it is; to archive it, move it into sealed/ of an "
        "empty spool and upload that under another TIDEMARK_COLLECTOR",
    )


def spoiled(what: str, error: Exception) -> Problem:
    """Return the problem of content that cannot be read."""
    return Problem(
        f"{what} cannot be made, a file of it in the spool is damaged: {error}",
        "Check the disk. Cut the damaged line from the file, or move the file out of the spool, then run it again",
    )


def disk_problem(what: str, error: OSError) -> Problem:
    """Return the problem of a disk that refuses."""
    kept = (
        "About an eighth of a segment is needed to pack it" if error.errno == ENOSPC else "The file stays in the spool"
    )
    problem = problem_of(f"{what} cannot be read or written", error, kept)
    assert problem is not None  # noqa: S101 - every OSError is known
    return problem
