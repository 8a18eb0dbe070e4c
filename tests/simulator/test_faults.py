import typing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.simulator.faults import AnyFault, Close, ConnectionFault, Fault, RequestFault, ServerFault, read_fault

DOCS = Path(__file__).parents[2] / "docs" / "simulator.md"
KINDS: tuple[type[Fault], ...] = typing.get_args(AnyFault)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_reads_back_from_its_json(kind: type[Fault]) -> None:
    fault = kind(client="a", after=1.5, times=2, seconds=3.0)
    assert read_fault(msgspec.json.encode(fault)) == fault
    assert sum(isinstance(fault, base) for base in (RequestFault, ConnectionFault, ServerFault)) == 1


def test_names_are_unique() -> None:
    assert len({kind().name for kind in KINDS}) == len(KINDS)


def test_a_person_can_write_one() -> None:
    written = '{"fault": "close", "client": "collector-a", "code": 1011}'
    assert read_fault(written) == Close(client="collector-a", code=1011)


@pytest.mark.parametrize("text", ["", "{}", '{"fault":"earthquake"}', '{"fault":"close","cod":1011}'])
def test_mistakes_are_named(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_fault(text)


@given(st.binary())
def test_any_other_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_fault(data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_and_its_settings_are_explained(kind: type[Fault]) -> None:
    (line,) = (line for line in DOCS.read_text().splitlines() if line.startswith(f"| `{kind().name}` |"))
    own = set(kind.__struct_fields__) - set(Fault.__struct_fields__)
    assert [setting for setting in own if f"`{setting}`" not in line] == []
