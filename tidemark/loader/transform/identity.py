"""What a sale is identified by: chain, contract, token, transaction and order, each in one spelling."""

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from tidemark.loader.transform.outcome import Reason, UnfitError

if TYPE_CHECKING:
    from tidemark.loader.transform.sale import Sale

_CHAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_WORD = re.compile(r"[!-{}~]{1,255}", re.ASCII)  # printable without "|", which separates the parts of a sale_uid
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_WORD = LONGEST_LABEL = 255
_ALIASES = {"matic": "polygon"}
SOLANA = "solana"


class Nft(NamedTuple):
    """One NFT; the token id is text, for it has up to 78 digits and on Solana no digits at all."""

    chain: str
    contract: str
    token_id: str


def word_of(text: str | None, name: str) -> str | None:
    """Return a value that people do not write freely: 1 to 255 printable ASCII characters; None for None and empty.

    Hexadecimal names (0x…) of the EVM are the same in any case and come back in lower case; base58 ones, of
    Solana, differ by case and never begin with 0.
    """
    if not text:
        return None
    word = spelled(text)
    if word is None:
        raise UnfitError(Reason.MALFORMED, f"{name} is not 1 to 255 printable ASCII characters: {text[:60]!r}")
    return word


def spelled(text: str) -> str | None:
    """Return what `word_of` makes of a text, None where it would refuse it."""
    # nearly all are letters and digits, which bytes tell soonest; a cache of them would be larger than a core's
    if not (len(text) <= LONGEST_WORD and text.encode().isalnum()) and not _WORD.fullmatch(text):
        return None
    return text.lower() if text[:2] in {"0x", "0X"} else text


def label_of(text: str | None) -> str | None:
    """Return a name that people write freely, cut at 255 characters and without control characters; None for empty.

    PostgreSQL keeps no NUL.
    """
    if not text:
        return None
    label = text[:LONGEST_LABEL]
    return label if label.isprintable() else _CONTROL.sub("\ufffd", label)


def needed_word(text: str | None, name: str) -> str:
    """Return what `word_of` does, but raise UnfitError where there is nothing."""
    word = word_of(text, name)
    if word is None:
        raise UnfitError(Reason.CUT, f"{name} is empty")
    return word


@lru_cache(maxsize=1024)  # there are some dozens of chains
def chain_of(text: str) -> str:
    """Return a chain's one name, in lower case; matic is polygon. Raises UnfitError for what is no name."""
    name = text.lower()
    if not _CHAIN.fullmatch(name):
        reason = Reason.ELIDED if text == "[Object]" else Reason.MALFORMED
        raise UnfitError(reason, f"chain is not a chain's name: {text[:60]!r}")
    return _ALIASES.get(name, name)


def nft_of(nft_id: str, chain: str | None) -> Nft:
    """Read `<chain>/<contract>/<token_id>`; a `chain` that the message states itself (see `chain_of`) comes first.

    On Solana an NFT is its mint account, which may come alone: it is then both contract and token id.
    Raises UnfitError where the token id is missing.
    """
    prefix, _, rest = nft_id.partition("/")
    name = chain or chain_of(prefix)
    contract, _, token_id = rest.partition("/")
    if name == SOLANA:
        token_id = token_id or contract
    if not token_id:
        raise UnfitError(Reason.CUT, f"item.nft_id has no token id: {nft_id[:120]!r}")
    return Nft(name, needed_word(contract, "item.nft_id"), needed_word(token_id, "item.nft_id"))


def sale_uid(sale: "Sale", fill: int = 1) -> UUID:
    """Return the key of an observation: equal keys are one sale, from any source, at any time and with any rates.

    With an order hash, chain, transaction, NFT, order, parties and quantity identify a fill: a part of an order has a
    price that follows from its quantity, so another price is a conflict. Without one, the price and its token count
    too, and who of the parties sold, where that is known. `fill` counts equal rows of one answer of the Events API.
    Different keys can still be one sale, where one of them lacks a value: see `tidemark.loader.warehouse.same_sale`.
    """
    return UUID(sale_key(sale, fill))


def sale_key(sale: "Sale", fill: int = 1) -> str:
    """Return the 32 hexadecimal digits of `sale_uid`."""
    seller, buyer = sale.seller or "", sale.buyer or ""
    one, other = (seller, buyer) if seller or buyer else (sale.maker or "", sale.taker or "")
    if sale.order_hash:
        one, other = (one, other) if one < other else (other, one)
        terms = f"{one}|{other}|{f'price {sale.price_raw}' if sale.quantity is None else sale.quantity}"
    else:
        directed = "" if seller and buyer else "?|"
        terms = f"{directed}{one}|{other}|{sale.quantity}|{sale.price_raw}|{sale.payment_token_address}"
    nft = f"{sale.chain}|{sale.transaction_hash}|{sale.contract_address}|{sale.token_id}"
    return sha256(f"v2|{nft}|{sale.order_hash or ''}|{terms}|{fill}".encode()).hexdigest()[:32]
