"""The kind of NFT that a sale is of: what many sales repeat, and the key of it in `core.nft_kind`. Pure."""

from hashlib import sha256
from typing import NamedTuple

from tidemark.core.errors import Problem
from tidemark.loader.transform.sale import Sale

_RECIPIENT = range(20, 101)  # bytes; a shorter one saves nothing, and a longer one is no address
_REMEMBERED = 100_000


class Kind(NamedTuple):
    """A row of core.nft_kind, but for its key: see sql/migrations/0002_core.sql."""

    contract_address: str
    token_standard: str | None
    name_prefix: str | None
    fee_recipient: str | None


def kind_of(sale: Sale, known_addresses: frozenset[str]) -> Kind:
    """Return a sale's kind as core.kind_of does. NUL, which PostgreSQL cannot keep, becomes U+FFFD."""
    name, token, recipient = sale.nft_name, sale.token_id, None
    for fee in sale.fees or ():
        if fee.recipient not in known_addresses and len(storable(fee.recipient).encode()) in _RECIPIENT:
            recipient = storable(fee.recipient)
            break
    return Kind(
        storable(sale.contract_address),
        sale.token_standard and storable(sale.token_standard),
        storable(name[: -len(token)]) if name and token and name.endswith(token) else None,
        recipient,
    )


def told(kind: Kind) -> bytes:
    """Return a kind's texts in one: each after its length in bytes, so that no two kinds look alike."""
    return "".join("-" if part is None else f"{len(part.encode())}:{part}" for part in kind).encode()


def kind_key(kind: Kind, salt: bytes) -> int:
    """Return a kind's key as core.kind_key does: eight bytes of a hash of the salt and of all its texts."""
    return int.from_bytes(sha256(salt + told(kind)).digest()[:8], signed=True)


class Kinds:
    """The keys of the kinds that were met, and which of them are new since `taken` was called."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._known: dict[Kind, tuple[int, bytes]] = {}
        self._new: dict[int, Kind] = {}

    def known(self, kind: Kind) -> tuple[int, bytes]:
        """Return a kind's key, and its texts. Raises Problem where another new one has the key."""
        if (known := self._known.get(kind)) is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            key = kind_key(kind, self._salt)
            known = self._known[kind] = key, told(kind)
            if self._new.setdefault(key, kind) != kind:
                raise Problem(
                    f"{kind} and {self._new[key]} have the same key, {key}",
                    "Nothing was loaded. This should never happen: report it with this message",
                )
        return known

    def taken(self) -> dict[int, Kind]:
        """Return the new kinds by their keys, once."""
        new, self._new = self._new, {}
        return new


def storable(text: str) -> str:
    """Return a text as PostgreSQL can keep it."""
    return text.replace("\0", "\ufffd")
