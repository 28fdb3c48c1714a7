"""Who is who: whether a board that was away and is back is still the one of the same person.

A Cyton says nothing of who it is. While its dongle stays in its port, or the other one does, there
is no doubt, nor where the dongles' serial numbers differ. Else both were away at once, and may have
been exchanged: until it is known whose board is back, nothing of it is taken, neither samples nor
measures. What signs do not settle (signs.py) is for people: `confirm`.

If they were exchanged, each board moves to the other's port.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import hypot
from pathlib import Path

from hardware.board import (
    NO_DEVICE,
    Block,
    BoardInfo,
    Device,
    Event,
    Gap,
    GapCause,
    StateChange,
)
from hardware.keeper import device_behind
from recorder.wearers.signs import Answer, Known, Trial, born_ms, sign
from recorder.wearers.wearer import Wearer
from recorder.wire.messages import Alarm

ALARM = "who_is_who"
LEARNT_EVERY_NS = 1_000_000_000
# What is known of the arrivals' floor on a busy host: over its first seconds no rate is certain.
FLOOR_KNOWN_S = 1e-3


@dataclass(slots=True)
class _Person:
    """One of the two: what is known of the board, and what is held back of it.

    Attributes:
        known: None before the board has been heard for the first time.
        begun: what the board was when its newest segment began, for it may be another by now.
        segment: the newest; of it, nothing before `from_index` is taken.
        trial: while it is not known whose board it is.
        leaves: its port, while it is on its way to the other: its trial says nothing any more.
        expected: what is behind that port.
        since: the gap that led to the doubt; it is told at once.
        told: a gap that is told otherwise.
        owed: gaps that are still to be told.
        learnt_ns: when something was learnt of the board last.
    """

    wearer: Wearer
    known: Known | None = None
    begun: BoardInfo | None = None
    segment: int = -1
    from_index: int = 0
    trial: Trial | None = None
    leaves: str = ""
    expected: Device | None = None
    since: Gap | None = None
    told: Gap | None = None
    owed: list[Event] = field(default_factory=list)
    learnt_ns: int = 0

    @property
    def info(self) -> BoardInfo:
        info = self.begun or self.wearer.board.info
        if info is None:
            raise RuntimeError(f"the {self.wearer.role}'s board sends, and was never opened")
        return info

    @property
    def port(self) -> str:
        """Where the dongle is, or was: by its socket, where that is known."""
        info = self.begun or self.wearer.board.info
        return self.wearer.settings.port if info is None else info.place or info.port

    @property
    def has_left(self) -> bool:
        """Whether its newest segment is of another port than it was to leave."""
        return self.leaves not in (self.info.port, self.info.place)


class Whose:
    """Stands between the boards and all that takes their samples.

    Args:
        wearers: the two people; what their boards say goes through here.
        device_now: what is behind a port now.
    """

    def __init__(
        self,
        wearers: tuple[Wearer, Wearer],
        device_now: Callable[[str], Device | None] = device_behind,
    ) -> None:
        self._people = (_Person(wearers[0]), _Person(wearers[1]))
        self._device_now = device_now
        for place, wearer in enumerate(wearers):
            wearer.gate = self._gate(place)

    @property
    def is_asked(self) -> bool:
        """Whether somebody has to say who is who."""
        return any(person.trial is not None and not person.leaves for person in self._people)

    def remember(self, known: Sequence[Known]) -> None:
        """What an earlier service knew of both boards; they have not been heard yet."""
        for person, it in zip(self._people, known, strict=True):
            person.known = it

    def confirm(self, answer: Answer) -> None:
        """A person has said who is who.

        Raises:
            LookupError: nobody was asked.
        """
        if not self.is_asked:
            raise LookupError("it is known whose the boards are: there is nothing to confirm")
        self._settle(answer)
        self._show()

    def alarms(self) -> Iterator[Alarm]:
        """The question, and which board was tapped just now; dongles that are alike."""
        if self.is_asked:
            tapped = [it.wearer.role for it in self._people if it.trial and it.trial.is_tapped]
            yield Alarm(ALARM, detail=" and ".join(tapped) or "none")
        infos = [person.wearer.board.info for person in self._people]
        nameless = [it for it in infos if it is not None and _is_nameless(it.port, it.place)]
        if len(nameless) == len(infos) and len({it.serial for it in nameless}) == 1:
            yield Alarm("dongles_alike")

    def _gate(self, place: int) -> Callable[[Sequence[Event]], list[Event]]:
        person, other = self._people[place], self._people[1 - place]
        return lambda events: self._sift(person, other, events)

    def _sift(self, person: _Person, other: _Person, events: Sequence[Event]) -> list[Event]:
        """Return what of these events may be taken as this person's."""
        taken: list[Event] = []
        for event in events:
            if isinstance(event, StateChange):
                taken.append(event)
                continue
            if event.segment > person.segment:
                self._begin(person, other, event)
            self._try(person, other, event)
            taken += _what_is_owed(person)
            if person.trial is not None:
                person.trial.drop(event)
            elif event is not person.told and _is_taken(person, event):
                taken.append(event)
                _learn(person, event)
        taken += _what_is_owed(person)
        self._show()
        return taken

    def _begin(self, person: _Person, other: _Person, event: Block | Gap) -> None:
        """A segment begins: the board has been opened, maybe after it was away."""
        person.segment, person.from_index = event.segment, 0
        person.begun = person.wearer.board.info_of(event.segment)
        before = event if isinstance(event, Gap) and not event.count else None
        is_on_its_way = person.leaves and not person.has_left  # opened once more where it was
        if not is_on_its_way and self._is_certain(person, other):
            _accept_from_start(person, before)
            return
        if person.since is None and before is not None:
            person.since = before
            person.owed.append(before)
        if not is_on_its_way:
            person.leaves = ""
            person.trial = Trial(person.info, before)

    def _is_certain(self, person: _Person, other: _Person) -> bool:
        """Whether there is no doubt from the start."""
        known, theirs, info = person.known, other.known, person.info
        if known is None or info.device == NO_DEVICE:
            return True
        if info.device is not None and info.device in (known.device, person.expected):
            return True
        if theirs is not None and known.serial != theirs.serial:
            return info.serial != theirs.serial
        if theirs is None or other.trial is not None or info.device == theirs.device:
            return False
        return theirs.device is not None and self._device_now(theirs.port) == theirs.device

    def _try(self, person: _Person, other: _Person, event: Block | Gap) -> None:
        """See whether what came settles the doubt."""
        if person.trial is None or person.leaves or isinstance(event, Gap):
            return
        if self._is_certain(person, other):  # by now: the other one has been found
            _accept_from_now(person)
            return
        person.trial.look(event)
        pairs = ((person, other), (other, person))
        answers = {
            sign(one.trial, one.known, two.known)
            for one, two in pairs
            if one.trial is not None and one.known is not None and not one.leaves
        }
        if len(answers - {None}) == 1:
            self._settle((answers - {None}).pop())

    def _settle(self, answer: Answer | None) -> None:
        """It is known who is who."""
        if answer is Answer.EXCHANGED:
            self._exchange()
            return
        for person in self._people:
            if person.trial is not None and not person.leaves:
                _accept_from_now(person)

    def _exchange(self) -> None:
        """Let each board be opened at the other's port."""
        ports = [person.port for person in self._people]
        devices = [None if it.trial is None else it.trial.info.device for it in self._people]
        for person, leaves, to, device in zip(
            self._people, ports, ports[::-1], devices[::-1], strict=True
        ):
            person.wearer.board.move(to)
            person.expected, person.leaves = device, leaves
            person.trial = person.trial or Trial(person.info, None)
            if person.known is not None:
                person.known.device = None

    def _show(self) -> None:
        for person in self._people:
            person.wearer.held = person.trial is not None


