"""The server of the receiving benchmarks: it accepts every join, then sends as fast as it can, or at a pace.

The frames are encoded before the first connection, but for the time of sending, which the collector reads: a flood has
one for all of its messages, and of a pace each has its own. `python -m bench.flood [RATE TOGETHER CERTIFICATE]` prints
its port and serves one connection after the other; each gets as many messages as the path of its address says, and
then silence. At a pace heartbeats are answered.
"""

import json
import re
import select
import socket
import ssl
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import NamedTuple
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tidemark.simulator.market.market import Market

SEED = 1
DISTINCT = 2_000
SALES_SHARE = 0.01
CLOSE = 0x88  # the first byte of a close frame
TOPIC = "collection:*"
JOIN = f'["1","1","{TOPIC}","phx_join",{{}}]'
_SENT_AT = re.compile(rb'"sent_at":"[^"]*"')


class Unsent(NamedTuple):
    """A whole websocket frame, but for the time of its sending, which comes between `start` and `end`."""

    start: bytes
    end: bytes


def stamp() -> bytes:
    """Return the time as messages state it; it is always as long."""
    return datetime.now(UTC).isoformat(timespec="microseconds").encode()


def frames() -> list[Unsent]:
    """Return frames with events of all kinds, 2 kB on average, as the simulated market has them."""
    market = Market(SEED, sales_share=SALES_SHARE)
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    messages = (market.next(start + timedelta(milliseconds=number)) for number in range(DISTINCT))
    texts = (b'["1",null,"%b","%b",%b]' % (TOPIC.encode(), each.event_type.encode(), each.body) for each in messages)
    now = stamp()
    whole = (_SENT_AT.sub(b'"sent_at":"%b"' % now, text) for text in texts)
    return [Unsent(*Frame(Opcode.TEXT, text).serialize(mask=False).split(now, 1)) for text in whole]


class Peer:
    """The server's side of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._protocol = ServerProtocol()
        self.messages = 0
        self.joined = False

    def join(self) -> None:
        """Shake hands, consent to the first join, and note how many messages are asked for."""
        while not self.joined:
            self.read()

    def answer(self) -> None:
        """Answer what has come, such as a heartbeat, without waiting."""
        while select.select([self.connection], [], [], 0)[0]:
            self.read()

    def read(self) -> None:
        """Wait for something of the client's, and consent to it."""
        if not (data := self.connection.recv(65536)):
            raise ConnectionError
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self.messages = int(urlsplit(event.path).path[1:])
                self._protocol.send_response(self._protocol.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                join_ref, ref, topic, *_ = json.loads(bytes(event.data))
                reply = [join_ref, ref, topic, "phx_reply", {"status": "ok", "response": {}}]
                self._protocol.send_text(json.dumps(reply).encode())
                self.joined = True
        for data in self._protocol.data_to_send():
            self.connection.sendall(data)


def flood(connection: socket.socket, all_frames: list[Unsent], messages: int) -> None:
    laps, rest = divmod(messages, len(all_frames))
    now = stamp()
    whole = [now.join(frame) for frame in all_frames]
    lap = b"".join(whole)
    for _ in range(laps):
        connection.sendall(lap)
    connection.sendall(b"".join(whole[:rest]))


def pace(peer: Peer, all_frames: list[Unsent], rate: float, together: int) -> None:
    """Send a burst of messages whenever one is due."""
    began = time.monotonic()
    for number, frame in enumerate(islice(cycle(all_frames), peer.messages)):
        if number % together == 0:
            peer.answer()
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
        peer.connection.sendall(stamp().join(frame))


def until_closed(connection: socket.socket) -> None:
    """Wait until the client closes the connection."""
    while (sent := connection.recv(65536)) and sent[0] != CLOSE:
        pass


def serve(rate: float = 0.0, together: int = 1, certificate: str = "") -> None:
    all_frames = frames()
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if context:
            context.load_cert_chain(certificate)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError), context.wrap_socket(connection, True) if context else connection as wire:
                peer = Peer(wire)
                peer.join()
                pace(peer, all_frames, rate, together) if rate else flood(wire, all_frames, peer.messages)
                until_closed(wire)


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    else:
        serve()
