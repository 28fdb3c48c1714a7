"""What the emulated boards of `emulate` and `demo` are to do, and the emulator that does it."""

import shlex
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from hardware.cyton.capture import is_capture
from hardware.cyton.frames import CHANNELS
from hardware.emulated.air import Chances
from hardware.emulated.captured import (
    CapturedBoard,
    CapturedSource,
    captured_rate_hz,
    captured_source,
)
from hardware.emulated.cyton import Behaviour, EmulatedCyton, FirstState
from hardware.emulated.faults import ScriptedFault, parse_fault
from hardware.emulated.ports import EmulatedBoard, Emulator
from hardware.emulated.releases import Version
from hardware.emulated.replay import ReplaySource
from hardware.emulated.source import Source
from hardware.emulated.stream import TrueTime
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from hardware.recordings.reading import read_recording
from hardware.recordings.recording import Recording
from hardware.trigger.sync_train import schedule
from recorder.settings.board import ROLES
from recorder.settings.values import Label

# Two rates seen on real boards: no Cyton runs at 250 Hz, and no two at the same rate.
DEFAULT_RATES_HZ = (250.33, 250.51)
RADIO_CHANNELS = (7, 8)  # two boards on one would hear each other
# Nobody switches two boards on in the same moment: their milliseconds tell them apart.
SWITCHED_ON_S = (4.0, 2.0)  # before
SEED = 20190710
TRAIN_S = 7200.0  # a longer demonstration goes on without


Held = TypeVar("Held", Recording, CapturedSource)
Choice = TypeVar("Choice", bound=StrEnum)


class WrongChannels(ValueError):
    """What --channels says cannot be what the recordings hold; one line."""


