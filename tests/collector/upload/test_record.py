import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.upload.record import PackedSegment, print_packed, read_packed


@given(st.from_type(PackedSegment))
def test_what_was_printed_reads_back_equal(packed: PackedSegment):
    assert read_packed(print_packed(packed)) == packed


@given(st.binary(max_size=60))
def test_anything_else_is_a_value_error(data: bytes):
    with pytest.raises(ValueError, match=r".+"):
        read_packed(data)
