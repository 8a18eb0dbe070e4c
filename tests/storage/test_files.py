"""Files that survive a power cut, and locks that end with the process that holds them."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from tidemark.storage.files import LockedError, lock_content, locked, write_atomic


def test_a_lock_is_held_once_and_tells_what_its_holder_wrote(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert lock_content(path) is None
    with locked(path) as descriptor:
        os.pwrite(descriptor, b"12 here", 0)
        assert lock_content(path) == b"12 here"
        with pytest.raises(LockedError) as refused, locked(path):
            raise AssertionError
        assert refused.value.content == b"12 here"
    assert lock_content(path) is None
    with locked(path):
        pass


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert write_atomic(path, lambda file: file.write(b"first")) == 5

    def torn(file: BinaryIO) -> None:
        file.write(b"sec")
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input"):
        write_atomic(path, torn)
    assert path.read_bytes() == b"first"
    assert [each.name for each in tmp_path.iterdir()] == ["file"], "half a file would keep a full disk full"


def test_nothing_is_left_of_a_file_that_cannot_be_made_safe(tmp_path: Path) -> None:
    def to_a_pipe(file: BinaryIO) -> None:
        ends = os.pipe()
        os.dup2(ends[1], file.fileno())
        for end in ends:
            os.close(end)

    with pytest.raises(OSError, match="Invalid argument"):  # a pipe has nothing to be synced
        write_atomic(tmp_path / "file", to_a_pipe)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_file_whose_name_is_that_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomic(tmp_path / "file", lambda file: file.write(b"whole"))
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
