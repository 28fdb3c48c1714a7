"""Which mains hum here: listened to in both people's EEG, held against what is configured.

Until 10 s of a person have been heard, both mains are kept out of what is judged; then what was
found is, or, where neither stands out, what is configured. A box in another country than its
configuration says so, and measures all the same.
"""

import logging

from dsp.mains import FIRST_STRETCHES, HumMeter, MainsOpinion, shows_both
from recorder.wearers.wearer import Wearer

# A configured frequency this near to the one that was found does not contradict it.
SAME_HZ = 1.0

log = logging.getLogger("antiphon")


class Mains:
    """What is known of the mains.

    Args:
        configured_hz: what the configuration says.
        wearers: the patient and the therapist.

    Attributes:
        hz: what hums here, as far as is known.
        found_hz: 50 or 60; None before the first 10 s, and where neither stands out.
        alarm: how what was found contradicts the configuration; "" when it does not.
    """

    def __init__(self, configured_hz: float, wearers: tuple[Wearer, Wearer]) -> None:
        self.hz = configured_hz
        self.found_hz: float | None = None
        self.alarm = ""
        self._configured_hz = configured_hz
        self._wearers = wearers
        self._opinion = MainsOpinion()
        self._meters: list[HumMeter | None] = [None, None]
        self._sure = False

    def listen(self) -> str:
        """Hear what has come and let the lanes know; in a line what is new about the alarm."""
        for person, wearer in enumerate(self._wearers):
            self._hear(person, wearer)
        if self._sure:
            self._opinion.decide()
        news = self._hold_against_configuration()
        for wearer in self._wearers:
            if wearer.lane is not None:
                wearer.lane.expect_mains(self.hz, sure=self._sure)
        return news

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

    def _hold_against_configuration(self) -> str:
        found_hz, before = self._opinion.hz, self.alarm
        if found_hz is None or found_hz == self.found_hz:
            return ""
        self.found_hz = self.hz = found_hz
        self.alarm = contradiction(found_hz, self._configured_hz)
        if self.alarm:
            log.warning("%s", self.alarm)
            return self.alarm
        news = f"the mains here are {found_hz:g} Hz, as the configuration says" if before else ""
        if news:
            log.info("%s", news)
        return news


def contradiction(found_hz: float, configured_hz: float) -> str:
    """The alarm, in words; "" where the two agree."""
    if abs(found_hz - configured_hz) <= SAME_HZ:
        return ""
    return f"the mains here are {found_hz:g} Hz, the configuration says {configured_hz:g}"


def _eeg(wearer: Wearer) -> list[int]:
    """Another instrument on a channel may see a screen's 60 Hz and no mains."""
    labels = wearer.montage.channels
    return [place for place, label in enumerate(labels) if wearer.montage.kind(label) == "eeg"]
