"""The connection to the service: it is kept up, and what arrives becomes Textual messages.

connect -> subscribe -> StatusArrived, MeasuresArrived, traces ... -> ServiceSilent -> wait
   ^                                                                                    |
   +------------------------------------------------------------------------------------+

Traces come so often that they are no messages: they are handed over as they are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from textual.message import Message

from recorder.failure import Refused
from recorder.wire.client import ControlClient
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import TOPICS, Impedance, Measures, Push, Status, Trace
from tui.language import N_, _

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
# A mark is answered when it is on disk, or refused after 5 s: that refusal must be heard.
ANSWER_S = 7.0


class Latest(Message):
    """A message of which only the newest counts."""

    def can_replace(self, message: Message) -> bool:
        """A later one makes an earlier one useless."""
        return isinstance(message, type(self))


@dataclass(eq=False)
class StatusArrived(Latest):
    """The service said what it is doing."""

    status: Status


@dataclass(eq=False)
class MeasuresArrived(Latest):
    """The newest value of every series."""

    measures: Measures


@dataclass(eq=False)
class ContactMeasured(Message):
    """The contact of one electrode."""

    contact: Impedance


@dataclass(eq=False)
class ServiceSilent(Message):
    """No service answers; the feed goes on trying. `why` is "" or what this user can change."""

    why: str = ""


@dataclass(eq=False)
class ServiceUnclear(Message):
    """The service sent something that this screen does not understand; `text` is one line."""

    text: str


class Feed:
    """One screen's connection to the service at `path`.

    `post` takes the messages, `take` the traces.
    """

    def __init__(
        self,
        path: Path,
        post: Callable[[Message], object],
        take: Callable[[Trace], object],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._path = path
        self._post = post
        self._take = take
        self._sleep = sleep
        self._client: ControlClient | None = None
        self._pushes = 0
        self._unclear = ""
        self._why_silent = ""

    async def run(self) -> None:
        """Connect, pass on what comes, and connect again, until cancelled."""
        wait_s = FIRST_WAIT_S
        while True:
            if await self._follow():
                wait_s = FIRST_WAIT_S
            self._post(ServiceSilent(self._why_silent))
            await self._sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def ask(self, do: str, within_s: float = ANSWER_S, **fields: str) -> msgspec.Raw:
        """Ask the service and await the answer's body.

        Raises:
            Refused: the service said no.
            ServiceUnreachable: no service answers, or not in time.
        """
        if self._client is None:
            raise ServiceUnreachable(_("no service answers"))
        try:
            async with asyncio.timeout(within_s):
                return await self._client.ask(do, **fields)
        except TimeoutError as late:
            text = _("no answer within {n:.0f} s: it may have been done all the same")
            raise ServiceUnreachable(text.format(n=within_s)) from late

    async def ask_apart(self, do: str, within_s: float, **fields: Any) -> msgspec.Raw:
        """As `ask`, on a connection of its own: what takes long holds up nothing else.

        Raises:
            Refused, ServiceUnreachable: as `ask`.
        """
        client = await ControlClient.connect(self._path)
        reading = asyncio.create_task(_pass_over(client))
        try:
            async with asyncio.timeout(within_s):
                return await client.ask(do, **fields)
        except TimeoutError as late:
            text = _("no answer within {n:.0f} s").format(n=within_s)
            raise ServiceUnreachable(text) from late
        finally:
            client.close()
            reading.cancel()

    async def _follow(self) -> bool:
        """Pass on one connection's pushes until it ends; whether there were any."""
        self._pushes = 0
        try:
            client = await ControlClient.connect(self._path)
        except ServiceUnreachable as silence:
            denied = isinstance(silence.__cause__, PermissionError)
            self._why_silent = N_("this user may not open it") if denied else ""
            return False
        self._client = client
        self._why_silent = ""
        subscription = asyncio.create_task(self._subscribe(client))
        try:
            async for push in client.pushes():
                self._pass_on(push)
        except OSError:
            pass  # it went away in the middle of a line
        except msgspec.MsgspecError as broken:
            self._complain(str(broken))
        finally:
            self._client = None
            client.close()
            subscription.cancel()
        return self._pushes > 0

    async def _subscribe(self, client: ControlClient) -> None:
        try:
            await client.ask("subscribe", topics=TOPICS)
            self._pass_on(Push("status", await client.ask("status")))  # do not wait for the first
        except Refused as no:
            self._complain(str(no))
        except ServiceUnreachable:
            pass  # it went away at once; the caller sees the end of the pushes

    def _pass_on(self, push: Push) -> None:
        self._pushes += 1
        decode = msgspec.json.decode
        try:
            match push.topic:
                case "traces":
                    self._take(decode(push.body, type=Trace))
                case "status":
                    self._post(StatusArrived(decode(push.body, type=Status)))
                case "impedance":
                    self._post(ContactMeasured(decode(push.body, type=Impedance)))
                case "measures":
                    self._post(MeasuresArrived(decode(push.body, type=Measures)))
        except msgspec.MsgspecError as broken:
            self._complain(f"{push.topic}: {broken}")

    def _complain(self, text: str) -> None:
        """Say what was not understood, once: it will come again several times a second."""
        if text != self._unclear:
            self._unclear = text
            self._post(ServiceUnclear(text))


async def _pass_over(client: ControlClient) -> None:
    """Read a connection on which nothing was subscribed to: answers come only then."""
    with suppress(OSError, msgspec.MsgspecError):
        async for _ in client.pushes():
            pass
