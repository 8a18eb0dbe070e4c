from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import ValidationError

from tidemark.core.hour import Hour
from tidemark.loader.settings import LoaderSettings

GOOD = {"TIDEMARK_WAREHOUSE_URL": "postgresql://u:secret@h/n", "TIDEMARK_BUCKET": "archive"}
Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Environment:
    monkeypatch.chdir(tmp_path)

    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def test_little_is_needed(environment: Environment) -> None:
    environment(**GOOD)
    settings = LoaderSettings()
    assert (settings.prefix, settings.collectors, settings.grace_period) == ("", (), 1800)


def test_collectors_are_a_list_with_commas(environment: Environment) -> None:
    environment(**GOOD, TIDEMARK_COLLECTORS=" a, b,,a ")
    assert LoaderSettings().collectors == ("a", "b")


def test_collections_are_those_of_the_collectors_or_all(environment: Environment) -> None:
    environment(**GOOD)
    assert LoaderSettings().collections == ("*",)
    environment(TIDEMARK_COLLECTIONS="apes, cool-cats")
    assert LoaderSettings().collections == ("apes", "cool-cats")


def test_patience_counts_from_an_hours_end(environment: Environment) -> None:
    environment(**GOOD, TIDEMARK_GRACE_PERIOD="60")
    hour = Hour.parse("2026-11-20T05")
    moments = [hour.end + timedelta(seconds=seconds) for seconds in (-1, 59, 60)]
    assert [LoaderSettings().awaits(hour, moment) for moment in moments] == [True, True, False]


def test_every_mistake_is_told_at_once_and_no_secret(environment: Environment) -> None:
    environment(
        TIDEMARK_BUCKET="x",
        TIDEMARK_PREFIX="no-slash",
        TIDEMARK_COLLECTORS="A_B",
        TIDEMARK_COLLECTIONS="apes,../..",
        TIDEMARK_GRACE_PERIOD="-1",
        TIDEMARK_CLOCK="now",
    )
    with pytest.raises(ValidationError) as caught:
        LoaderSettings()
    wrong = {str(error["loc"][0]) for error in caught.value.errors()}
    assert wrong == {"warehouse_url", "bucket", "prefix", "collectors", "collections", "grace_period", "clock"}


def test_secrets_are_not_shown(environment: Environment) -> None:
    environment(**GOOD, OPENSEA_API_KEY="hidden")
    settings = LoaderSettings()
    assert settings.opensea_api_key is not None
    assert "secret" not in repr(settings)
    assert "hidden" not in repr(settings)
