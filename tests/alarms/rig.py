"""The screen before the real service and two emulated boards, each in a process of its own.

What goes wrong is done to those processes: a board that is killed is unplugged, one that is halted
is silent, and so is the service.
"""

import asyncio
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from recorder.rehearsal.processes import (
    Boards,
    await_service,
    emulated_boards,
    running_service,
)
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from tui.app import AntiphonApp, Around

SIZE = (160, 48)
PATIENCE_S = 30.0
LOOK_S = 0.01


@dataclass
class Rig:
    """Processes by name: patient, therapist (their boards), service."""

    directory: Path
    config: Config
    stack: ExitStack
    boards: dict[str, Boards] = field(default_factory=dict)
    service: subprocess.Popen[bytes] | None = None

    def plug_in(self, role: str, *words: str) -> None:
        """A board of this person, whose port is always the same."""
        at = self.directory / role
        at.mkdir(exist_ok=True)
        self.boards[role] = self.stack.enter_context(emulated_boards(at, list(words)))
        port = next(it for it in self.boards[role].ports if it["role"] == role)
        person = msgspec.structs.replace(
            self.config.board(role), port=port["port"], channels=tuple(port["labels"])
        )
        self.config = msgspec.structs.replace(self.config, **{role: person})

    def serve(self) -> None:
        """A service; one that was killed before may have left a session."""
        self.service = self.stack.enter_context(running_service(self.config, self.directory))
        await_service(self.config.socket_path, self.service)

    def process(self, name: str) -> "subprocess.Popen[str] | subprocess.Popen[bytes]":
        """The one called so."""
        if name != "service":
            return self.boards[name].process
        assert self.service is not None
        return self.service

    def halt(self, *names: str) -> None:
        """Stop processes where they are."""
        for name in names:
            self.process(name).send_signal(signal.SIGSTOP)

    def resume(self, *names: str) -> None:
        """Let them go on."""
        for name in names:
            self.process(name).send_signal(signal.SIGCONT)

    def kill(self, *names: str) -> None:
        """End processes at once."""
        for name in names:
            self.process(name).kill()
        for name in names:
            self.process(name).wait()


@contextmanager
def rig(
    directory: Path, *, sessions: Path | None = None, **words: tuple[str, ...]
) -> Iterator[Rig]:
    """Both boards, begun with `words` by role, and a service with its sessions."""
    kept = sessions or directory / "sessions"
    places = Config(sessions=str(kept), socket=str(directory / "s.sock"))
    with ExitStack() as stack:
        made = Rig(directory, places, stack)
        for role in ROLES:
            made.plug_in(role, *words.get(role, ()))
        made.serve()
        yield made


@dataclass
class Eyes:
    """A user before the screen."""

    app: AntiphonApp
    pilot: Pilot[None]

    def shown(self) -> str:
        """The characters on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def sees(self, *texts: str, since_s: float | None = None) -> float:
        """Wait until all `texts` can be read; how long it took, in seconds."""
        begin_s = time.monotonic() if since_s is None else since_s
        while not all(text in self.shown() for text in texts):
            if time.monotonic() - begin_s > PATIENCE_S:
                raise AssertionError(f"{texts} did not come; the screen shows:\n{self.shown()}")
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - begin_s

    async def alarmed(self, do: Callable[[], None], *texts: str) -> float:
        """Do something, and wait for what the screen makes of it."""
        begin_s = time.monotonic()
        do()
        return await self.sees(*texts, since_s=begin_s)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    async def starts(self) -> None:
        """From the caps to the recording of two who are new."""
        await self.sees("PATIENT", "channels good", "go on")
        await self.press("enter")
        await self.sees("Who is the patient?")
        await self.press(*"P07", "enter")
        await self.sees("Who is the therapist?")
        await self.press(*"T02", "enter")
        await self.sees("Record P07 with T02")
        await self.press("enter")
        await self.sees("● REC", "P07")


@asynccontextmanager
async def watching(config: Config) -> AsyncIterator[Eyes]:
    """A screen before the service."""
    app = AntiphonApp(config.socket_path, around=Around(settle_s=0.0))
    async with app.run_test(size=SIZE) as pilot:
        yield Eyes(app, pilot)
