"""Names: a grammar with one parser and one printer."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.names import (
    LAST_NUMBER,
    REPAIR_PREFIX,
    CoverageName,
    ManifestKey,
    ObjectKey,
    SegmentName,
    checked_collector,
    checked_prefix,
    is_repair,
    manifest_folder,
)
from tidemark.core.clock import EPOCH
from tidemark.core.hour import Hour

hours = st.integers(0, 1_000_000).map(lambda count: Hour(EPOCH + timedelta(hours=count)))
collectors = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True).filter(str.isascii)
prefixes = st.from_regex(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,9}/){0,3}", fullmatch=True)
segments = st.builds(SegmentName, hours, st.integers(1, LAST_NUMBER))
names = st.one_of(
    segments,
    st.builds(CoverageName, hours),
    st.builds(ObjectKey, prefixes, collectors, segments),
    st.builds(ManifestKey, prefixes, collectors, hours),
)
PARSERS: list[Callable[[str], object]] = [SegmentName.parse, CoverageName.parse, ObjectKey.parse, ManifestKey.parse]


@given(names)
def test_what_is_printed_is_read_back(name: SegmentName | CoverageName | ObjectKey | ManifestKey) -> None:
    assert type(name).parse(str(name)) == name


@given(names)
def test_each_name_has_one_reader(name: object) -> None:
    readers = []
    for parse in PARSERS:
        try:
            readers.append(parse(str(name)))
        except ValueError:
            continue
    assert readers == [name]


@given(st.text())
def test_a_name_that_is_read_is_printed_the_same(text: str) -> None:
    for parse in PARSERS:
        with suppress(ValueError):
            assert str(parse(text)) == text


@given(st.text(alphabet="abcdefgh0123456789-./_ \x00Äü", max_size=80))
def test_no_collector_or_prefix_leaves_its_folder(text: str) -> None:
    for checked in (checked_collector, checked_prefix):
        with suppress(ValueError):
            assert checked(text) == text
            assert not {"..", "", "."} & set(text.split("/")[:-1])
            assert "\x00" not in text
            assert not text.startswith("/")


@pytest.mark.parametrize(
    "name",
    [
        "20261122T15.0000.jsonl",
        "20261122T15.1.jsonl",
        "20261122T15.0001.json",
        "../20261122T15.0001.jsonl",
        "20261122T15.0001.jsonl\n",
    ],
)
def test_near_misses_of_a_segment_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SegmentName.parse(name)


def test_a_key_that_names_two_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="two different hours"):
        ObjectKey.parse("events/date=2026-11-22/hour=16/collector=a/20261122T15.0001.jsonl.zst")


def test_keys_are_those_of_the_archive() -> None:
    hour = Hour.parse("2026-11-22T15")
    assert str(ObjectKey("p/", "collector-a", SegmentName(hour, 1))) == (
        "p/events/date=2026-11-22/hour=15/collector=collector-a/20261122T15.0001.jsonl.zst"
    )
    assert str(ManifestKey("", "collector-a", hour)) == "manifests/date=2026-11-22/hour=15/collector=collector-a.json"
    assert str(ManifestKey("p/", "a", hour)).startswith(manifest_folder("p/", hour))


def test_the_prefix_of_repairs_is_the_same_wherever_no_python_is_written() -> None:
    assert is_repair(f"{REPAIR_PREFIX}20261122")
    assert not is_repair("collector-a")
    root = Path(__file__).parents[2]
    files = [*root.glob("sql/**/*.sql"), *root.glob("deploy/**/*.yaml"), *root.glob("dags/*.py")]
    found = [word for file in files for word in re.findall(r"events-api-[^a-z]?", file.read_text())]
    assert found
    assert all(word.startswith(REPAIR_PREFIX) for word in found)


def test_a_segments_number_is_within_its_bounds() -> None:
    hour = Hour.parse("2026-11-22T15")
    assert SegmentName.parse(str(SegmentName(hour, LAST_NUMBER))).number == LAST_NUMBER
    for number in (0, LAST_NUMBER + 1):
        with pytest.raises(ValueError, match="is outside 1 to"):
            SegmentName(hour, number)


@pytest.mark.parametrize(("prefix", "collector"), [("no-slash", "a"), ("", "../a")])
def test_no_key_is_made_of_what_no_key_holds(prefix: str, collector: str) -> None:
    hour = Hour.parse("2026-11-22T15")
    with pytest.raises(ValueError, match=r"is not|prefix"):
        ObjectKey(prefix, collector, SegmentName(hour, 1))
    with pytest.raises(ValueError, match=r"is not|prefix"):
        ManifestKey(prefix, collector, hour)
