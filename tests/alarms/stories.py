"""What goes wrong at a bedside, and what the screen must say of it, and how soon.

Each story gives how long every alarm took, in seconds from what was done to what could be read.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.wire.client import ask
from tests.alarms.rig import Eyes, Rig, rig, watching
from tests.disk.small_disk import small_disk

Times = dict[str, float]
# What the screen must have said by then.
AIMS_S: Mapping[str, float] = {
    "unplugged": 1.0,
    "silent": 1.0,
    "both gone": 1.0,
    "service killed": 1.0,
    "service halted": 3.0,
    "disk full": 1.0,
    "mark, off by": 0.02,
}
HUM_UV, RATE_HZ, LONG_S = 150.0, 250.0, 60.0
SPARE_BYTES = 1 << 20
SWEPT_S, SEEN_UV = 3.0, 100
LABELS = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")


async def a_session(directory: Path) -> Times:
    """A board that is off, a second screen, a session replaced under a question, and losses."""
    with rig(directory, patient=("--state", "patient:off")) as it:
        async with watching(it.config) as eyes:
            await eyes.sees("Not ready", "Switch on the PATIENT's board", "blue light")
            await asyncio.to_thread(it.kill, "patient")
            await asyncio.to_thread(it.plug_in, "patient")
            await eyes.starts()
            await second_screen(it, eyes)
            await replaced(it, eyes)
            return await losses(it, eyes)


async def second_screen(it: Rig, eyes: Eyes) -> None:
    """It follows, and what is marked on one is told on both."""
    async with watching(it.config) as other:
        await other.sees("● REC", "P07", "0 marks")
        await other.press("1")
        await other.sees("1 mark, last: music starts")
    await eyes.sees("1 mark, last: music starts")


async def replaced(it: Rig, eyes: Eyes) -> None:
    """The question about one session ends with it; its answer stops no other."""
    await eyes.press("x")
    await eyes.sees("Stop the recording?", "P07")
    await asyncio.to_thread(ask, it.config.socket_path, "stop")
    await asyncio.to_thread(ask, it.config.socket_path, "start", patient="X1", therapist="X2")
    await eyes.sees("● REC", "X1")
    await eyes.press("y")
    await eyes.sees("● REC", "X1")
    assert "Stop the recording?" not in eyes.shown()


async def losses(it: Rig, eyes: Eyes) -> Times:
    """The service is killed and begun again, a board is unplugged, then both are gone."""
    told: Times = {}
    kill_service = lambda: it.kill("service")  # noqa: E731
    told["service killed"] = await eyes.alarmed(kill_service, "NOT RECORDING", "no service", "X1")
    await asyncio.to_thread(it.serve)
    await eyes.sees("● REC", "X1")
    unplug = lambda: it.kill("patient")  # noqa: E731
    told["unplugged"] = await eyes.alarmed(unplug, "REC, but patient: board lost")
    both = lambda: it.kill("therapist")  # noqa: E731
    told["both gone"] = await eyes.alarmed(both, "NOT RECORDING", "no data from either board", "X1")
    return told


async def halts(directory: Path) -> Times:
    """A board that falls silent, and a service that hangs; both come back."""
    told: Times = {}
    with rig(directory) as it:
        async with watching(it.config) as eyes:
            await eyes.starts()
            silence = lambda: it.halt("therapist")  # noqa: E731
            told["silent"] = await eyes.alarmed(silence, "REC, but therapist: no data")
            it.resume("therapist")
            await eyes.sees("● REC")
            hang = lambda: it.halt("service")  # noqa: E731
            told["service halted"] = await eyes.alarmed(hang, "NOT RECORDING", "does not answer")
            it.resume("service")
            await eyes.sees("● REC")
    return told


async def poor_signals(directory: Path) -> Times:
    """Much hum on one person, no contact at all on the other, and a weak radio."""
    replay = directory / "poor.npz"
    np.savez(replay, x_uV=np.stack([humming(), railed()]), fs=RATE_HZ, ch_names=np.array(LABELS))
    words = ("--replay", str(replay), "--loss", "0.012")
    with rig(directory, patient=words, therapist=words) as it:
        async with watching(it.config) as eyes:
            await eyes.sees("µV, not shown", "all channels bad: check the ear clip")
            await eyes.press("v")
            await eyes.sees("s across", "all channels bad")
            await asyncio.sleep(SWEPT_S)
            scale = re.search(r"±(\d+) µV", eyes.shown())
            assert scale is not None
            assert int(scale[1]) <= SEEN_UV, eyes.shown()
            await eyes.press("enter", "enter")
            await eyes.sees("Go on all the same?", "The therapist has no usable channel")
            await eyes.press("3")
            await eyes.sees("Who is the patient?")
            await eyes.press(*"P07", "enter", *"T02", "enter", "enter")
            await eyes.sees("REC, but", "weak radio", "therapist: the radio loses 1")
    return {}


async def full_disk(directory: Path) -> Times:
    """The disk fills up in mid-session, and there is room again."""
    with (
        small_disk(directory / "disk", directory / "disk.img") as disk,
        rig(directory, sessions=disk.path / "sessions") as it,
    ):
        async with watching(it.config) as eyes:
            await eyes.starts()
            disk.leave(SPARE_BYTES)
            took_s = await eyes.alarmed(disk.take_the_rest, "REC, but", "the disk", "P07")
            await eyes.sees("NOT RECORDING", "the disk is full", "P07")
            disk.make_room()
            await eyes.sees("● REC", "P07")
    return {"disk full": took_s}


def humming() -> NDArray[np.float64]:
    """EEG of 8 µV below a hum of 0.3 mV from peak to peak."""
    t_s = np.arange(round(LONG_S * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 8, (len(LABELS), len(t_s)))
    waves: NDArray[np.float64] = noise + HUM_UV * np.sin(2 * np.pi * 50 * t_s)
    return waves


def railed() -> NDArray[np.float64]:
    """Every input at its rail."""
    return np.full((len(LABELS), round(LONG_S * RATE_HZ)), 187_500.0)
