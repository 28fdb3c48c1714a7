"""What spoils a recording although it goes on: a weak radio, a person of whom nothing is usable."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from hardware.board import BoardState, PacketTally
from recorder.recording.recorder import Recorder
from recorder.wire.messages import Alarm

RADIO_NS: Final = 10_000_000_000
LOSS: Final = 0.005  # of the packets: from there on deploy/README.md wants something done
LOSS_OVER: Final = 0.0025
# One stall may lose more than that at a time; a weak radio loses again and again.
OFTEN: Final = 3
USABLE: Final = 0.02  # less than that share of the window is nothing
UNUSABLE_NS: Final = 30_000_000_000
CAPS_OFF_NS: Final = 600_000_000_000


class Impairments:
    """Those of one recorder; to be asked about twice a second."""

    def __init__(self) -> None:
        self._radio = (_Radio(), _Radio())
        self._usable_ns: list[int | None] = [None, None]

    def alarms(self, recorder: Recorder) -> Iterator[Alarm]:
        """What is wrong now."""
        now_ns = recorder.now_ns
        for wearer, radio in zip(recorder.wearers, self._radio, strict=True):
            share = radio.lost_share(now_ns, wearer.board.tally)
            if share is not None and wearer.state is BoardState.STREAMING:
                yield Alarm("radio_loss", wearer.role, numbers={"percent": 100 * share})
        yield from self._unusable(recorder, now_ns)

    def _unusable(self, recorder: Recorder, now_ns: int) -> Iterator[Alarm]:
        for person in (0, 1):
            self._look(recorder, person, now_ns)
        since_ns = [now_ns if it is None else it for it in self._usable_ns]
        both_s = (now_ns - max(since_ns)) * 1e-9
        if now_ns - max(since_ns) >= CAPS_OFF_NS:
            yield Alarm("caps_off", numbers={"minutes": both_s / 60})
            return
        for wearer, begin_ns in zip(recorder.wearers, since_ns, strict=True):
            if now_ns - begin_ns >= UNUSABLE_NS:
                numbers = {"unusable_s": (now_ns - begin_ns) * 1e-9}
                yield Alarm("nothing_usable", wearer.role, numbers=numbers)

    def _look(self, recorder: Recorder, person: int, now_ns: int) -> None:
        """Remember when something of this person was usable last; None while it does not count."""
        wearer, share = recorder.wearers[person], recorder.clean_share(person)
        if recorder.session is None or not wearer.is_heard or share is None:
            self._usable_ns[person] = None
        elif share >= USABLE or self._usable_ns[person] is None:
            self._usable_ns[person] = now_ns


class _Radio:
    """How much of one board's packets is lost, over the last RADIO_NS."""

    def __init__(self) -> None:
        self._looks: deque[tuple[int, int, int]] = deque()  # when, samples, lost
        self._is_weak = False

    def lost_share(self, now_ns: int, tally: PacketTally) -> float | None:
        """The share that was lost, when it is too much; None when it is not, or not known yet."""
        looks = self._looks
        looks.append((now_ns, tally.samples, tally.lost))
        while len(looks) > 1 and looks[1][0] <= now_ns - RADIO_NS:
            looks.popleft()
        begin_ns, samples, lost = looks[0]
        came, gone = tally.samples - samples, tally.lost - lost
        share = gone / (came + gone) if came + gone > 0 else 0.0
        often = len({lost for _, _, lost in looks}) > OFTEN
        is_full = now_ns - begin_ns >= RADIO_NS
        self._is_weak = share > LOSS_OVER if self._is_weak else is_full and often and share > LOSS
        return share if self._is_weak else None
