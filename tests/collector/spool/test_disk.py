"""The edge to the file system, on a real one."""

import os
from errno import EIO
from pathlib import Path

import pytest

from collector.spool.disk import OPEN, SEALED, Disk
from tests.collector.spool.disks import PowerlessDisk, RefusingDisk


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path / "spool")
    disk.prepare()
    disk.prepare()
    return disk


def test_a_file_is_created_once_and_only_grows(disk: Disk) -> None:
    descriptor = disk.create("open/a")
    assert disk.write(descriptor, b"one") == 3
    disk.truncate(descriptor, 1)
    assert disk.write(descriptor, memoryview(b"xyz")[1:]) == 2
    disk.sync(descriptor)
    disk.close(descriptor)
    assert disk.read("open/a") == b"oyz"
    with pytest.raises(FileExistsError):
        disk.create("open/a")


def test_a_shared_descriptor_outlives_the_first(disk: Disk) -> None:
    descriptor = disk.create("open/a")
    second = disk.share(descriptor)
    disk.close(descriptor)
    disk.sync(second)
    disk.close(second)
    with pytest.raises(OSError, match="Bad file descriptor"):
        disk.sync(second)


def test_put_at_gives_the_same_file_however_often(disk: Disk) -> None:
    disk.put_at("open/a", 0, b"first\n")
    for torn in (b"", b"sec", b"second\nthird"):
        with (disk.root / "open/a").open("ab") as file:
            file.write(torn)
        disk.put_at("open/a", 6, b"second\n")
        assert disk.read("open/a") == b"first\nsecond\n"
    assert disk.size("open/a") == 13


def test_a_new_file_is_safe_once_put_at_returns_also_after_a_failure(tmp_path: Path) -> None:
    refusing = RefusingDisk(tmp_path / "spool")
    refusing.prepare()
    with refusing.refusing(EIO, "sync_folder"), pytest.raises(OSError, match="Input/output"):
        refusing.put_at("open/a", 0, b"x")
    disk = PowerlessDisk(tmp_path / "spool", tmp_path / "vault")
    disk.put_at("open/a", 0, b"x")
    disk.cut_power()
    assert disk.names(OPEN) == ["a"]


def test_a_move_is_a_rename(disk: Disk) -> None:
    disk.put_at("open/a", 0, b"x")
    inode = (disk.root / "open/a").stat().st_ino
    disk.move("open/a", SEALED)
    assert (disk.names(OPEN), disk.names(SEALED)) == ([], ["a"])
    assert (disk.root / "sealed/a").stat().st_ino == inode


def test_names_are_sorted_and_a_missing_folder_has_none(disk: Disk) -> None:
    for name in ("b", "a"):
        disk.put_at(f"sealed/{name}", 0, b"")
    assert disk.names(SEALED) == ["a", "b"]
    assert disk.names("uploaded") == []
    assert sorted(disk.everywhere()) == ["sealed/a", "sealed/b"]
    disk.remove("sealed/a")
    assert disk.everywhere() == ["sealed/b"]


def test_a_view_shows_large_and_empty_files(disk: Disk) -> None:
    disk.put_at("open/a", 0, b"content")
    disk.put_at("open/b", 0, b"")
    with disk.view("open/a") as content:
        assert content[:] == b"content"
    with disk.view("open/b") as content:
        assert content[:] == b""


def test_free_space_is_that_of_the_file_system(disk: Disk) -> None:
    assert 0 < disk.free() <= os.statvfs(disk.root).f_bfree * os.statvfs(disk.root).f_frsize
