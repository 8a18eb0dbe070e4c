"""The client's side of one socket: joins, heartbeats, refusals. A machine without input or output.

Feed it `opened`, `receive` and `tick` with the time; then collect `take_sends` and `take_events`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from collector.stream import frame as frames
from collector.stream.backoff import LOSS, REFUSAL, Backoff
from collector.stream.channel import Channel, Input, State
from collector.stream.frame import CONTROL, HEARTBEAT_TOPIC, Frame, read_frame
from tidemark.archive.reasons import Reason

_REASONS = {
    Input.DENIED: Reason.JOIN_REFUSED,
    Input.TIMEOUT: Reason.JOIN_UNANSWERED,
    Input.ERROR: Reason.CHANNEL_ERROR,
    Input.CLOSE: Reason.CHANNEL_CLOSED,
}


class Timers(NamedTuple):
    """Seconds: between heartbeats, and until a request counts as unanswered."""

    heartbeat: float = 30.0
    reply: float = 10.0


class Joined(NamedTuple):
    """The server acknowledged a join; the topic's messages come from now on."""

    topic: str


class JoinFailed(NamedTuple):
    """A join was refused or not answered; it is tried again."""

    topic: str
    reason: Reason


class ChannelLost(NamedTuple):
    """A joined topic died while the socket stays open; it is joined again."""

    topic: str
    reason: Reason


class Left(NamedTuple):
    """A topic that is no longer wanted is being left."""

    topic: str


class Answered(NamedTuple):
    """The server answered something: a heartbeat that was sent at `asked`, or for the first time on this socket."""

    asked: float | None


class Dead(NamedTuple):
    """The socket is of no use any more, though it looks open; cut it."""

    reason: Reason


Event = Joined | JoinFailed | ChannelLost | Left | Answered | Dead


