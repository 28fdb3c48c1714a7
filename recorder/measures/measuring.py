"""The measures of a box: begun when both boards are known, named for screens, told to the session.

Marks of the labels REST_BEGINS and REST_ENDS make a baseline of what lies between them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from dsp.absence import Absence
from recorder.measures.brain import Brain
from recorder.measures.pipeline import Pipeline, Values
from recorder.measures.series import Definitions, bands_of, define, require_pairs
from recorder.measures.shifts import Moment, Shifts
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.measures import REST_BEGINS, REST_ENDS, Labels, MeasureSettings
from recorder.settings.values import ConfigError
from recorder.store.rows import EventRow, SeriesRow
from recorder.wearers.wearer import Wearer
from recorder.wire.messages import Measure, Measures, Shift


@dataclass(frozen=True, slots=True)
class _Shown:
    """A series as it is told to screens, by its place among the definitions.

    `error` is the place of its standard error, if it has one.
    """

    row: SeriesRow
    place: int
    error: int | None
    who: str
    where: str
    persons: tuple[int, ...]
    places: tuple[int, ...]


class Measuring:
    """What is measured of two wearers.

    Args:
        chosen: what the configuration asks for.
        wearers: the patient and the therapist.

    Attributes:
        pipeline: None until both boards are known.
        told: what the newest hop brought besides its values.

    Raises:
        ConfigError: a pair of channels is asked for that the configured montages do not have.
    """

    def __init__(self, chosen: MeasureSettings, wearers: tuple[Wearer, Wearer]) -> None:
        self.pipeline: Pipeline | None = None
        self.told: list[EventRow] = []
        self._chosen = chosen
        self._wearers = wearers
        self._shifts: Shifts | None = None
        self._began_ns = 0
        self._mains_hz = math.nan  # that are declared
        self._resting = False
        self._shown: list[_Shown] = []
        self._newest: Values | None = None
        self._told: Measures | None = None  # the newest, once somebody has asked
        try:
            require_pairs((wearers[0].settings, wearers[1].settings), chosen.pairs)
        except ValueError as error:
            raise ConfigError(f"[measures] pairs: {error}") from error

    @property
    def definitions(self) -> tuple[SeriesRow, ...]:
        """Of every series; none before the measures have begun."""
        return () if self.pipeline is None else self.pipeline.definitions.rows

    def begin(self, now_ns: int, first_id: int) -> bool:
        """Begin to measure if that is possible now, and anew where the mains turn out to be others.

        Returns whether it has begun just now. A stretch of rest that is under way stays so.

        Args:
            now_ns: where the session grid begins.
            first_id: of the first series.
        """
        patient, therapist = (wearer.lane for wearer in self._wearers)
        if patient is None or therapist is None:
            return False
        if self.pipeline is not None and self._mains_hz == patient.mains_hz:
            return False
        for person, lane in enumerate((patient, therapist)):
            lane.filter = bands_of(self._chosen, person, lane.rate_hz, lane.mains_hz)
        mine, yours = (wearer.montage for wearer in self._wearers)
        filters = patient.filter, therapist.filter
        pairs = _there(self._chosen.pairs, (mine, yours))
        chosen = msgspec.structs.replace(self._chosen, pairs=pairs)
        self._mains_hz = patient.mains_hz
        definitions = define(
            *(mine, yours, filters), chosen=chosen, mains_hz=self._mains_hz, first_id=first_id
        )
        self._shown = _shown(definitions, (mine, yours))
        self._take(None)
        self.pipeline = Pipeline((patient, therapist), definitions, now_ns)
        self._shifts, self._began_ns = Shifts(definitions.people), now_ns
        if self._resting:
            self._begin_rest()
        return True

    def forget(self) -> None:
        """Begin anew with the next `begin`: no window, chance level or baseline stays."""
        self.pipeline = self._shifts = None
        self._resting = False
        self._take(None)

    def advance(self, now_ns: int) -> Values | None:
        """The values of the next hop, and what there is to tell of them; None when none is due."""
        if self.pipeline is None or self._shifts is None or not self.pipeline.advance(now_ns):
            return None
        indices = [brain.values.value for brain in self.pipeline.brains]
        self.told = self._shifts.push(self.pipeline.index_centre_ns, indices)
        values = self.pipeline.values()
        self._take(values)
        return values

    def mark(self, now_ns: int, label: str) -> list[EventRow]:
        """A mark was made: it may begin or end a baseline; what there is to write down."""
        if label == REST_BEGINS:
            self._begin_rest()
        if label != REST_ENDS:
            return []
        self._resting = False
        found = [(role, brain.end_rest()) for role, brain in zip(ROLES, self._brains, strict=False)]
        return [
            EventRow(now_ns, "baseline", f"{role}: of {rest.n.tolist()} windows of 10 s")
            for role, rest in found
            if rest is not None
        ]

    def take_back(self, label: str) -> None:
        """A mark was taken back: what it has begun or ended as a baseline was none."""
        if label in (REST_BEGINS, REST_ENDS):
            self._resting = False
            for brain in self._brains:
                brain.forget_rest()

    def named(self, start_ns: int | None) -> Measures | None:
        """The newest values with their names, for screens and summaries; None before there are any.

        They are named when somebody asks: the same answer until there are newer ones.

        Args:
            start_ns: begin of the session; None without one.
        """
        pipeline, values, shifts = self.pipeline, self._newest, self._shifts
        if self._told is None and pipeline and values and shifts:
            begin_ns = self._began_ns if start_ns is None else start_ns
            self._told = Measures(
                t_s=(values.end_ns - begin_ns) * 1e-9,
                values=list(self._named(pipeline, values)),
                shifts=[_told(moment, begin_ns) for moment in shifts.moments],
                measured_s=(values.end_ns - self._began_ns) * 1e-9,
            )
        return self._told

    def _take(self, newest: Values | None) -> None:
        self._newest, self._told = newest, None

    @property
    def _brains(self) -> tuple[Brain, ...]:
        return () if self.pipeline is None else self.pipeline.brains

    def _begin_rest(self) -> None:
        self._resting = True
        for brain in self._brains:
            brain.begin_rest()

    def _named(self, pipeline: Pipeline, values: Values) -> Iterator[Measure]:
        value, clean = values.value.tolist(), values.clean.tolist()
        percentile = values.percentile.tolist()
        for one in self._shown:
            row, place = one.row, one.place
            yield Measure(
                kind=row.name,
                who=one.who,
                where=one.where,
                band=row.band,
                value=_known(value[place]),
                window_s=row.window_s,
                clean_share=round(clean[place], 3),
                percentile=_known(percentile[place]),
                error=None if one.error is None else _known(value[one.error]),
                why="" if math.isfinite(value[place]) else _why(pipeline, one, clean[place]),
            )


def _there(
    pairs: tuple[Labels, ...], montages: tuple[BoardSettings, BoardSettings]
) -> tuple[Labels, ...]:
    """The pairs of which the boards have both channels: a board may have fewer than named."""
    return tuple(
        pair
        for pair in pairs
        if all(label in one.channels for label, one in zip(pair, montages, strict=True))
    )


def _shown(definitions: Definitions, montages: tuple[BoardSettings, BoardSettings]) -> list[_Shown]:
    """What does not change from second to second."""
    places = {row.id: place for place, row in enumerate(definitions.rows)}
    errors = {one: places[error] for one, error in definitions.errors.items()}
    return [
        _Shown(
            row=row,
            place=place,
            error=errors.get(row.id),
            who=row.persons[0] if len(row.persons) == 1 else "both",
            where="-".join(row.channels),
            persons=tuple(ROLES.index(role) for role in row.persons),
            places=_places(row, montages),
        )
        for place, row in enumerate(definitions.rows)
        if not row.name.endswith("_se")
    ]


def _places(row: SeriesRow, montages: tuple[BoardSettings, BoardSettings]) -> tuple[int, ...]:
    """Channel numbers of a row, of the one person or of each person one."""
    whose = row.persons * len(row.channels) if len(row.persons) == 1 else row.persons
    by_role = dict(zip(ROLES, montages, strict=True))
    return tuple(
        by_role[role].channels.index(label) for role, label in zip(whose, row.channels, strict=True)
    )


def _why(pipeline: Pipeline, one: _Shown, clean: float) -> str:
    """Why there is no value."""
    reason = pipeline.absence(one.persons, one.places, clean)
    if reason is not None:
        return str(reason)
    if len(one.persons) == len(ROLES):
        mine, yours = one.places
        return str(pipeline.undefined(one.row.name, one.row.band, (mine, yours)))
    return str(Absence.NO_BASELINE if one.row.name.endswith("_rel") else Absence.STILL)


def _told(moment: Moment, start_ns: int) -> Shift:
    return Shift(
        who=ROLES[moment.person],
        where=moment.where,
        t_s=(moment.shift.t_ns - start_ns) * 1e-9,
        direction="up" if moment.shift.direction > 0 else "down",
        size=moment.shift.size,
        answer=moment.answer,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
