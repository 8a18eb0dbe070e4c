from pathlib import Path

import pytest

from tidemark.simulator.options import Options, read_keys, read_server


def test_keys_are_read_by_key() -> None:
    assert read_keys(["collector-a=key-a", "collector-b=key=b"]) == {"key-a": "collector-a", "key=b": "collector-b"}


@pytest.mark.parametrize("pair", ["", "secret", "collector-a=", "=secret"])
def test_a_mistaken_pair_is_named_without_its_key(pair: str) -> None:
    with pytest.raises(ValueError, match="LABEL=KEY") as raised:
        read_keys([pair])
    assert "secret" not in str(raised.value)


def test_options_do_not_show_keys() -> None:
    assert "secret" not in repr(Options(ledger=Path(), keys={"secret": "collector-a"}))


def test_a_server_is_one_that_is_known() -> None:
    assert read_server("bandit") == "bandit"
    with pytest.raises(ValueError, match="cowboy, bandit"):
        read_server("nginx")
