from pathlib import Path

import pytest
from pydantic import ValidationError

from tidemark.local.environment import COLLECTORS
from tidemark.local.up.settings import UpSettings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "OPENSEA_API_KEY",
        "TIDEMARK_STREAM_URL",
        "TIDEMARK_API_URL",
        "TIDEMARK_COLLECTIONS",
        "TIDEMARK_EVENT_TYPES",
    ):
        monkeypatch.delenv(name, raising=False)


def test_without_a_key_there_is_no_opensea() -> None:
    assert UpSettings().source() is None


def test_with_a_key_both_collectors_record_opensea(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEA_API_KEY", "s3cret")
    source = UpSettings().source()
    assert source
    everything = {"TIDEMARK_COLLECTIONS": "*"}
    assert (source.name, source.stream, source.api) == ("OpenSea", everything, everything)
    assert source.keys == dict.fromkeys(COLLECTORS, "s3cret")
    assert "s3cret" not in repr(UpSettings())


def test_what_to_record_is_passed_on_also_from_a_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "OPENSEA_API_KEY=s3cret\nTIDEMARK_COLLECTIONS=pudgypenguins,doodles-official\nTIDEMARK_EVENT_TYPES=item_sold\n"
        "TIDEMARK_STREAM_URL=ws://other\nTIDEMARK_API_URL=http://other\n"
        "TIDEMARK_PLAINTEXT_HOSTS=other\n"
    )
    source = UpSettings().source()
    assert source
    assert source.api == {
        "TIDEMARK_COLLECTIONS": "pudgypenguins,doodles-official",
        "TIDEMARK_PLAINTEXT_HOSTS": "other",
        "TIDEMARK_API_URL": "http://other",
    }
    assert source.stream == {
        "TIDEMARK_COLLECTIONS": "pudgypenguins,doodles-official",
        "TIDEMARK_PLAINTEXT_HOSTS": "other",
        "TIDEMARK_EVENT_TYPES": "item_sold",
        "TIDEMARK_STREAM_URL": "ws://other",
    }


def test_a_slug_that_is_none_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_COLLECTIONS", "pudgy penguins!")
    with pytest.raises(ValidationError, match="is no collection slug"):
        UpSettings()


def test_a_key_is_compared_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert UpSettings().compared(demo=False)["OPENSEA_API_KEY"] == "none"
    found = []
    for key in ("s3cret", "s3cret", "0ther"):
        monkeypatch.setenv("OPENSEA_API_KEY", key)
        found.append(UpSettings().compared(demo=False))
    assert found[0] == found[1] != found[2]
    assert "s3cret" not in str(found)
    assert UpSettings().compared(demo=True) == {"--demo": "yes"}
