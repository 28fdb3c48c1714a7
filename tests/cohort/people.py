"""Sessions of made-up people through the real store, without waiting for any clock.

Each channel is pink noise and an alpha rhythm that waxes and wanes; what is planted is in Planted.
All but the boards and the clock is real: the writer, the packing, the hash, `done/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recorder.store.catalog import new_session_id
from recorder.store.finish import finish
from recorder.store.headers import BoardHeader, ChannelHeader, Person, SessionHeader
from recorder.store.rows import BlockRow, ClockFitRow, ClockUtcRow, MarkerRow, Row
from recorder.store.writer import SessionWriter

Floats = NDArray[np.float64]

SITES: Final = ("F3", "F4", "P3", "P4")
RATE_HZ: Final = 250
BLOCK: Final = 1250
SECONDS: Final = 120
START_NS: Final = 5_000_000_000_000
FIRST_UTC_NS: Final = 1_767_261_600_000_000_000  # 2026-01-01 10:00
DAY_NS: Final = 86_400 * 10**9
UV_PER_COUNT: Final = 4.5 / 24 / (2**23 - 1) * 1e6
PINK_UV, ALPHA_UV = 8.0, 5.0
SHARED_ALL: Final = ("eeg", "share")


@dataclass(frozen=True, slots=True)
class Planted:
    """What is known of a session.

    Attributes:
        alike: how much of the alpha of either is the same, 0 to 1.
        tilt: ln of how much more power there is at F4 than at F3, of the patient ...
        tilt_of_therapist: ... and of the therapist.
        trend: alpha of both rises from e^-trend to e^trend.
        seconds: how long it is.
    """

    alike: float = 0.0
    tilt: float = 0.0
    tilt_of_therapist: float = 0.0
    trend: float = 0.0
    seconds: int = SECONDS


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session of two people.

    Attributes:
        dyad: by its number; P7 and T7 are dyad 7.
        number: which session of theirs.
        seed: of everything that is random in it.
        consent: of both.
    """

    dyad: int
    number: int
    seed: int
    planted: Planted = Planted()
    consent: tuple[str, ...] = SHARED_ALL

    @property
    def codes(self) -> dict[str, str]:
        return {"patient": f"P{self.dyad:03}", "therapist": f"T{self.dyad:03}"}

    @property
    def began_utc_ns(self) -> int:
        """A week after the one before, and no two at once."""
        return FIRST_UTC_NS + (7 * self.number * DAY_NS) + self.dyad * 600 * 10**9


def id_of(meeting: Meeting) -> str:
    """The same for the same people and number."""
    token = np.random.default_rng([meeting.dyad, meeting.number]).bytes(2)
    return new_session_id(meeting.began_utc_ns, token)


def record(directory: Path, meeting: Meeting) -> Path:
    """Write a session and put it away; where it is."""
    session_id = id_of(meeting)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{session_id}.antiphon"
    writer = SessionWriter.create(path, _header(session_id, meeting), period_s=30.0)
    for row in _rows(meeting):
        if not writer.put(row):
            raise OSError(f"{path}: the writer does not keep up")
    writer.close(START_NS + meeting.planted.seconds * 10**9)
    return finish(path)


def _header(session_id: str, meeting: Meeting) -> SessionHeader:
    agreed = [it in meeting.consent for it in ("eeg", "video", "share")]
    return SessionHeader(
        id=session_id,
        created_utc_ns=meeting.began_utc_ns,
        boot_id=session_id,
        software_version="0.1.0",
        template="",
        planned_duration_s=None,
        started_t_ns=START_NS,
        clock_synchronised=True,
        persons=tuple(Person(role, code, *agreed) for role, code in meeting.codes.items()),
        boards=(_board(0, "patient"), _board(1, "therapist")),
    )


