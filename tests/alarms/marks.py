"""300 marks in a minute from three sources in real time: a key of the screen, and two clients.

A foot switch and a button need the kernel's devices, which a container lacks: their presses are
tested in simulated time (tests/recorder/companions).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from recorder.store.reader import SessionReader
from recorder.wire.client import ControlClient, ask
from recorder.wire.messages import SessionStatus
from tests.alarms.rig import rig, watching

EACH, EVERY_S = 100, 0.6
KEY_LABEL = "music starts"

Press = tuple[int, str]  # when, the label


async def marks(directory: Path) -> dict[str, float]:
    """By how much the stored time of a mark is off at most; all must be there, and in order."""
    with rig(directory) as it:
        async with watching(it.config) as eyes:
            await eyes.starts()
            pressed: list[Press] = []
            await asyncio.gather(
                by_key(eyes.press, pressed),
                by_client(it.config.socket_path, "one", pressed),
                by_client(it.config.socket_path, "two", pressed),
            )
            told = await asyncio.to_thread(ask, it.config.socket_path, "stop", timeout_s=60)
    session = msgspec.json.decode(told, type=SessionStatus)
    return {"mark, off by": worst_s(stored(Path(session.file)), pressed)}


async def by_key(press: Callable[[str], Awaitable[None]], pressed: list[Press]) -> None:
    """The key 1, again and again; not so fast that it would be held."""
    for _ in range(EACH):
        await asyncio.sleep(EVERY_S)
        pressed.append((time.monotonic_ns(), KEY_LABEL))
        await press("1")


async def by_client(path: Path, name: str, pressed: list[Press]) -> None:
    """As `antiphon mark` does."""
    client = await ControlClient.connect(path)
    reading = asyncio.create_task(_read(client))
    for number in range(EACH):
        await asyncio.sleep(EVERY_S)
        label = f"{name} {number}"
        pressed.append((time.monotonic_ns(), label))
        await client.ask("mark", label=label)
    client.close()
    await reading


async def _read(client: ControlClient) -> None:
    async for _ in client.pushes():
        pass


def stored(file: Path) -> list[Press]:
    """The marks of a session that has ended, wherever its file is by now."""
    path = next(it for it in (file, file.parent / "done" / file.name) if it.exists())
    with SessionReader(path) as session:
        return [(mark.t_ns, mark.label) for mark in session.markers()]


def worst_s(kept: list[Press], pressed: list[Press]) -> float:
    """The largest difference, in seconds; raises AssertionError where one is missing."""
    there, here = _by_label(kept), _by_label(pressed)
    assert {label: len(at) for label, at in there.items()} == {
        label: len(at) for label, at in here.items()
    }
    pairs = ((a, b) for label in there for a, b in zip(there[label], here[label], strict=True))
    return max(abs(a - b) for a, b in pairs) / 1e9


def _by_label(presses: list[Press]) -> dict[str, list[int]]:
    """When each was, in order: those of one source are further apart than any may be off."""
    found: dict[str, list[int]] = {}
    for t_ns, label in sorted(presses):
        found.setdefault(label, []).append(t_ns)
    return found
