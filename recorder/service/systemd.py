"""What the service tells systemd: that it is ready, that it goes on, that it ends.

A datagram to the Unix socket that $NOTIFY_SOCKET names, one KEY=VALUE a line (sd_notify(3)):

    READY=1         boards are looked for, the socket answers
    WATCHDOG=1      everything that must go on has gone on; due every $WATCHDOG_USEC, or the
                    service is killed and started anew
    STATUS=text     the line that `systemctl status` shows
    STOPPING=1      what is open is being closed
"""

import logging
import os
import socket
import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Self

from recorder.periods import Period
from recorder.recording.recorder import Recorder

# WATCHDOG=1 is sent so many times while systemd waits for it once.
FEEDS = 4
# Opening a board takes up to half a minute.
READER_LIMIT_S = 60.0
# A card may stand still for longer than a minute: the writer's queue rides that out.
WRITER_LIMIT_S = 150.0

log = logging.getLogger("antiphon")


@dataclass(frozen=True, slots=True)
class Systemd:
    """Who started the service; nobody listens when `address` is "".

    Attributes:
        address: the path of the socket; a name without a file begins with @.
        watchdog_s: how long WATCHDOG=1 may stay away; None when nobody waits for it.
    """

    address: str = ""
    watchdog_s: float | None = None

    @classmethod
    def of_environment(cls, environment: MutableMapping[str, str] = os.environ) -> Self:
        """Take the variables out of the environment: what the service starts is not the service."""
        address = environment.pop("NOTIFY_SOCKET", "")
        watched = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        span_us = int(environment.pop("WATCHDOG_USEC", "0"))
        return cls(address, span_us * 1e-6 if watched and span_us else None)

    def tell(self, **fields: str) -> None:
        """Send `fields`. Never waits; what cannot be sent is not: the recording goes on."""
        if not self.address:
            return
        path = self.address.replace("@", "\0", 1) if self.address[0] == "@" else self.address
        text = "\n".join(f"{key}={value}" for key, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(text.encode(), path)
            except OSError as error:
                log.warning("systemd was not told %s: %s", ", ".join(fields), error)


@dataclass(frozen=True, slots=True)
class Pulse:
    """Something that must go on.

    Attributes:
        name: what people call it.
        beats: a number that changes as long as it goes on; None while it is not needed.
        limit_s: how long the number may stay the same.
    """

    name: str
    beats: Callable[[], int | None]
    limit_s: float


def pulses(recorder: Recorder) -> list[Pulse]:
    """What must go on in a recorder: both readers, and in a session the writer."""

    def writer() -> int | None:
        return None if recorder.session is None else recorder.session.writer.turns

    def reader(place: int) -> Callable[[], int | None]:
        return lambda: recorder.wearers[place].board.beats

    readers = [
        Pulse(f"the {wearer.role}'s reader", reader(place), READER_LIMIT_S)
        for place, wearer in enumerate(recorder.wearers)
    ]
    return [*readers, Pulse("the writer", writer, WRITER_LIMIT_S)]


class Watchdog:
    """Tells systemd that the service goes on, only while each of its parts does.

    The loop's own part is to call `feed`.
    """

    def __init__(
        self,
        systemd: Systemd,
        pulses: Sequence[Pulse],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._systemd = systemd
        self._monotonic_ns = monotonic_ns
        self._period = Period((systemd.watchdog_s or FEEDS) / FEEDS)
        now_ns = monotonic_ns()
        self._seen = {pulse: (pulse.beats(), now_ns) for pulse in pulses}
        self._told = ""

    def feed(self, describe: Callable[[], str]) -> None:
        """Called again and again; asks what the service is doing, in a word, when it is time."""
        now_ns = self._monotonic_ns()
        if not self._period.due(now_ns):
            return
        state = describe()
        stuck = [pulse.name for pulse in self._seen if self._is_stuck(pulse, now_ns)]
        if stuck:
            self._withhold(f"{state}; stuck: {', '.join(stuck)}")
            return
        self._tell_status(state)
        if self._systemd.watchdog_s is not None:
            self._systemd.tell(WATCHDOG="1")

    def _is_stuck(self, pulse: Pulse, now_ns: int) -> bool:
        beats, (seen, since_ns) = pulse.beats(), self._seen[pulse]
        if beats is None or beats != seen:
            self._seen[pulse] = beats, now_ns
            return False
        return now_ns - since_ns > pulse.limit_s * 1e9

    def _withhold(self, text: str) -> None:
        if text != self._told:
            log.error("%s: without a sign of life systemd starts the service anew", text)
        self._tell_status(text)

    def _tell_status(self, text: str) -> None:
        """Tell what `systemctl status` shows, when it has changed."""
        if text != self._told:
            self._told = text
            self._systemd.tell(STATUS=text)