class ChannelProtocol:
    """The channels of one socket. `chance` returns random numbers in [0, 1)."""

    def __init__(
        self,
        topics: Iterable[str],
        *,
        chance: Callable[[], float],
        event_types: Sequence[str] = (),
        timers: Timers = Timers(),  # noqa: B008 - it cannot change
    ) -> None:
        self._topics = tuple(topics)
        self._event_types = event_types
        self._timers = timers
        self._chance = chance
        self._channels: dict[str, Channel] = {}
        self._refs = 0
        self._answered = False
        self._heartbeat: str | None = None
        self._heartbeat_at = self._asked_at = self._heard_at = 0.0
        self._sends: list[bytes] = []
        self._events: list[Event] = []

    @property
    def settled(self) -> bool:
        """Whether every topic is joined."""
        return all(channel.state is State.JOINED for channel in self._channels.values()) and bool(self._channels)

    def take_sends(self) -> list[bytes]:
        """Return the frames to be sent, once."""
        sends, self._sends = self._sends, []
        return sends

    def take_events(self) -> list[Event]:
        """Return what happened, once."""
        events, self._events = self._events, []
        return events

    def opened(self, now: float) -> None:
        """Join everything, now that the socket is open."""
        self._heard_at = now
        self._heartbeat_at = now + self._timers.heartbeat
        for topic in self._topics:
            self._join(Channel(topic, "", None, None), now)

    def want(self, topics: Iterable[str], now: float) -> None:
        """Change the topics while the socket is open; those that stay are not touched."""
        wanted = dict.fromkeys(topics)
        for topic, channel in list(self._channels.items()):
            if topic not in wanted and channel.state is not State.LEAVING:
                self._leave(channel, now)
        for topic in wanted:
            known = self._channels.get(topic)
            if known is None or known.state is State.LEAVING:
                self._join(Channel(topic, "", None, None), now)

    def receive(self, datas: Sequence[bytes], now: float) -> list[Frame]:
        """Take the frames of one read and return those that are kept: messages, and what is no frame as it came."""
        kept: list[Frame] = []
        for data in datas:
            frame = read_frame(data)
            if frame.event in CONTROL or frame.topic == HEARTBEAT_TOPIC:
                self._control(frame, now)
            else:
                kept.append(frame)
        self._heard_at = now
        return kept

    def tick(self, now: float) -> None:
        """Let time pass."""
        for channel in list(self._channels.values()):
            if channel.timer is None or now < channel.timer:
                continue
            if channel.state in (State.FAILED, State.REFUSED):
                channel.take(Input.RETRY)
                self._join(channel, now)
            else:
                self._happen(channel, Input.TIMEOUT, now)
        if now >= self._heartbeat_at:
            if self._heartbeat is not None and self._heard_at <= self._asked_at:
                self._events.append(Dead(Reason.HEARTBEAT_UNANSWERED))
            else:
                self.ask(now)

    def ask(self, now: float) -> None:
        """Send a heartbeat now, whether or not it is time for one."""
        self._heartbeat = self._next_ref()
        self._asked_at, self._heartbeat_at = now, now + self._timers.heartbeat
        self._sends.append(frames.heartbeat_frame(self._heartbeat))

    def _next_ref(self) -> str:
        self._refs += 1
        return str(self._refs)

    def _join(self, channel: Channel, now: float) -> None:
        channel.join_ref = channel.ref = self._next_ref()
        channel.timer = now + self._timers.reply
        self._channels[channel.topic] = channel
        self._sends.append(frames.join_frame(channel.join_ref, channel.topic, self._event_types))

    def _leave(self, channel: Channel, now: float) -> None:
        self._events.append(Left(channel.topic))
        if channel.take(Input.LEAVE) is State.LEFT:
            del self._channels[channel.topic]
            return
        channel.ref = self._next_ref()
        channel.timer = now + self._timers.reply
        self._sends.append(frames.leave_frame(channel.join_ref, channel.ref, channel.topic))

    def _control(self, frame: Frame, now: float) -> None:
        join_ref, ref, topic, event, payload = frame
        if event == frames.REPLY:
            if not self._answered:
                self._answered = True
                self._events.append(Answered(None))
            if topic == HEARTBEAT_TOPIC:
                if ref is not None and str(ref) == self._heartbeat:
                    self._heartbeat = None
                    self._events.append(Answered(self._asked_at))
            else:
                self._reply(topic, ref, Input.OK if frames.is_ok(payload) else Input.DENIED, now)
        elif event in CONTROL:
            how = Input.ERROR if event == frames.ERROR else Input.CLOSE
            self._ended(topic, ref if join_ref is None else join_ref, how, now)

    def _reply(self, topic: str | None, ref: frames.Ref, answer: Input, now: float) -> None:
        """Take the answer to a join or a leave; one to an earlier request is ignored."""
        channel = self._channels.get(topic or "")
        if channel is not None and ref is not None and channel.ref == str(ref):
            channel.ref = None
            self._happen(channel, answer, now)

    def _ended(self, topic: str | None, join_ref: frames.Ref, how: Input, now: float) -> None:
        """Take the end of a channel; that of an earlier join is ignored. Object frames carry the join_ref as ref."""
        channel = self._channels.get(topic or "")
        if channel is not None and (join_ref is None or str(join_ref) == channel.join_ref):
            self._happen(channel, how, now)

    def _happen(self, channel: Channel, happened: Input, now: float) -> None:
        """Move a channel on, tell what that means, and set its timer."""
        before, after = channel.state, channel.take(happened)
        if after is State.LEFT:
            del self._channels[channel.topic]
        elif after is State.JOINED:
            channel.timer, channel.joined_at = None, now
            self._events.append(Joined(channel.topic))
        elif after is not before:
            lost = ChannelLost if before is State.JOINED else JoinFailed
            if before is State.JOINED and now - channel.joined_at > self._timers.reply:
                channel.attempts = 0  # it lived; one that dies at once is not joined again and again without a pause
            self._events.append(lost(channel.topic, _REASONS[happened]))
            pauses = Backoff(REFUSAL if after is State.REFUSED else LOSS, channel.attempts)
            channel.timer = now + pauses.pause(self._chance())
            channel.attempts = pauses.attempts