@dataclass(kw_only=True)
class Plan:
    """Everything that was asked for, checked; fields are the words of the command line.

    Attributes:
        captures: of each person, when those are what is replayed; else none.
        sources: of each person's samples, when there are no captures.

    Raises:
        ValueError: it makes no sense, or a recording is not one; one line.
        WrongChannels: the channels are not those of the recordings.
        FileNotFoundError: a recording is not there.
    """

    replays: tuple[Path, ...] = ()
    channels: tuple[str, ...] = ()
    rates_hz: tuple[float, ...] = ()
    faults: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    firmwares: tuple[str, ...] = ()
    loss: float = 0.0
    burst_ms: float = 0.0
    seed: int = SEED
    daisy: bool = False
    train: bool = False
    captures: tuple[CapturedSource, ...] = field(init=False)
    sources: tuple[Source, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.rates_hz = self.rates_hz or DEFAULT_RATES_HZ
        if len(self.rates_hz) != len(ROLES):
            raise ValueError("give --rate twice: the patient's board, then the therapist's")
        self.captures = _captures(self)
        self.sources = () if self.captures else _sources(self)
        self._behaviours = [self._behaviour(place) for place in range(len(ROLES))]

    def emulator(self, links: dict[str, Path]) -> Emulator:
        """The emulator with a port for each role at `links`."""
        shared = TrueTime()
        return Emulator(
            {links[role]: self._board(place, shared) for place, role in enumerate(ROLES)}
        )

    def _board(self, place: int, shared: TrueTime) -> EmulatedBoard:
        if self.captures:
            return CapturedBoard(self.captures[place].capture)
        return EmulatedCyton(
            self.sources[place],
            self._behaviours[place],
            time.monotonic_ns() - round(SWITCHED_ON_S[place] * 1e9),
            # A recording begins with its first row on either board; people share their time.
            true_time=TrueTime() if self.replays else shared,
            rng=np.random.default_rng([self.seed, place]),
        )

    def sample_rate_hz(self, place: int) -> float:
        """The true rate of samples: with a Daisy it takes two packets to make one."""
        captured = captured_rate_hz(self.captures[place].capture) if self.captures else None
        return (captured or self.rates_hz[place]) / (2 if self._has_daisy(place) else 1)

    def labels(self, place: int) -> tuple[str, ...]:
        """Names of the channels that a board sends."""
        return (self.captures or self.sources)[place].labels

    def _has_daisy(self, place: int) -> bool:
        return len(self.labels(place)) > CHANNELS

    def _behaviour(self, place: int) -> Behaviour:
        role = ROLES[place]
        return Behaviour(
            rate_hz=self.rates_hz[place],
            radio_channel=RADIO_CHANNELS[place],
            d11_edges_s=train_edges_s(self.seed) if self.train else (),
            daisy=self._has_daisy(place),
            first_state=_one_of(FirstState, "state", role, self.states, FirstState.READY),
            firmware=_one_of(Version, "firmware", role, self.firmwares, Version.V3_1_2),
            burst_ms=self.burst_ms,
            faults=_faults(role, self.faults),
            chances=Chances(loss=self.loss),
        )


def train_edges_s(seed: int) -> tuple[float, ...]:
    """When pin D11 of both boards goes on, off, on and so on: one sync train for both."""
    edges, rise_s = [], 0.0
    for pulse in schedule(np.random.default_rng([seed, len(ROLES)])):
        rise_s += pulse.interval_s
        if rise_s > TRAIN_S:
            break
        edges += [rise_s, rise_s + pulse.width_s]
    return tuple(edges)


def true_course(seed: int, seconds: int) -> str:
    """What the synthetic people of `seed` do, second by second, as csv.

    Columns: seconds of true time; FAA of patient and therapist, ln(F4) - ln(F3) of alpha power;
    whether their alpha is coupled.
    """
    t_s = np.arange(seconds, dtype=np.float64)
    truth = SyntheticDyad(seed).truth(t_s)
    rows = zip(t_s, truth.faa_patient, truth.faa_therapist, truth.coupled, strict=True)
    lines = [
        f"{t:.0f},{patient:.4f},{therapist:.4f},{int(on)}" for t, patient, therapist, on in rows
    ]
    return "\n".join(["t_s,faa_patient,faa_therapist,coupled", *lines]) + "\n"


def _captures(plan: Plan) -> tuple[CapturedSource, ...]:
    """What is replayed, if that is captures; they are played as they are."""
    captured = [path for path in plan.replays if path.is_file() and is_capture(path)]
    if not captured:
        return ()
    if len(captured) != len(ROLES) or len(plan.replays) != len(ROLES):
        raise ValueError("give --replay twice: the patient's capture, then the therapist's")
    if any((plan.faults, plan.states, plan.firmwares, plan.loss, plan.burst_ms, plan.train)):
        raise ValueError("a capture is played as it is: without faults, states, firmware, train")
    names = _names(plan)
    of_patient, of_therapist = map(captured_source, captured)
    return (
        _renamed(captured[0], of_patient, names[:1]),
        _renamed(captured[1], of_therapist, names[-1:]),
    )


def _sources(plan: Plan) -> tuple[Source, Source]:
    replays, names = plan.replays, _names(plan)
    if not replays:
        dyad = SyntheticDyad(plan.seed, daisy=plan.daisy)
        patient, therapist = (
            SyntheticSource(dyad, person, rate_hz) for person, rate_hz in enumerate(plan.rates_hz)
        )
        return patient, therapist
    recordings = [read_recording(path) for path in replays]
    if len(recordings) == 1 and len(recordings[0].uv) == 1:
        raise ValueError(f"{replays[0]} holds one person: give --replay a second time")
    if len(recordings) > len(ROLES):
        raise ValueError("give --replay at most twice: the patient's file, then the therapist's")
    of_patient = _renamed(replays[0], recordings[0], names[:1])
    of_therapist = _renamed(replays[-1], recordings[-1], names[-1:])
    return _replay(of_patient, 0), _replay(of_therapist, 1)


def _names(plan: Plan) -> list[tuple[str, ...]]:
    """The labels that --channels gives: of nobody, of both people alike, or of each."""
    names = [tuple(label.strip() for label in text.split(",")) for text in plan.channels]
    if names and not plan.replays:
        raise WrongChannels("--channels names what --replay sends: give --replay too")
    if len(names) > len(ROLES):
        raise WrongChannels("give --channels once for both, or the patient's, then the therapist's")
    for labels in names:
        if len(set(labels)) < len(labels):
            raise WrongChannels("--channels: two channels have the same label")
        for label in labels:
            _require_label(label)
    return names


def _require_label(label: str) -> None:
    try:
        msgspec.convert(label, Label)
    except msgspec.ValidationError as error:
        text = f"--channels: {label!r} is no label; give such as F3,F4,Fz"
        raise WrongChannels(text) from error


def _renamed(path: Path, recording: Held, names: list[tuple[str, ...]]) -> Held:
    """The recording with the first of the names for its channels, if there are any."""
    held = len(recording.labels)
    labels = names[0] if names else recording.labels
    if len(labels) != held:
        raise WrongChannels(f"--channels names {len(labels)}, {path} holds {held} channels")
    return replace(recording, labels=labels)


def _replay(recording: Recording, place: int) -> ReplaySource:
    """The person at `place` where a file holds two people, else its only one."""
    return ReplaySource(recording, min(place, len(recording.uv) - 1))


def _faults(role: str, texts: tuple[str, ...]) -> tuple[ScriptedFault, ...]:
    return tuple(parse_fault(rest) for who, rest in map(_addressed, texts) if who == role)


def _one_of(
    known: type[Choice], what: str, role: str, texts: tuple[str, ...], usual: Choice
) -> Choice:
    """What is said last of this role, or what is usual."""
    said = [rest for who, rest in map(_addressed, texts) if who == role]
    try:
        return known(said[-1]) if said else usual
    except ValueError as error:
        raise ValueError(f"no such {what}: {said[-1]}; known: {', '.join(known)}") from error


def _addressed(text: str) -> tuple[str, str]:
    """`patient:10:stall:2` as role and rest."""
    role, _, rest = text.partition(":")
    if role not in ROLES or not rest:
        raise ValueError(f"{shlex.quote(text)}: begin with patient: or therapist:")
    return role, rest
