"""What reads bytes that somebody else made, each fed with damaged ones.

A target raises only what is wrong with the program: what it may say of bad bytes it catches itself.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from hardware.board import Block, GapCause
from hardware.cyton import frames
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.frames import FRAME_BYTES, encode_frames, is_failure, radio_channel, read_banner
from hardware.recordings.reading import read_recording
from recorder.failure import Refused
from recorder.settings.file import Config, as_toml, load
from recorder.settings.values import ConfigError
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.repair import repair
from recorder.store.summary import summarise
from recorder.wire.lines import LINE_LIMIT
from recorder.wire.messages import Request
from recorder.wire.server import ControlServer
from tests.fuzz.damage import damage, flip, pieces
from tests.recorder import session_files

FRAMES = 100
REQUESTS = 20
ANSWER_S = 5.0
_BANNER = (
    b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\n"
    b"LIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$"
)
_REQUESTS = (
    {"id": 7, "do": "mark", "label": "laughter"},
    {"id": 8, "do": "start", "patient": "P01", "therapist": "T01"},
    {"id": 9, "do": "subscribe", "topics": ["status", "traces"]},
    {"do": "status"},
    {"do": "note", "label": "x" * 300},
)
_GUI_TEXT = """%OpenBCI Raw EXG Data
%Number of channels = 8
%Sample Rate = 250 Hz
%Board = OpenBCI_GUI$BoardCytonSerial
Sample Index, EXG Channel 0, EXG Channel 1, EXG Channel 2, EXG Channel 3, EXG Channel 4, \
EXG Channel 5, EXG Channel 6, EXG Channel 7, Accel Channel 0
"""

Target = Callable[[np.random.Generator, Path], None]


class Refusal(AssertionError):
    """The program did what it must never do with bad bytes."""


def decoder(rng: np.random.Generator, _: Path) -> None:
    """The byte stream of a board: nothing is delivered that was not sent, nothing twice."""
    stream = damage(_stream(rng), rng) + rng.bytes(int(rng.integers(200)))
    assembler = BlockAssembler(frames.RATE_HZ)
    assembler.begin_stream(0, has_daisy=bool(rng.integers(2)))
    now_ns, events = 0, []
    for octets in pieces(stream, rng):
        now_ns += int(rng.integers(1, 1_000_000_000 if rng.random() < 0.01 else 20_000_000))
        events += assembler.feed([(octets, now_ns)])
    events += assembler.end_stream(GapCause.UNPLUGGED)
    delivered = sum(len(event) for event in events if isinstance(event, Block))
    tally = assembler.tally
    if delivered != tally.samples or delivered > len(stream) // FRAME_BYTES:
        raise Refusal(f"{delivered} samples of {len(stream)} bytes, counted {tally.samples}")


def replies(rng: np.random.Generator, _: Path) -> None:
    """The text that a board answers."""
    reply = damage(_BANNER, rng)
    is_failure(reply)
    radio_channel(reply)
    with suppress(ValueError):
        read_banner(reply)


def control(rng: np.random.Generator, directory: Path) -> None:
    """The control socket: a bad line is answered or ends the conversation; the next is served."""
    asyncio.run(_converse(rng, directory / "fuzz.sock"))


def config(rng: np.random.Generator, directory: Path) -> None:
    """antiphon.toml: what cannot be used is one line; what can be, can be written down again."""
    path = directory / "antiphon.toml"
    path.write_bytes(damage(as_toml(Config(socket="/run/a.sock")).encode(), rng))
    try:
        read = load(path)
    except ConfigError as error:
        if "\n" in str(error):
            raise Refusal(f"more than one line: {error!r}") from error
        return
    path.write_text(as_toml(read), encoding="utf-8")
    if load(path) != read:
        raise Refusal(f"not the same when written and read again: {read}")


def replay(rng: np.random.Generator, directory: Path) -> None:
    """Recordings by others."""
    name, octets = list(_recordings().items())[int(rng.integers(3))]
    path = directory / name
    path.write_bytes(damage(octets, rng))
    with suppress(ValueError):
        recording = read_recording(path)
        if np.isinf(recording.uv).any() or len(recording.labels) != recording.uv.shape[2]:
            raise Refusal("a recording of other things than numbers")


def session_file(rng: np.random.Generator, directory: Path) -> None:
    """Session files: `verify` always has a report, reading always ends, `repair` as well."""
    path, repaired = directory / "damaged.antiphon", directory / "repaired.antiphon"
    octets = _session()
    path.write_bytes((flip if rng.random() < 0.7 else damage)(octets, rng))
    verify(path)
    with suppress(ValueError, OSError):
        _read_everything(path)
    if rng.random() < 0.2:
        repaired.unlink(missing_ok=True)
        with suppress(ValueError, OSError):
            repair(path, repaired)
            _require_ok(repaired)


TARGETS: dict[str, Target] = {
    "decoder": decoder,
    "replies": replies,
    "control": control,
    "config": config,
    "replay": replay,
    "session file": session_file,
}


def _stream(rng: np.random.Generator) -> bytes:
    """Frames in order; some are missing."""
    counters = np.flatnonzero(rng.random(FRAMES) > 0.02) % 256
    n = len(counters)
    counts = rng.integers(-(2**23), 2**23, (n, 8)).astype(np.int32)
    aux = rng.integers(256, size=(n, 6)).astype(np.uint8)
    stops = np.full(n, rng.choice([frames.STOP_DIGITAL, frames.STOP_TIME]), np.uint8)
    return encode_frames(counters, counts, aux, stops)


async def _converse(rng: np.random.Generator, path: Path) -> None:
    async def answer(request: Request) -> None:
        if request.do not in ("status", "mark", "note", "start"):
            raise Refused("no such request", 64)

    server = ControlServer(path, answer)
    await server.start()
    try:
        async with asyncio.timeout(ANSWER_S):
            for _ in range(REQUESTS):
                await _send_damaged(rng, path)
            await _require_answer(path)
    finally:
        await server.stop()
        while len(asyncio.all_tasks()) > 1:  # those that serve a client still have to end
            await asyncio.sleep(0)


async def _send_damaged(rng: np.random.Generator, path: Path) -> None:
    line = json.dumps(_REQUESTS[int(rng.integers(len(_REQUESTS)))]).encode()
    sent = damage(line, rng) * (LINE_LIMIT // len(line) + 2 if rng.random() < 0.02 else 1)
    reader, writer = await asyncio.open_unix_connection(path)
    with suppress(ConnectionError):
        writer.write(sent + b"\n")
        writer.write_eof()
        for reply in (await reader.read()).splitlines():
            msgspec.json.decode(reply)
    writer.close()


async def _require_answer(path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"id": 1, "do": "status"}\n')
    answer = json.loads(await reader.readline())
    writer.close()
    if answer["id"] != 1 or not answer["ok"]:
        raise Refusal(f"the next client is not served: {answer}")


@cache
def _recordings() -> dict[str, bytes]:
    """A small one of each kind, by a file name that goes with it."""
    rng = np.random.default_rng(1)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "recording.npz"
        np.savez(path, x_uV=rng.normal(0, 10, (2, 8, 50)), fs=250.0)
        npz = path.read_bytes()
    uv = rng.normal(0, 10, (50, 8)).round(3).tolist()
    rows = [", ".join(map(str, [n % 256, *row, 0.0])) for n, row in enumerate(uv)]
    brainflow = ["\t".join(map(str, [n % 256, *row, *[0.0] * 15])) for n, row in enumerate(uv)]
    return {
        "gui.txt": (_GUI_TEXT + "\n".join(rows) + "\n").encode(),
        "brainflow.csv": ("\n".join(brainflow) + "\n").encode(),
        "dyad.npz": npz,
    }


@cache
def _session() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "20261123T040000Z-1f3a.antiphon"
        return session_files.write(path, session_files.usual_rows()).read_bytes()


def _read_everything(path: Path) -> None:
    with SessionReader(path) as session:
        summarise(session)
        session.markers()
        session.gaps()
        list(session.measures())
        for board in session.boards():
            for samples in session.samples(board.id):
                session.times_ns(board.id, samples.segment, samples.index)


def _require_ok(path: Path) -> None:
    report = verify(path)
    if not report.ok:
        raise Refusal(f"not whole after its repair: {report.problems}")
