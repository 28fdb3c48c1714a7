"""Which mains hum here: listened to in both people's EEG, held against what is configured.

Until 10 s of a person have been heard, both mains are kept out of what is judged; then what was
found is, or, where neither stands out, what is configured. A box in another country than its
configuration says so, and measures all the same.
"""

from collections.abc import Iterator

from dsp.mains import FIRST_STRETCHES, HumMeter, MainsOpinion, shows_both
from recorder.wearers.wearer import Wearer
from recorder.wire.messages import Alarm

# A configured frequency this near to the one that was found does not contradict it.
SAME_HZ = 1.0


class Mains:
    """What is known of the mains.

    Args:
        configured_hz: what the configuration says.
        wearers: the patient and the therapist.
    """

    def __init__(self, configured_hz: float, wearers: tuple[Wearer, Wearer]) -> None:
        self._configured_hz = configured_hz
        self._wearers = wearers
        self._opinion = MainsOpinion()
        self._meters: list[HumMeter | None] = [None, None]
        self._sure = False

    @property
    def found_hz(self) -> float | None:
        """50 or 60; None before the first 10 s, and where neither stands out."""
        return self._opinion.hz

    @property
    def hz(self) -> float:
        """What hums here, as far as is known."""
        return self._configured_hz if self.found_hz is None else self.found_hz

    def listen(self) -> None:
        """Hear what has come, and let the lanes know."""
        for person, wearer in enumerate(self._wearers):
            self._hear(person, wearer)
        if self._sure:
            self._opinion.decide()
        for wearer in self._wearers:
            if wearer.lane is not None:
                wearer.lane.expect_mains(self.hz, sure=self._sure)

    def alarms(self) -> Iterator[Alarm]:
        """That the configuration contradicts what was found."""
        found_hz = self.found_hz
        if found_hz is not None and abs(found_hz - self._configured_hz) > SAME_HZ:
            numbers = {"found_hz": found_hz, "configured_hz": self._configured_hz}
            yield Alarm("mains_differ", numbers=numbers)

    def _hear(self, person: int, wearer: Wearer) -> None:
        if wearer.lane is None:
            return
        meter = self._meters[person]
        if meter is None and shows_both(wearer.lane.rate_hz):
            meter = self._meters[person] = HumMeter(wearer.lane.rate_hz, _eeg(wearer))
        if meter is not None:
            for excess_db in meter.new_excesses(wearer.lane.ring, wearer.lane.segment):
                self._opinion.hear(excess_db)
            self._sure |= meter.heard >= FIRST_STRETCHES


def _eeg(wearer: Wearer) -> list[int]:
    """Another instrument on a channel may see a screen's 60 Hz and no mains."""
    labels = wearer.montage.channels
    return [place for place, label in enumerate(labels) if wearer.montage.kind(label) == "eeg"]
