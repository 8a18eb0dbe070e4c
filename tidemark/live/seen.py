"""What was read already: connections that overlap, or two topics of one collection, record a message more than once."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

_KEPT = 300.0  # seconds; connections overlap for at most 120
_MOST = 200_000  # messages: of a market of 600 a second those of these minutes
_MESSAGE = b'"message":'  # the first in a record line ends what differs between two copies: when, and of which topic


@dataclass(slots=True)
class Seen:
    """Remembers messages for some minutes, at most so many, by a digest of their bytes. Time is in seconds."""

    most: int = _MOST
    _since: OrderedDict[bytes, float] = field(default_factory=OrderedDict)  # the oldest first, cheap to take away

    def new(self, lines: Iterable[bytes], now: float) -> Iterator[bytes]:
        """Yield the record lines without those whose message was seen; a line without a message is always new."""
        for line in lines:
            _, found, message = line.partition(_MESSAGE)
            if not found or self._is_new(blake2b(message, digest_size=16).digest(), now):
                yield line

    def _is_new(self, digest: bytes, now: float) -> bool:
        while self._since and now - next(iter(self._since.values())) >= _KEPT:
            self._since.popitem(last=False)
        if digest in self._since:
            return False
        if len(self._since) >= self.most:
            self._since.popitem(last=False)
        self._since[digest] = now
        return True
