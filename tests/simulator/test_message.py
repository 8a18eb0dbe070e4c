from hashlib import sha256

from tidemark.simulator.message import Message, digest_of


def test_a_digest_is_of_the_exact_bytes() -> None:
    assert digest_of(b"{}") == sha256(b"{}").hexdigest()[:16]
    assert digest_of(b"{}") != digest_of(b"{ }")


def test_a_message_is_digested_by_its_envelope_alone() -> None:
    assert Message("item_sold", "seals", b"{}", frame=b"[{}]").digest == digest_of(b"{}")
