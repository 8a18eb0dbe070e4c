import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TextIO

import pytest

from tidemark.cli.output import is_read, patient


@pytest.fixture
def unread() -> Iterator[TextIO]:
    """An output whose reader is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        yield output


def test_what_nobody_reads_is_dropped_and_noticed(unread: TextIO) -> None:
    with redirect_stdout(patient(unread)):
        assert is_read()
        print("x" * 100_000)
        sys.stdout.flush()
        assert not is_read()
        sys.stdout.flush()


def test_what_is_read_arrives_whole_and_any_text_can_be_written(tmp_path: Path) -> None:
    with (tmp_path / "output").open("w", encoding="ascii") as output, redirect_stdout(patient(output)):
        print("x" * 100_000, "\u2588")
        sys.stdout.flush()
        assert is_read()
    assert (tmp_path / "output").read_text() == "x" * 100_000 + " \\u2588\n"


def test_a_stream_that_is_no_file_is_left_alone() -> None:
    text = StringIO()
    assert patient(text) is text


def test_a_full_disk_is_still_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        output = patient(full)
        output.write("x")
        with pytest.raises(OSError, match="No space left"):
            output.flush()
        with Path(os.devnull).open("wb") as nobody:
            os.dup2(nobody.fileno(), full.fileno())
        output.flush()
