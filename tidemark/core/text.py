"""Text from outside, made safe to be shown on a terminal or in a log."""

import re

# Control characters, line and paragraph breaks, marks that turn the direction of writing, and what is not Unicode.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text with every character escaped that could move the cursor or fake a line; idempotent.

    With `lines` line feeds stay.
    """
    safe = _UNSAFE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)
    return safe if lines else safe.replace("\n", "\\n")
