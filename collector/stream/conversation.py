"""The client's side of one socket: joins, heartbeats, refusals, silence. A machine without input or output.

Feed it `opened`, `receive` and `tick` with the time; then collect `take_sends` and `take_events`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import random

from collector.stream import frame as frames
from collector.stream.backoff import Backoff, patient, quick
from collector.stream.channel import Channel, Input, State
from collector.stream.event import Answered, ChannelLost, Dead, Event, Joined, JoinFailed
from collector.stream.frame import CONTROL, HEARTBEAT_TOPIC, Frame, read_frame
from collector.stream.watchdog import Watchdog
from tidemark.archive.reasons import Reason

_REASONS = {
    Input.DENIED: Reason.JOIN_REFUSED,
    Input.TIMEOUT: Reason.JOIN_UNANSWERED,
    Input.ERROR: Reason.CHANNEL_ERROR,
    Input.CLOSE: Reason.CHANNEL_CLOSED,
}


@dataclass(frozen=True, slots=True)
class Timers:
    """Seconds: between heartbeats, and until a request counts as unanswered."""

    heartbeat: float = 30.0
    reply: float = 10.0


class Conversation:
    """One socket's conversation. `proof` is when it last proved that its subscriptions live; None before it did."""

    def __init__(
        self,
        number: int,
        topics: Iterable[str],
        *,
        event_types: Sequence[str] = (),
        timers: Timers | None = None,
        watchdog: Watchdog | None = None,
        chance: Callable[[], float] = random,
    ) -> None:
        self.number = number
        self.proof: float | None = None
        self._topics = tuple(topics)
        self._event_types = event_types
        self._timers = timers or Timers()
        self._watchdog = watchdog or Watchdog()
        self._chance = chance
        self._channels: dict[str, Channel] = {}
        self._refs = 0
        self._answered = False
        self._heartbeat: str | None = None
        self._heartbeat_at = 0.0
        self._heard_at = 0.0
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
        self._watchdog.begin(now)
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
            if frame[3] in CONTROL or frame[2] == HEARTBEAT_TOPIC:
                self._control(frame, now)
            else:
                kept.append(frame)
        self._heard_at = now
        if kept:
            self._watchdog.heard(len(kept), now)
            self.proof = now
        return kept

    def closed(self, now: float) -> bool:
        """Take the server's goodbye, and return whether it proves that the subscriptions lived until then."""
        return self._watchdog.plausible(now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        for channel in list(self._channels.values()):
            if channel.timer is not None and now >= channel.timer:
                self._time_out(channel, now)
        if now >= self._heartbeat_at:
            self._beat(now)
        if self._watchdog.stalled(now) and any(c.state is State.JOINED for c in self._channels.values()):
            self._watchdog.forget()
            self._events.append(Dead(Reason.STALLED))

    def _next_ref(self) -> str:
        self._refs += 1
        return str(self._refs)

    def _join(self, channel: Channel, now: float) -> None:
        channel.join_ref = channel.ref = self._next_ref()
        channel.timer = now + self._timers.reply
        self._channels[channel.topic] = channel
        self._sends.append(frames.join_frame(channel.join_ref, channel.topic, self._event_types))

    def _leave(self, channel: Channel, now: float) -> None:
        if channel.take(Input.LEAVE) is State.LEFT:
            del self._channels[channel.topic]
            return
        channel.ref = self._next_ref()
        channel.timer = now + self._timers.reply
        self._sends.append(frames.leave_frame(channel.join_ref, channel.ref, channel.topic))

    def _beat(self, now: float) -> None:
        """Send a heartbeat; the socket is dead when nothing at all has come since the last one was sent."""
        if self._heartbeat is not None and self._heard_at <= self._heartbeat_at - self._timers.heartbeat:
            self._events.append(Dead(Reason.HEARTBEAT_UNANSWERED))
            return
        self._heartbeat = self._next_ref()
        self._heartbeat_at = now + self._timers.heartbeat
        self._sends.append(frames.heartbeat_frame(self._heartbeat))

    def _control(self, frame: Frame, now: float) -> None:
        join_ref, ref, topic, event, payload = frame
        if event == frames.REPLY:
            self._note_answer()
            if topic == HEARTBEAT_TOPIC:
                self._heartbeat_answered(ref, now)
            else:
                self._reply(topic, ref, Input.OK if frames.is_ok(payload) else Input.DENIED, now)
        elif event in CONTROL:
            self._ended(
                topic, ref if join_ref is None else join_ref, Input.ERROR if event == frames.ERROR else Input.CLOSE, now
            )

    def _note_answer(self) -> None:
        if not self._answered:
            self._answered = True
            self._events.append(Answered())

    def _heartbeat_answered(self, ref: object, now: float) -> None:
        if ref == self._heartbeat:
            self._heartbeat = None
            if self._watchdog.plausible(now):
                self.proof = now

    def _reply(self, topic: str | None, ref: object, answer: Input, now: float) -> None:
        """Take the answer to a join or a leave; one to an earlier request is ignored."""
        channel = self._channels.get(topic or "")
        if channel is None or ref is None or channel.ref != ref:
            return
        channel.ref = None
        self._happen(channel, answer, now)

    def _ended(self, topic: str | None, join_ref: object, how: Input, now: float) -> None:
        """Take the end of a channel; that of an earlier join is ignored. Object frames carry the join_ref as ref."""
        channel = self._channels.get(topic or "")
        if channel is not None and join_ref in (None, channel.join_ref):
            self._happen(channel, how, now)

    def _time_out(self, channel: Channel, now: float) -> None:
        waits = channel.state in (State.FAILED, State.REFUSED)
        if waits:
            channel.take(Input.RETRY)
            self._join(channel, now)
        else:
            self._happen(channel, Input.TIMEOUT, now)

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
            channel.timer = now + self._pause(channel, patient() if after is State.REFUSED else quick())

    def _pause(self, channel: Channel, pauses: Backoff) -> float:
        pauses.attempts = channel.attempts
        channel.attempts += 1
        return pauses.pause(self._chance())
