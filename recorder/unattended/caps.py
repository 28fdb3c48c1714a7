"""Whether caps are worn: the share of good contacts over the last seconds, with hysteresis.

A second of movement or chewing makes every contact noisy, so a cap counts as off only when almost
nothing was good for long; one that hangs in the air is railed, flat or full of mains. A cap with
its electrodes wet and touching each other may look worn: switch the board off.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from recorder.periods import Period
from recorder.wearers.wearer import Wearer

ON_SHARE = 0.5
OFF_SHARE = 0.2
LOOK_S = 1.0  # what Wearer.contacts() looks at
LOOKS = 10


@dataclass(frozen=True, slots=True)
class Caps:
    """Which of the two caps are on."""

    patient: bool
    therapist: bool

    @property
    def both(self) -> bool:
        """Two people can be recorded."""
        return self.patient and self.therapist

    @property
    def any(self) -> bool:
        """At least one person can."""
        return self.patient or self.therapist


class Cap:
    """One person's cap."""

    def __init__(self) -> None:
        self.is_on = False
        self._shares: deque[float] = deque(maxlen=LOOKS)

    def observe(self, good_share: float) -> None:
        """A second's share of good contacts, 0 to 1."""
        self._shares.append(good_share)
        mean = sum(self._shares) / LOOKS
        self.is_on = mean > OFF_SHARE if self.is_on else mean >= ON_SHARE


class CapWatch:
    """Both caps, looked at once a second."""

    def __init__(self) -> None:
        self._caps = (Cap(), Cap())
        self._look = Period(LOOK_S)

    def look(self, now_ns: int, wearers: Sequence[Wearer]) -> Caps:
        """The caps at `now_ns` (CLOCK_MONOTONIC); call it as often as you like."""
        if self._look.due(now_ns):
            for cap, wearer in zip(self._caps, wearers, strict=True):
                cap.observe(good_share(wearer))
        patient, therapist = self._caps
        return Caps(patient.is_on, therapist.is_on)


def good_share(wearer: Wearer) -> float:
    """Share of the EEG contacts that are good, 0 when there are none."""
    contacts = [one for one in wearer.contacts() if wearer.settings.kind(one.label) == "eeg"]
    return sum(one.state == "good" for one in contacts) / max(len(contacts), 1)
