from collections.abc import Callable

import pytest
from pydantic import ValidationError

from loader.settings import LoaderSettings

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
    assert (settings.prefix, settings.collectors, settings.patience) == ("", (), 1800)


def test_collectors_are_a_list_with_commas(environment: Environment) -> None:
    environment(**GOOD, TIDEMARK_COLLECTORS=" a, b,,a ")
    assert LoaderSettings().collectors == ("a", "b")


def test_every_mistake_is_told_at_once_and_no_secret(environment: Environment) -> None:
    environment(
        TIDEMARK_BUCKET="x",
        TIDEMARK_PREFIX="no-slash",
        TIDEMARK_COLLECTORS="A_B",
        TIDEMARK_PATIENCE="-1",
        TIDEMARK_CLOCK="now",
    )
    with pytest.raises(ValidationError) as caught:
        LoaderSettings()
    wrong = {str(error["loc"][0]) for error in caught.value.errors()}
    assert wrong == {"warehouse_url", "bucket", "prefix", "collectors", "patience", "clock"}


def test_secrets_are_not_shown(environment: Environment) -> None:
    environment(**GOOD, OPENSEA_API_KEY="hidden")
    settings = LoaderSettings()
    assert settings.opensea_api_key is not None
    assert "secret" not in repr(settings)
    assert "hidden" not in repr(settings)
