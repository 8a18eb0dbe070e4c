"""A message cut out so that its times and its order hash can be filled in anew."""

import re
from datetime import datetime

from tidemark.simulator.market.dialect import Dialect
from tidemark.simulator.message import Message

_MOVING = re.compile(rb'"(?P<name>sent_at|event_timestamp|order_hash)":"(?P<value>[^"]*)"')


class Stencil:
    """A message of an order; `fill` prints it again in about a microsecond, `Market` needs fifty."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._dialect = Dialect.MODERN if b'"version":' in message.body else Dialect.OLD
        self._form = _MOVING.sub(rb'"\g<name>":"%(\g<name>)b"', message.body.replace(b"%", b"%%"))

    def fill(self, moment: datetime, order_hash: bytes) -> Message:
        """Return the message as sent at a moment, of an order of this hash."""
        at = self._dialect.moment(moment).encode()
        body = self._form % {b"sent_at": at, b"event_timestamp": at, b"order_hash": order_hash}
        return Message(self._message.event_type, self._message.slug, body)