def _board(board_id: int, role: str) -> BoardHeader:
    return BoardHeader(
        id=board_id,
        role=role,
        kind="cyton",
        port=f"/dev/ttyUSB{board_id}",
        serial=f"DM00Q0Q{board_id}",
        firmware="v3.1.2",
        nominal_rate_hz=RATE_HZ,
        uv_per_count=UV_PER_COUNT,
        rail_counts=2**23 - 1,
        aux_labels=(),
        channels=tuple(ChannelHeader(it, "uV", UV_PER_COUNT, "SRB2") for it in SITES),
    )


def _rows(meeting: Meeting) -> Iterator[Row]:
    seconds = meeting.planted.seconds
    for at_s in (0, seconds):
        t_ns = at_s * 10**9
        yield ClockUtcRow(START_NS + t_ns, meeting.began_utc_ns + t_ns, synchronised=True)
    begun_ns = START_NS + 5 * 10**9
    yield MarkerRow(begun_ns, "music starts", made_t_ns=begun_ns, id=1)
    for board, uv in enumerate(eeg(meeting)):
        yield from _samples(board, np.rint(uv / UV_PER_COUNT).astype(np.int32))


def _samples(board: int, counts: NDArray[np.int32]) -> Iterator[Row]:
    yield ClockFitRow(board, 0, 0, START_NS, 1e9 / RATE_HZ, 7e6, 1e5, provisional=False)
    for first in range(0, len(counts), BLOCK):
        some = counts[first : first + BLOCK]
        last = np.array([first + len(some) - 1])
        came_ns = START_NS + last * (10**9 // RATE_HZ) + 7_000_000
        yield BlockRow(board, 0, first, some, np.zeros((len(some), 0), np.int32), last, came_ns)


def eeg(meeting: Meeting) -> tuple[Floats, Floats]:
    """Microvolts of patient and therapist, (samples, SITES)."""
    it = meeting.planted
    n = it.seconds * RATE_HZ
    rng = np.random.default_rng([meeting.seed, meeting.dyad, meeting.number])
    shared = _alpha(rng, n, _peak_hz(meeting.dyad, 0), 1)
    found = []
    for person, tilt in enumerate((it.tilt, it.tilt_of_therapist)):
        peak_hz = _peak_hz(meeting.dyad, 0 if it.alike else person)
        own = _alpha(rng, n, peak_hz, 1)
        common = np.sqrt(it.alike) * shared + np.sqrt(1 - it.alike) * own
        size = np.exp(it.trend * np.linspace(-1, 1, n))
        rhythm = size * (common + _alpha(rng, n, peak_hz, len(SITES)))
        uv = PINK_UV * _pink(rng, n, len(SITES)) + ALPHA_UV * rhythm
        uv[SITES.index("F4")] *= np.exp(tilt / 2)
        found.append(uv.T)
    return found[0], found[1]


def _peak_hz(dyad: int, person: int) -> float:
    """Of a person in all sessions the same."""
    return float(np.random.default_rng([dyad, person, 77]).uniform(8.5, 11.5))


def _pink(rng: np.random.Generator, n: int, channels: int) -> Floats:
    hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    shape = (hertz > 0.5) / np.sqrt(np.maximum(hertz, 1))
    return _shaped(rng, n, channels, shape)


def _alpha(rng: np.random.Generator, n: int, peak_hz: float, channels: int) -> Floats:
    hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    return _shaped(rng, n, channels, (np.abs(hertz - peak_hz) < 1).astype(np.float64))


def _shaped(rng: np.random.Generator, n: int, channels: int, shape: Floats) -> Floats:
    found = np.fft.irfft(np.fft.rfft(rng.standard_normal((channels, n))) * shape, n)
    scaled: Floats = found / found.std(axis=1, keepdims=True)
    return scaled


def developing(dyads: range, sessions: int, seed: int, per_session: Planted) -> list[Meeting]:
    """Dyads in which everything that is planted grows by `per_session` from session to session."""
    it = per_session
    return [
        Meeting(
            dyad,
            number,
            seed,
            replace(
                it,
                alike=it.alike * number,
                tilt=it.tilt * number,
                tilt_of_therapist=it.tilt_of_therapist * number,
            ),
        )
        for dyad in dyads
        for number in range(1, sessions + 1)
    ]
