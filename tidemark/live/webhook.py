"""The edge to a chat: messages to a webhook as Slack and Discord take it. Its address is a secret and never shown."""

import json
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import SecretStr

from tidemark.core.errors import Problem
from tidemark.storage.failures import failure_of, is_proxied
from tidemark.storage.network import Cause

_TIMEOUT = 10.0
_LONGEST_PAUSE = 60.0
_MOST_READ = 1 << 16  # bytes of an answer; nothing of it is used
_LONGEST = 1900  # characters; Discord takes 2000
_LATER = {407: Cause.PROXY_LOGIN.sentence, 429: "HTTP 429"}
_SERVER = 500
_DISCORD = ("discord.com", "discordapp.com")


class _Stay(HTTPRedirectHandler):
    """Follow no redirect: urllib would ask there without the message, and take the answer for a success."""

    def redirect_request(self, *_: Any) -> None:
        """Return no request, so that the answer is an error."""


class Webhook:
    """Sends texts, one request each. While the server is busy or away, a text is tried again until it was taken."""

    def __init__(
        self,
        address: SecretStr,
        sleep: Callable[[float], None] = time.sleep,
        log: Callable[[str], None] = print,
        timeout: float = _TIMEOUT,
    ) -> None:
        self._address = address
        parts = urlsplit(address.get_secret_value())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Problem(
                "TIDEMARK_WEBHOOK_URL is no address", "Copy it from Slack or Discord: it begins with https://"
            )
        self._sleep = sleep
        self._say = log
        self._timeout = timeout
        self._opener = build_opener(_Stay)

    def send(self, text: str) -> None:
        """Send a text. Raises Problem where the webhook refuses it for good."""
        pause = 1.0
        while True:
            try:
                self._post(text[:_LONGEST])
            except HTTPError as error:
                with error:
                    if error.code not in _LATER and error.code < _SERVER:
                        raise Problem(f"the webhook refused a message (HTTP {error.code})",
                                      "Check that TIDEMARK_WEBHOOK_URL is current and whole") from None  # fmt: skip
                    why = _LATER.get(error.code, f"HTTP {error.code}")
                    asked = _retry_after(error.headers.get("Retry-After"))
            except (OSError, HTTPException) as error:
                failure = failure_of(error, proxied=is_proxied(self._address.get_secret_value()))
                why, asked = failure.what if failure else "no answer", None
            else:
                return
            wait = min(asked if asked is not None else pause, _LONGEST_PAUSE)
            self._say(f"the webhook did not take a message ({why}); the next try is in {wait:.0f} s")
            self._sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _post(self, text: str) -> None:
        address = self._address.get_secret_value()
        head = {"Content-Type": "application/json", "User-Agent": "tidemark"}
        request = Request(address, json.dumps(body_of(address, text)).encode(), head)  # noqa: S310 - https or http
        with self._opener.open(request, timeout=self._timeout) as answer:
            answer.read(_MOST_READ)


def body_of(address: str, text: str) -> dict[str, object]:
    """Return the message as the server of an address takes it; no name in it becomes a link or calls a person."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if any(host == known or host.endswith(f".{known}") for known in _DISCORD) and not parts.path.endswith("/slack"):
        return {"content": text, "allowed_mentions": {"parse": []}}
    for sign, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, escape)
    return {"text": text}


def _retry_after(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
