"""The EEG of two people who do not exist, with everything known about them.

Both are functions of true time alone: boards of different rates sample the same two people, and a
block of samples does not depend on how it is cut. Each person has

    alpha      a narrow band of sinusoids, 9-11 Hz, on all channels; its balance between F4 and F3
               follows a script, so the frontal asymmetry is known at every instant
    the rest   1/f background, blinks, 50 Hz hum, electrode offsets with a slow drift

With a Daisy they wear eight more electrodes, and the first eight are as they are without it.

In coupled stretches the alpha of both is one process, which the therapist carries `lag_s` after
the patient; otherwise the two are independent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.emulated.source import PacketRun, to_counts

DYAD_LABELS = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")
DAISY_LABELS = (*DYAD_LABELS, "Fp1", "Fp2", "F7", "F8", "C3", "C4", "T7", "T8")
PATIENT, THERAPIST = 0, 1

Floats = NDArray[np.float64]

_ALPHA_UV = np.array([8, 8, 7, 12, 12, 16, 16, 0.3, 5, 5, 7, 7, 8, 8, 6, 6])  # RMS per channel
_ALPHA_HZ = (9.0, 11.0)
_ALPHA_LINES = 32
# An asymmetry of x needs amplitudes apart by exp(x / 2): half of that up in F4, half down in F3;
# and so in F8 and F7.
_FAA_SHARE = np.array([-1, 1, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0]) / 4
_FAA_SWING = np.array([0.4, 0.2])
_FAA_PERIODS_S = (np.array([97.0, 41.0]), np.array([83.0, 53.0]))
_COUPLING_RAMP_S = 1.0
STEP_S = 2.0

_BACKGROUND_UV = np.array([6.0, 6, 6, 6, 6, 6, 6, 3, 6, 6, 6, 6, 6, 6, 6, 6])
_BACKGROUND_BAND_HZ = (0.5, 60.0)
_TABLE_HZ = 500.0
_TABLE_ROWS = (65_536, 75_000)  # unlike lengths: the two never repeat together

_BLINK_UV = np.array([90.0, 90, 75, 9, 9, 3, 3, 5, 150, 150, 60, 60, 20, 20, 10, 10])
_BLINK_SLOT_S, _BLINK_S = 5.0, 0.3
_BLINKS = 256

_MAINS_HZ, _MAINS_UV = 50.0, 2.0
_OFFSET_UV = 20_000.0
_DRIFT_UV, _DRIFT_PERIOD_S = 150.0, 180.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is so at n instants; `lag_s` is the therapist's alpha behind the patient's."""

    faa_patient: Floats
    faa_therapist: Floats
    coupled: NDArray[np.bool_]
    lag_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """A person's FAA goes up by `size` around `at_s`, within STEP_S, and stays so for `for_s`."""

    person: int
    at_s: float
    size: float
    for_s: float

    @property
    def span_s(self) -> tuple[float, float]:
        """The middles of its going up and of its going down again."""
        return self.at_s, self.at_s + self.for_s


@dataclass(frozen=True, slots=True)
class Course:
    """What the asymmetry of both does: waves by itself, and steps.

    Attributes:
        swing: how high its waves are, as a share of what is usual.
        steps: beside them.
    """

    swing: float = 1.0
    steps: tuple[Step, ...] = ()


USUAL = Course()


