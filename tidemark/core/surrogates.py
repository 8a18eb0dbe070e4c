r"""Halves of surrogate pairs in JSON: `"\ud83d"` alone is valid JSON and no character, so strict parsers refuse it."""

import re

# every escape is matched, so that the second half of a pair and an escaped backslash are not taken for a lone half
_PAIR = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:%b|(?P<lone>%b)|.)" % (_PAIR, _LONE), re.DOTALL)


def replace_lone_surrogates(text: bytes) -> bytes:
    """Return JSON text of the same length in which each lone half is the escape of U+FFFD."""
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["lone"] else escape[0], text)
