"""The command `tidemark` in this process: its exit status, output and errors."""

import pytest

from tidemark.cli.main import main

Ran = tuple[int, str, str]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> Ran:
    """Run `tidemark` with some words; return its exit status, output and errors."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return (int(ended.value.code or 0), *capsys.readouterr())
