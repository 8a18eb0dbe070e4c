"""Why something was not covered: the closed list of reasons of gaps, of lost connections and of failed attempts.

Writers use members of `Reason`. Readers keep a reason as text, since an archive may hold words of a later version:
`explain` answers for those, too. `python -m tools.reasons_page` prints the list into docs/operator.md.
"""

from enum import StrEnum
from typing import Self


class Explained(StrEnum):
    """A closed list of words; `sentence` explains each to a person."""

    sentence: str

    def __new__(cls, word: str, sentence: str) -> Self:
        """Make a member of a word and its sentence."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member


class Reason(Explained):
    """One reason: its value is the word in ledgers, manifests, metrics and the warehouse."""

    # before a topic is covered
    NOT_STARTED = "not_started", "The collector's spool was new: this is the part of its first hour before it started."
    CONNECTING = "connecting", "The topic was expected and its first join was not yet acknowledged."
    UNREACHABLE = "unreachable", "No connection could be opened: the network, the name or the port does not answer."
    TLS_FAILED = "tls_failed", "The encrypted connection failed, for example because of the server's certificate."
    PROXY_FAILED = "proxy_failed", "The proxy in HTTPS_PROXY answered and opened no way to the server."
    HANDSHAKE_FAILED = "handshake_failed", "The server did not answer the websocket handshake as one."
    KEY_REFUSED = "key_refused", "The handshake was answered with 401 or 403: check the API key."
    RATE_LIMITED = "rate_limited", "The handshake was answered with 429: too many requests with this key."
    SERVER_ERROR = "server_error", "The handshake was answered with a status of 500 or above."
    JOIN_REFUSED = "join_refused", "The server refused the subscription to the topic."
    JOIN_UNANSWERED = "join_unanswered", "The server did not answer the subscription to the topic in time."

    # the connection or the subscription ended
    CONNECTION_LOST = "connection_lost", "The connection broke off."
    CLOSED_BY_SERVER = "closed_by_server", "The server closed the connection in good order."
    PROTOCOL_ERROR = "protocol_error", "The server sent what no websocket may carry, and the connection was ended."
    MESSAGE_TOO_BIG = "message_too_big", "A message larger than TIDEMARK_MAX_MESSAGE_MIB came; it ended the connection."
    HEARTBEAT_UNANSWERED = (
        "heartbeat_unanswered",
        "Nothing came on the open socket, not even a heartbeat's answer.",
    )
    CHANNEL_ERROR = "channel_error", "The server ended the subscription to the topic with an error."
    CHANNEL_CLOSED = "channel_closed", "The server closed the subscription to the topic."
    RENEWED = "renewed", "The connection was replaced as planned, and the old one had not delivered all it held."
    LAGGING = "lagging", "The connection delivered ever later and was replaced; what the server still held is lost."

    # the connection lived and proved nothing
    STALLED = "stalled", "A topic was silent for so long against its own rate that the connection was replaced."
    UNPROVEN = "unproven", "The topic was silent for longer than its own rate makes plausible; messages may be missing."
    SILENT = "silent", "The topic brought nothing here while another connection, topic or collector received messages."

    # the collector itself
    DISK_FULL = "disk_full", "Messages came and could not be written: the disk is full."
    DISK_READ_ONLY = "disk_read_only", "Messages came and could not be written: the disk is read-only."
    DISK_ERROR = "disk_error", "Messages came and could not be written: the disk failed."
    PROCESS_DIED = "process_died", "The collector ended without having been told to."
    NOT_RUNNING = "not_running", "The collector was stopped, or had not been started."
    PAUSED = "paused", "The process stood still for 3 seconds or more; the server may have dropped messages meanwhile."
    CLOCK_STEPPED = "clock_stepped", "The machine's clock stepped by a second or more, or the machine was suspended."
    NO_LEDGER = "no_ledger", "Messages were found without the ledger that would say what was covered."

    # the loader's
    NO_MANIFEST = "no_manifest", "An expected collector had not reported the hour when it was loaded."
    UNACCOUNTED = "unaccounted", "The collector's manifest says neither that this was covered nor why it was not."


_SENTENCES = {str(reason): reason.sentence for reason in Reason}
_UNKNOWN = "This version of Tidemark does not know the reason; a later one wrote it."


def explain(reason: str) -> str:
    """Return the sentence of a reason; one of its own for a word that is not in the list."""
    return _SENTENCES.get(reason, _UNKNOWN)
