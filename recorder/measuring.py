"""The measures of a box: begun when both boards are known, named for screens, told to the session.

Marks of the labels REST_BEGINS and REST_ENDS make a baseline of what lies between them.
"""

import math
from collections.abc import Iterator, Sequence

from recorder.config import ROLES
from recorder.messages import Measure, Measures, Shift
from recorder.pipeline import Pipeline
from recorder.sections import Measures as Section
from recorder.series import Choice, define
from recorder.shifts import Moment, Shifts
from recorder.store.rows import EventRow, MeasureRows, SeriesRow
from recorder.wearer import Wearer

REST_BEGINS = "baseline starts"
REST_ENDS = "baseline ends"
NO_BASELINE = "no baseline"
NOT_DEFINED = "does not vary"


def chosen(section: Section) -> Choice:
    """What the configuration asks for."""
    return Choice(
        kinds=section.kinds,
        pairs=section.pairs,
        every_pair=section.every_pair,
        asymmetry=section.asymmetry,
        linked_ears=section.linked_ears,
        delta=section.delta,
        peaks_hz=(section.patient_peak_hz or None, section.therapist_peak_hz or None),
    )


class Measuring:
    """What is measured of two wearers.

    Args:
        section: what the configuration asks for.
        wearers: the patient and the therapist.

    Attributes:
        pipeline: None until both boards are known.
    """

    def __init__(self, section: Section, wearers: tuple[Wearer, Wearer]) -> None:
        self.pipeline: Pipeline | None = None
        self._choice = chosen(section)
        self._wearers = wearers
        self._shifts: Shifts | None = None

    @property
    def definitions(self) -> tuple[SeriesRow, ...]:
        """Of every series; none before the measures have begun."""
        return () if self.pipeline is None else self.pipeline.definitions.rows

    def begin(self, now_ns: int, first_id: int) -> bool:
        """Begin to measure if that is possible now; whether it has begun just now.

        Args:
            now_ns: where the session grid begins.
            first_id: of the first series.
        """
        patient, therapist = (wearer.lane for wearer in self._wearers)
        if self.pipeline is not None or patient is None or therapist is None:
            return False
        for person, lane in enumerate((patient, therapist)):
            lane.filter = self._choice.band_filter(person, lane.rate_hz)
        mine, yours = (wearer.montage for wearer in self._wearers)
        filters = patient.filter, therapist.filter
        definitions = define(mine, yours, filters, choice=self._choice, first_id=first_id)
        self.pipeline = Pipeline((patient, therapist), definitions, now_ns)
        self._shifts = Shifts(definitions.people)
        return True

    def forget(self) -> None:
        """Begin anew with the next `begin`: no window, chance level or baseline stays."""
        self.pipeline = self._shifts = None

    def advance(self, now_ns: int) -> list[MeasureRows | EventRow] | None:
        """What the next hop gives to be stored; None when none is due."""
        if self.pipeline is None or self._shifts is None or not self.pipeline.advance(now_ns):
            return None
        values = [brain.values.value for brain in self.pipeline.brains]
        shifts = self._shifts.push(self.pipeline.index_centre_ns, values)
        return [*self.pipeline.values(), *shifts]

    def mark(self, now_ns: int, label: str) -> list[EventRow]:
        """A mark was made: it may begin or end a baseline; what there is to write down."""
        brains = () if self.pipeline is None else self.pipeline.brains
        if label == REST_BEGINS:
            for brain in brains:
                brain.begin_rest()
        if label != REST_ENDS:
            return []
        found = [(role, brain.end_rest()) for role, brain in zip(ROLES, brains, strict=False)]
        return [
            EventRow(now_ns, "baseline", f"{role}: of {rest.n.tolist()} windows of 10 s")
            for role, rest in found
            if rest is not None
        ]

    def named(self, batches: Sequence[MeasureRows], start_ns: int) -> Measures:
        """The newest values with their names, for screens and summaries.

        Args:
            batches: as `advance` gave them.
            start_ns: begin of the session.
        """
        if self.pipeline is None or self._shifts is None:
            raise ValueError("nothing has been measured yet")
        return Measures(
            t_s=(self.pipeline.end_ns - start_ns) * 1e-9,
            values=list(self._values(self.pipeline, batches)),
            shifts=[_told(moment, start_ns) for moment in self._shifts.moments],
        )

    def _values(self, pipeline: Pipeline, batches: Sequence[MeasureRows]) -> Iterator[Measure]:
        found = {
            series: (value, clean, percentile)
            for batch in batches
            for series, value, clean, percentile in zip(
                batch.series.tolist(),
                batch.value.tolist(),
                batch.clean.tolist(),
                batch.percentile.tolist(),
                strict=True,
            )
        }
        errors = pipeline.definitions.errors
        for row in pipeline.definitions.rows:
            if row.name.endswith("_se"):
                continue
            value, clean, percentile = found[row.id]
            error = found[errors[row.id]][0] if row.id in errors else math.nan
            yield Measure(
                kind=row.name,
                who=row.persons[0] if len(row.persons) == 1 else "both",
                where="-".join(row.channels),
                band=row.band,
                value=_known(value),
                window_s=row.window_s,
                clean_share=round(clean, 3),
                percentile=_known(percentile),
                error=_known(error),
                why="" if math.isfinite(value) else self._why(pipeline, row, clean),
            )

    def _why(self, pipeline: Pipeline, row: SeriesRow, clean: float) -> str:
        """Why there is no value."""
        persons = tuple(ROLES.index(role) for role in row.persons)
        places = self._places(row)
        reason = pipeline.absence(persons, places, clean)
        if reason is not None:
            return str(reason)
        return NO_BASELINE if row.name.endswith("_rel") else NOT_DEFINED

    def _places(self, row: SeriesRow) -> tuple[int, ...]:
        """Channel numbers of a row, of the one person or of each person one."""
        whose = row.persons * len(row.channels) if len(row.persons) == 1 else row.persons
        wearers = dict(zip(ROLES, self._wearers, strict=True))
        return tuple(
            wearers[role].montage.channels.index(label)
            for role, label in zip(whose, row.channels, strict=True)
        )


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
