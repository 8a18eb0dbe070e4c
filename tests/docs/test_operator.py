"""The operator's page explains every reason that a gap can have."""

import re
from errno import EIO, ENOSPC, EROFS
from pathlib import Path

from collector.spool.batch import reason_of
from collector.stream import conversation, websocket
from tidemark.archive import ledger

ROOT = Path(__file__).parents[2]


def test_every_reason_of_a_gap_is_explained() -> None:
    source = "".join(path.read_text() for path in (ROOT / "collector/stream").glob("*.py"))
    said = {
        reason
        for reason in re.findall(r'(?:Undialled|Dead|return)\(?[^"\n]*"([a-z]+_[a-z_]+|stalled|unreachable)"', source)
        if not reason.startswith("phx_")
    }
    assert {"server_error", "handshake_failed", "closed_by_server", "stalled", "key_refused", "connection_lost"} <= said
    reasons = {
        *said,
        *conversation._REASONS.values(),
        *websocket._OWN_CODES.values(),
        *(reason_of(OSError(number, "")) for number in (EIO, ENOSPC, EROFS)),
        *(value for name, value in vars(ledger).items() if name.isupper()),
    }
    page = (ROOT / "docs/operator.md").read_text()
    explained = set(re.findall(r"`([a-z_]+)`", page.split("| reason of a gap |")[1].split("\n## ")[0]))
    assert explained == reasons
