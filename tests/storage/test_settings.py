"""What the settings of every program share."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, ValidationError

from tidemark.core.errors import Problem
from tidemark.storage.settings import FIELDS, Secret, Settings, Slugs, plaintext_host, split_list
from tools.settings_page import PROGRAMS, variable

KEY = "not-to-be-shown"


class Some(Settings):
    bucket: str = "archive"
    collections: Slugs = Field(default=("*",), min_length=1)
    key: Secret | None = Field(default=None, validation_alias="OPENSEA_API_KEY")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mistakes() -> str:
    with pytest.raises(ValidationError) as refused:
        Some()
    assert KEY not in str(refused.value)
    return "\n".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused.value.errors())


def test_the_names_are_those_of_every_settings_class() -> None:
    fields = {variable(settings, name) for settings, _ in PROGRAMS.values() for name in settings.model_fields}
    assert {name for name in fields if name.startswith("TIDEMARK_")} == {f"TIDEMARK_{name.upper()}" for name in FIELDS}


@pytest.mark.parametrize("name", ["TIDEMARK_COLLECTION", "TIDEMARK_COLECTIONS", "tidemark_collections_"])
def test_a_name_that_does_not_exist_is_refused_with_the_near_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, KEY)
    assert mistakes() == f"{name}: is no setting; did you mean TIDEMARK_COLLECTIONS?"


def test_a_name_that_is_near_to_none_is_refused(folder: Path) -> None:
    (folder / ".env").write_text(f"TIDEMARK_XYZZY={KEY}\nAWS_REGION=x\n")
    assert "TIDEMARK_XYZZY: is no setting; docs/settings.md" in mistakes()


def test_unknown_names_are_reported_beside_other_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_BUKET", KEY)
    monkeypatch.setenv("TIDEMARK_COLLECTIONS", "Bad Slug")
    said = mistakes()
    assert "'Bad Slug' is no collection slug" in said
    assert "did you mean TIDEMARK_BUCKET?" in said


@pytest.mark.parametrize("text", ["dogs,cats", " dogs , cats,", "dogs\ncats\n"])
def test_a_list_is_written_with_commas_or_on_lines(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TIDEMARK_COLLECTIONS", text)
    assert Some().collections == ("dogs", "cats")
    assert split_list(("a",)) == ("a",)


def test_a_list_without_a_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_COLLECTIONS", " , ")
    assert "at least 1 item" in mistakes()


def test_a_key_is_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEA_API_KEY", f"  {KEY}\n")
    key = Some().key
    assert key is not None
    assert key.get_secret_value() == KEY


def test_what_kubernetes_says_of_a_service_beside_a_pod_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    service = "TIDEMARK_API_SERVER"
    told = {
        "SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": "8080", "SERVICE_PORT_API_SERVER": "8080",
        "PORT": "tcp://10.0.0.1:8080", "PORT_8080_TCP": "tcp://10.0.0.1:8080", "PORT_8080_TCP_ADDR": "10.0.0.1",
    }  # fmt: skip
    for name, value in told.items():
        monkeypatch.setenv(f"{service}_{name}", value)
    Some()
    monkeypatch.delenv(f"{service}_SERVICE_HOST")
    assert f"{service}_PORT: is no setting" in mistakes()


@pytest.mark.parametrize("key", [f"{KEY} x", f"{KEY}\r\nHost: x", f"{KEY}ü", f"{KEY}\udcff"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENSEA_API_KEY", key)
    assert "OPENSEA_API_KEY: Value error, holds a space or a character that no key has" in mistakes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_may_begin_with_a_mark_of_its_encoding(folder: Path, encoding: str) -> None:
    (folder / ".env").write_text("TIDEMARK_BUCKET=ours\n", encoding=encoding)
    assert Some().bucket == "ours"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "latin-1", "cp1252"])
def test_a_file_in_another_encoding_is_a_problem(folder: Path, encoding: str) -> None:
    (folder / ".env").write_text("TIDEMARK_BUCKET=ours\nTIDEMARK_PREFIX=gr\xfc\xdfe\n", encoding=encoding)
    with pytest.raises(Problem, match=r"the file \.env is not UTF-8"):
        Some()
    assert Some(_env_file=None).bucket == "archive"


@pytest.mark.parametrize("line", ["TIDEMARK_BUCKET: ours", "TIDEMARK_BUCKET='ours", "=ours"])
def test_a_line_that_cannot_be_read_is_told_and_not_left_out(folder: Path, line: str) -> None:
    (folder / ".env").write_text(f"# mine\n{line}\nexport AWS_REGION = x\n")
    with pytest.raises(Problem, match=r"the file \.env cannot be read in line 2") as caught:
        Some()
    assert "ours" not in str(caught.value)


def test_a_folder_of_that_name_is_told(folder: Path) -> None:
    (folder / ".env").mkdir()
    with pytest.raises(Problem, match=r"the file \.env cannot be read"):
        Some()


@pytest.mark.parametrize("name", ["TIDEMARK_BUCKET", "AWS_ACCESS_KEY_ID", "TIDEMARK_SPOOL"])
def test_a_value_that_is_not_utf_8_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, f"{KEY}\udcff")
    assert mistakes() == f"{name}: is not UTF-8"


class Reaching(Settings):
    stream_url: SecretStr = SecretStr("wss://stream.example/socket")
    api_url: str = "https://api.example"


ENCRYPTED_OR_HERE = [
    "wss://a.example/x",
    "https://a.example",
    "ws://127.0.0.1:1/x",
    "http://localhost.:8",
    "http://[::1]",
]
IN_PLAIN_TEXT = ["ws://a.example/x", "WS://A.EXAMPLE", "http://me:pass@a.example:80", "http://a.example."]


@pytest.mark.parametrize("name", ["TIDEMARK_STREAM_URL", "TIDEMARK_API_URL"])
@pytest.mark.parametrize("address", IN_PLAIN_TEXT)
def test_another_machine_is_reached_encrypted_or_by_name(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(ValidationError, match=f"{name} reaches a.example without encryption"):
        Reaching()
    monkeypatch.setenv("TIDEMARK_PLAINTEXT_HOSTS", "s3, a.example")
    assert Reaching().plaintext_hosts == ("s3", "a.example")


@pytest.mark.parametrize("address", ENCRYPTED_OR_HERE)
def test_this_machine_and_encrypted_ones_need_no_leave(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEMARK_STREAM_URL", address)
    Reaching()


@given(st.text(max_size=60))
def test_any_address_has_an_answer(address: str) -> None:
    for text in (address, f"ws://{address}", f"http://[{address}]/"):
        plaintext_host(text)
