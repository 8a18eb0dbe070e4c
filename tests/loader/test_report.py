import json
from dataclasses import asdict, replace

from tidemark.loader.report import LoadReport

REPORT = LoadReport(
    hour="2026-11-22T15", unchanged=False, collectors=["a", "b"], missing=["c"], files=3, lines=1234567, inserted=10,
    replaced=2, duplicates=5, conflicting=0, other=1234549, quarantined=1, covered_seconds=3599.5,
    gaps=["a * 1 to 2: lost"], seconds=12.34,
)  # fmt: skip


def test_it_says_what_a_person_wants_to_know() -> None:
    assert str(REPORT).splitlines() == [
        "2026-11-22T15 loaded in 12.3 s: 3 files by a, b; no manifest yet of c",
        "  lines          1,234,567",
        "  sales                 17  10 new, 2 replaced, 5 known already",
        "  other types    1,234,549",
        "  quarantined            1  see ops.quarantine",
        "  covered          3,599.5  seconds of 3,600",
        "  gap         a * 1 to 2: lost",
    ]


def test_an_unchanged_hour_says_so() -> None:
    said = str(replace(REPORT, unchanged=True, missing=[]))
    assert said.startswith("2026-11-22T15 is loaded and unchanged: 3 files by a, b\n")


def test_an_hour_without_manifests_says_so() -> None:
    said = str(replace(REPORT, collectors=[], files=0))
    assert said.startswith("2026-11-22T15 loaded in 12.3 s: no manifest; no manifest yet of c\n")


def test_conflicts_are_counted() -> None:
    shown = str(replace(REPORT, conflicting=3)).splitlines()[2]
    assert shown.endswith("5 known already, 3 of them with other values: see ops.sale_difference")


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(asdict(REPORT))) == asdict(REPORT)
