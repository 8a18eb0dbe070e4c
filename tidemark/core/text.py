r"""Text from outside, made safe: for a terminal or a log, and for strict parsers of JSON."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Read = TypeVar("_Read")

# Control characters, line and paragraph breaks, marks that turn the direction of writing, and what is not Unicode.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The same in UTF-8, without those that JSON escapes anyway.
_UNSAFE_UTF8 = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
# every escape is matched, so that the second half of a pair and an escaped backslash are not taken for a lone half
_PAIR = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:%b|(?P<lone>%b)|.)" % (_PAIR, _LONE), re.DOTALL)


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text with every character escaped that could move the cursor or fake a line; idempotent.

    With `lines` line feeds stay.
    """
    safe = _UNSAFE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)
    return safe if lines else safe.replace("\n", "\\n")


def escape_json(text: bytes) -> bytes:
    """Return the same JSON, in UTF-8, with `printable`'s characters as escapes: none acts where it is shown."""
    return _UNSAFE_UTF8.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), text)


def replace_lone_surrogates(text: bytes) -> bytes:
    r"""Return JSON text of the same length in which each lone half of a surrogate pair is the escape of U+FFFD.

    `"\ud83d"` alone is valid JSON and no character, so strict parsers refuse it.
    """
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["lone"] else escape[0], text)


def decode_with_lone_surrogates(decode: Callable[[bytes], _Read], text: bytes) -> _Read:
    """Decode JSON text strictly; where that fails, with U+FFFD for lone surrogates. Raises what `decode` raises."""
    try:
        return decode_deep(decode, text)
    except ValueError:
        return decode_deep(decode, replace_lone_surrogates(text))


def decode_deep(decode: Callable[[bytes], _Read], text: bytes) -> _Read:
    """Decode text that may be nested deeply: whether it can be does not depend on how deep in calls that is asked.

    What is left of Python's stack here may not suffice, so it is tried again on the stack of a new thread. Two programs
    that count the same line agree on it. Raises what `decode` raises.
    """
    try:
        return decode(text)
    except RecursionError:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(decode, text).result()