def _is_nameless(port: str, place: str) -> bool:
    """Whether it has its name from the order in which the kernel found it."""
    return not place and Path(port).name.startswith(("ttyUSB", "ttyACM"))


def _is_taken(person: _Person, event: Block | Gap) -> bool:
    """Whether it does not belong to what was held back before."""
    return event.segment < person.segment or event.first_index >= person.from_index


def _what_is_owed(person: _Person) -> list[Event]:
    owed, person.owed = person.owed, []
    return owed


def _accept_from_start(person: _Person, before: Gap | None) -> None:
    """The board of the segment that begins is this person's; one before it may not have been."""
    since, was_held = person.since, person.trial is not None
    _accept(person)
    if was_held and since is not None and before is not None:
        person.owed.append(_time_lost(person, since.end_ns, before.end_ns))
        person.told = before


def _accept_from_now(person: _Person) -> None:
    """The board of this segment is this person's, and was when it began."""
    since, trial = person.since, person.trial
    _accept(person)
    if trial is None:
        return
    if since is not None and trial.before is not since:
        person.owed.append(_time_lost(person, since.end_ns, trial.first_ns))
    if trial.end:
        lost = _time_lost(person, trial.first_ns, trial.newest_ns)
        person.owed.append(replace(lost, count=trial.end))
        person.from_index = trial.end


def _accept(person: _Person) -> None:
    """What is at this port now is this person's board."""
    person.trial = person.since = person.expected = person.told = None
    person.leaves = ""
    info = person.info
    known = person.known or Known(info.serial, info.port)
    person.known = replace(
        known, serial=info.serial, port=info.port, device=info.device, place=info.place
    )


def _time_lost(person: _Person, begin_ns: int, end_ns: int) -> Gap:
    return Gap(person.segment, 0, 0, GapCause.UNCONFIRMED, begin_ns, end_ns)


def _learn(person: _Person, event: Block | Gap) -> None:
    """Once a second, see what the board may be known by later."""
    known = person.known
    if known is None or isinstance(event, Gap) or event.late:
        return
    known.heard_ns = int(event.arrival_ns[-1])
    if event.is_backlog or known.heard_ns - person.learnt_ns < LEARNT_EVERY_NS:
        return
    person.learnt_ns = known.heard_ns
    known.born_ms = born_ms(event, person.info.aux_labels) or known.born_ms
    fit = None if person.wearer.lane is None else person.wearer.lane.clock.fit
    if fit is not None and not fit.provisional:
        age_s = fit.index / fit.rate_hz
        known.rate = fit.rate_hz, hypot(fit.rate_sigma_hz, fit.rate_hz * FLOOR_KNOWN_S / age_s)
