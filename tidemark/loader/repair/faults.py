"""What can go wrong with an answer of the Events API: a closed list of names, a sentence each."""

from tidemark.archive.reasons import Explained


class ApiFault(Explained):
    """Why a window was not fetched whole."""

    # the API did not answer
    UNREACHABLE = "unreachable", "the API cannot be reached"
    BUSY = "busy", "the API is busy"
    TOO_SLOW = "too_slow", "the answer took too long"
    BROKEN_BODY = "broken_body", "the answer broke off or cannot be unpacked"
    TOO_LARGE = "too_large", "the answer is larger than any page of events"

    # something answered that is not the API
    BLOCKED = (
        "blocked",
        "a page of HTML came, not an answer of the API; it says nothing of the key",
    )
    NOT_AN_ANSWER = "not_an_answer", "what came is not an answer of the API"
    REDIRECTED = "redirected", "the request was redirected, and the key is sent to no other address"

    # the API answered, and the answer does not fit the question
    REFUSED = "refused", "the API refused this question"
    OUT_OF_ORDER = "out_of_order", "its events are not in order, newest first"
    REPEATED_CURSOR = "repeated_cursor", "it repeats its cursor"
    ENDLESS = "endless", "page after page brings nothing new"
    OUTSIDE = "outside", "a page has no event of the time that was asked for"

    # the run's own limits
    BUDGET = "budget", "the budget of requests is used up"
    WAIT_TOO_LONG = "wait_too_long", "the API asks for a longer wait than one run has time for"


class FaultError(Exception):
    """A window could not be fetched: which fault, and what was seen. `ends_run`: the next window would fail too."""

    def __init__(self, fault: ApiFault, seen: str, *, ends_run: bool = False) -> None:
        super().__init__(f"{fault.sentence}: {seen}" if seen else fault.sentence)
        self.fault = fault
        self.ends_run = ends_run
