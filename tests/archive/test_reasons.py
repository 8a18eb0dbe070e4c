"""The closed list of reasons, and words that are not in it."""

import re

import msgspec

from tidemark.archive.manifest import Gap
from tidemark.archive.reasons import Reason, explain


def test_every_reason_is_a_word_with_one_sentence() -> None:
    for reason in Reason:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason)
        assert re.fullmatch(r"[A-Z].*[a-z]\.", reason.sentence)
        assert explain(reason) == reason.sentence
    assert len({reason.sentence for reason in Reason}) == len(Reason)


def test_a_reason_is_written_as_its_word() -> None:
    assert msgspec.json.encode([Reason.STALLED]) == b'["stalled"]'
    assert f"{Reason.STALLED}" == "stalled"


def test_an_unknown_reason_is_read_and_explained() -> None:
    line = b'{"topic":"collection:*","from":"2026-11-22T15:00:00Z","to":"2026-11-22T16:00:00Z","reason":"eclipse"}'
    gap = msgspec.json.decode(line, type=Gap)
    assert gap.reason == "eclipse"
    assert "does not know" in explain(gap.reason)