class SyntheticDyad:
    """Two people as functions of true time.

    Args:
        seed: the same seed, the same two people.
        coupled_s: how long they are coupled, from t = 0 on, ...
        uncoupled_s: ... and how long not, alternately.
        lag_s: the therapist's alpha behind the patient's while they are coupled.
        daisy: whether they wear DAISY_LABELS, not DYAD_LABELS.
        course: of their asymmetry.

    Attributes:
        labels: of the channels.

    Raises:
        ValueError: a stretch is negative, or both are 0.
    """

    def __init__(
        self,
        seed: int,
        *,
        coupled_s: float = 60.0,
        uncoupled_s: float = 60.0,
        lag_s: float = 0.015,
        daisy: bool = False,
        course: Course = USUAL,
    ) -> None:
        if min(coupled_s, uncoupled_s) < 0 or coupled_s + uncoupled_s == 0:
            raise ValueError(f"stretches of {coupled_s} s and {uncoupled_s} s make no sequence")
        self.labels = DAISY_LABELS if daisy else DYAD_LABELS
        rng = np.random.default_rng(seed)
        self._coupled_s = coupled_s
        self._period_s = coupled_s + uncoupled_s
        self._lag_s = lag_s
        self._shared_alpha = _Rhythm(rng)
        self._people = tuple(_Person(rng, person, course) for person in (PATIENT, THERAPIST))
        if daisy:
            for person, body in enumerate(self._people):
                body.wear_daisy(np.random.default_rng([seed, person]))

    def uv(self, person: int, t_s: Floats) -> Floats:
        """Return what the electrodes of one person show.

        Args:
            person: PATIENT or THERAPIST.
            t_s: (n,) true time in seconds.

        Returns:
            (n, 8) or (n, 16) microvolts, channels as `labels`.
        """
        body, channels = self._people[person], len(self.labels)
        alpha = self._alpha(person, t_s)
        balance = np.exp(body.faa(t_s)[:, None] * _FAA_SHARE[:channels])
        shown = alpha[:, None] * balance * _ALPHA_UV[:channels]
        return np.asarray(shown + body.everything_else_uv(t_s))

    def truth(self, t_s: Floats) -> Truth:
        """Return what is so at the instants t_s (n,), in seconds of true time."""
        patient, therapist = (body.faa(t_s) for body in self._people)
        coupled = np.mod(t_s, self._period_s) < self._coupled_s
        return Truth(patient, therapist, coupled, self._lag_s)

    def _alpha(self, person: int, t_s: Floats) -> Floats:
        """Return (n,) alpha of unit power: shared, the person's own, or a cross-fade of both."""
        shared = self._shared_alpha.at(t_s - self._lag_s * (person == THERAPIST))
        own = self._people[person].alpha.at(t_s)
        weight = self._coupling(t_s)
        return np.sqrt(weight) * shared + np.sqrt(1 - weight) * own

    def _coupling(self, t_s: Floats) -> Floats:
        """Return (n,) the share of the shared process: 1 while coupled, 0 while not."""
        if self._coupled_s == self._period_s:
            return np.ones(len(t_s))
        since = np.mod(t_s, self._period_s)
        until_edge = np.minimum(since, self._coupled_s - since)
        return np.clip(until_edge / _COUPLING_RAMP_S, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class SyntheticSource:
    """One of the two people as a board of this rate samples them (a `Source`)."""

    dyad: SyntheticDyad
    person: int
    rate_hz: float

    @property
    def labels(self) -> tuple[str, ...]:
        """DYAD_LABELS, or DAISY_LABELS with a Daisy: no channel is empty."""
        return self.dyad.labels

    def packets(self, first: int, n: int) -> PacketRun:
        """Return rows first to first + n - 1; a row is its own counter."""
        counters = np.arange(first, first + n, dtype=np.int64)
        return counters, to_counts(self.dyad.uv(self.person, counters / self.rate_hz))

    def first_at(self, counter: int) -> int:
        """Return the row of this sample."""
        return counter


class _Person:
    """What one person does not share with the other."""

    def __init__(self, rng: np.random.Generator, person: int, course: Course) -> None:
        n = len(DYAD_LABELS)
        self.alpha = _Rhythm(rng)
        self._faa_hz = 1 / _FAA_PERIODS_S[person]
        self._faa_phase = rng.random(len(_FAA_SWING))
        self._faa_swing = _FAA_SWING * course.swing
        self._steps = [step for step in course.steps if step.person == person]
        self._background: Floats = _pink_table(rng, _TABLE_ROWS[person]) * _BACKGROUND_UV[:n]
        self._blink_at_s = rng.uniform(0.0, _BLINK_SLOT_S - _BLINK_S, _BLINKS)
        self._blink_size = rng.uniform(0.7, 1.3, _BLINKS)
        self._offset_uv = rng.uniform(-_OFFSET_UV, _OFFSET_UV, n)
        self._drift_phase = rng.random(n)
        self._mains_phase = rng.random(n)

    def wear_daisy(self, rng: np.random.Generator) -> None:
        """Wear the electrodes of a Daisy as well, made with a generator of their own."""
        worn, n = len(DYAD_LABELS), len(DAISY_LABELS) - len(DYAD_LABELS)
        background = _pink_table(rng, len(self._background)) * _BACKGROUND_UV[worn:]
        self._background = np.hstack([self._background, background])
        self._offset_uv = np.append(self._offset_uv, rng.uniform(-_OFFSET_UV, _OFFSET_UV, n))
        self._drift_phase = np.append(self._drift_phase, rng.random(n))
        self._mains_phase = np.append(self._mains_phase, rng.random(n))

    def faa(self, t_s: Floats) -> Floats:
        """Return (n,) the scripted ln P(F4) - ln P(F3) of alpha, within +-0.6 but for steps."""
        waves = _sine(t_s[:, None] * self._faa_hz + self._faa_phase)
        faa = np.asarray((waves * self._faa_swing).sum(axis=1))
        for step in self._steps:
            up, down = (np.clip((t_s - at_s) / STEP_S + 0.5, 0.0, 1.0) for at_s in step.span_s)
            faa += step.size * (up - down)
        return faa

    def everything_else_uv(self, t_s: Floats) -> Floats:
        """Return (n, electrodes) what they show besides alpha."""
        drift: Floats = _sine(t_s[:, None] / _DRIFT_PERIOD_S + self._drift_phase) * _DRIFT_UV
        hum = _sine(t_s[:, None] * _MAINS_HZ + self._mains_phase) * _MAINS_UV
        return self._background_uv(t_s) + self._blinks_uv(t_s) + hum + drift + self._offset_uv

    def _background_uv(self, t_s: Floats) -> Floats:
        """Interpolate the table, which repeats."""
        row, rest = np.divmod(t_s * _TABLE_HZ, 1.0)
        here = row.astype(np.int64) % len(self._background)
        after = (here + 1) % len(self._background)
        weight: Floats = rest[:, None]
        return self._background[here] * (1 - weight) + self._background[after] * weight

    def _blinks_uv(self, t_s: Floats) -> Floats:
        """One blink in each slot of 5 s, at its own place and of its own size."""
        slot, since_slot = np.divmod(t_s, _BLINK_SLOT_S)
        blink = slot.astype(np.int64) % _BLINKS
        done = np.clip((since_slot - self._blink_at_s[blink]) / _BLINK_S, 0.0, 1.0)
        lid = (0.5 - 0.5 * np.cos(2 * np.pi * done)) * self._blink_size[blink]
        return np.asarray(lid[:, None] * _BLINK_UV[: len(self._offset_uv)])


class _Rhythm:
    """A narrow band of alpha as a sum of sinusoids at random frequencies and phases."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._hz = rng.uniform(*_ALPHA_HZ, _ALPHA_LINES)
        self._phase = rng.random(_ALPHA_LINES)

    def at(self, t_s: Floats) -> Floats:
        """Return (n,) its value, of unit mean square."""
        lines = _sine(t_s[:, None] * self._hz + self._phase)
        return np.asarray(lines.sum(axis=1) * np.sqrt(2 / _ALPHA_LINES))


def _sine(cycles: Floats) -> Floats:
    """Return the sine of an angle in cycles; whole cycles are taken off while they are exact."""
    return np.asarray(np.sin(2 * np.pi * (cycles - np.floor(cycles))))


def _pink_table(rng: np.random.Generator, rows: int) -> Floats:
    """Return (rows, 8) 1/f noise of unit RMS; neighbours share some, as through one skull."""
    hz = np.fft.rfftfreq(rows, 1 / _TABLE_HZ)[:, None]
    low_hz, high_hz = _BACKGROUND_BAND_HZ
    shape = np.where((hz >= low_hz) & (hz <= high_hz), 1 / np.sqrt(np.maximum(hz, low_hz)), 0.0)
    own_and_common = rng.standard_normal((2, len(hz), len(DYAD_LABELS) + 1))
    noise = np.fft.irfft((own_and_common[0] + 1j * own_and_common[1]) * shape, rows, axis=0)
    mixed = 0.8 * noise[:, :-1] + 0.6 * noise[:, -1:]
    return np.asarray(mixed / mixed.std(axis=0))
