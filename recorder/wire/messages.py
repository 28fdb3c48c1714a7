"""What travels over the control socket: requests, replies, and the pushes of each topic.

Plain values, so that the screen and scripts need nothing else of the recorder. A number that is not
known is null, never zero.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

TOPICS = ("status", "traces", "measures", "impedance")
TAPPING_S = 8.0  # so long both boards are listened to after `tap`
Level = Literal["ok", "warn"]


class Request(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a client may ask; fields that a verb does not use are left out.

    Verbs: `status`, `start`, `stop`, `mark`, `note`, `value`, `confirm`, `impedance`, `enough`,
    `tap`, `examine`, `subscribe`, `marks`, `withdraw`, `correct`, `begin`, `end`, `people`,
    `sessions`, `session`, `comment`, `interview`.

    `label` is what is marked, noted or commented, the name of an external series, the role whose
    board is measured or whose cap is tapped, or `same` or `exchanged`, which is what is confirmed
    of the two boards. With `session`, any part's id, `stop` stops that session and no other; it is
    also which one `session` tells of and `comment` is about. `ago_s` is how long ago it was what is
    marked or noted: a note is begun before it is sent, a mark may wait for the service. With
    `ask_first`, what looks as if it held a name is not written down, but asked about. `channels`
    are the labels of the electrodes that are measured; without any, all are; `enough` ends that
    after the present one.

    What has been marked: `marks` lists it, `begin` and `end` make an interval called `label` (`end`
    without one ends the newest), `withdraw` takes back, and `correct` puts right, the one whose
    `kind` and `mark`, its id, the list tells; `withdraw` without an id what was done last. With
    `correct`, `label` is what it is called now, and it was `earlier_s` earlier.

    `consent` is what both people have agreed to: `eeg`, `video`, `share`.
    `interview` is what one of the two, `by`, told afterwards of the moment `at_s` after the begin
    of the session: `label`.

    `practice` starts a session that is neither copied nor counted, of nobody where no codes are
    given; `passed` is what was amiss when it was started all the same, and why.
    """

    do: str
    id: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    label: str = ""
    patient: str = ""
    therapist: str = ""
    topics: tuple[str, ...] = ()
    value: float | None = None
    unit: Annotated[str, msgspec.Meta(max_length=32)] = ""
    interrupt: bool = False
    channels: tuple[str, ...] = ()
    consent: tuple[Literal["eeg", "video", "share"], ...] = ("eeg",)
    session: str = ""
    ago_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    ask_first: bool = False
    mark: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    kind: Literal["mark", "interval"] = "mark"
    earlier_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    by: Literal["", "patient", "therapist"] = ""
    at_s: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 0.0
    practice: bool = False
    passed: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=500)], ...], msgspec.Meta(max_length=16)
    ] = ()


class Reply(msgspec.Struct, omit_defaults=True):
    """The one answer to one request; `code` is a sysexits number."""

    id: int
    ok: bool
    reply: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    code: int = 0


class Push(msgspec.Struct):
    """One message of a subscribed topic."""

    topic: str
    body: msgspec.Raw


class Noted(msgspec.Struct, omit_defaults=True):
    """The answer to `mark` and `note`: when it was, in seconds of the session.

    `warnings` are what the text looks as if it held, and should not: see recorder.privacy.names.
    `is_stored` is whether it is written down: not where `ask_first` was asked and there are any.
    """

    t_s: float
    label: str
    warnings: list[str] = []
    is_stored: bool = True


class Mark(msgspec.Struct, omit_defaults=True):
    """Something that was marked, in seconds of the session; `id` is unique within its kind.

    `end_s` is of an interval that is over; `source` what made it, "" a person at a key.
    """

    kind: Literal["mark", "interval"]
    id: int
    t_s: float
    label: str
    end_s: float | None = None
    source: str = ""

    @property
    def is_on(self) -> bool:
        """Whether it is an interval that has begun and not ended."""
        return self.kind == "interval" and self.end_s is None


class Marks(msgspec.Struct):
    """The newest of what was marked and not taken back, in time."""

    marks: list[Mark]


class Contact(msgspec.Struct):
    """One channel's contact: `state` is good, noisy, flat, railed or no data.

    `noise` is what makes it noisy: mains, muscle, movement or blinks. It is mains only where there
    are more than an electrode on skin picks up, whatever their share. `mains_uv` are the mains,
    peak to peak; `peak_to_peak_uv` is what is left without them.
    """

    label: str
    state: str
    mains_share: float | None = None
    peak_to_peak_uv: float | None = None
    noise: str = ""
    mains_uv: float | None = None


class Impedance(msgspec.Struct):
    """One electrode's contact in kilo-ohm, within ±`tolerance`; null when the input is railed.

    `verdict` is good, poor or bad.
    """

    role: str
    channel: int
    label: str
    kohm: float | None
    tolerance: float
    note: str
    verdict: str = ""


class Impedances(msgspec.Struct):
    """The contacts of one board."""

    contacts: list[Impedance]


class Tapped(msgspec.Struct):
    """The answer to `tap`: whose board was hit, "" where that is not clear; how often each was."""

    role: str
    taps: dict[str, int]


class Alarm(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something is wrong that people should know of; recorder/wire/wording.py says it in words.

    `kind` is a key of wording.ALARMS; `role` whose board, "" for what is nobody's; `of` which of
    several (a path of the trigger, a pair of channels); `numbers` by name, with their units in it;
    `detail` what a driver or the system said, in its own words; `since_ns` when it began, on the
    clock of the session (CLOCK_MONOTONIC). Two alarms of the same kind, role and `of` are one.
    """

    kind: str
    role: str = ""
    of: str = ""
    numbers: dict[str, float] = {}
    detail: str = ""
    since_ns: int = 0


class BoardStatus(msgspec.Struct):
    """One person's board; what is wrong with it is an alarm.

    `state` is closed, opening, streaming, stalled, lost, or held: back, and not known whose it is.
    `rate_ppm` is how far the measured rate is from the nominal one, `sigma_ms` the standard
    deviation of the samples' times, `relocks` how often the clock lost its line; `halves` counts
    samples of a Daisy of which one half is missing. `serial` and `radio_channel` are the dongle's;
    `on_for_s` is how long the board has been switched on, null while it does not tell. `fault` is
    which kind of thing keeps it from being used, "" when nothing does: a word of
    hardware.board_fault.FaultKind.
    """

    role: str
    state: str
    port: str
    kind: str
    firmware: str
    nominal_rate_hz: float | None
    rate_hz: float | None
    rate_sigma_hz: float | None
    sigma_ms: float | None
    samples: int
    lost: int
    late: int
    halves: int
    clean_share: float | None
    contacts: list[Contact]
    rate_ppm: float | None = None
    relocks: int = 0
    serial: str = ""
    radio_channel: int | None = None
    on_for_s: float | None = None
    fault: str = ""


class SessionStatus(msgspec.Struct):
    """The session being recorded. `elapsed_s` follows the data, `saved_s` the last commit.

    Both are of the part in `file`; `whole_s` is since the first part began, and goes on while a
    session waits for room. `practice`: it is neither copied nor counted.

    `missing_s` is for each role how much time is in gaps: of a board that is away at present, only
    once it is back, or the session has ended.
    """

    id: str
    file: str
    patient: str
    therapist: str
    elapsed_s: float
    saved_s: float
    markers: int
    last_marker: str
    missing_s: dict[str, float] = {}
    whole_s: float = 0.0
    practice: bool = False


class Started(SessionStatus):
    """The answer to `start`: the session that is recorded now.

    `started` is whether it was begun just now; else it is on already, of the people who were asked
    for, or nobody was named. `warnings` are what the codes look as if they held: see Noted.
    """

    started: bool = True
    warnings: list[str] = []


class TriggerStatus(msgspec.Struct):
    """The camera's trigger.

    `kind` is how this machine sees it, "" when it does not (settings/trigger.py). `rates_hz` are
    pulses a second of each path that saw one, over the last 10 s; `anchored` edges
    tied a board's clock to the host's, `tied` ones the two boards' to each other; `disagreement_ms`
    is by how much the therapist's clock is later than the patient's, where both saw the same edges.
    """

    rates_hz: dict[str, float] = {}
    anchored: int = 0
    tied: int = 0
    disagreement_ms: float | None = None
    fault: str = ""
    kind: str = ""

    def in_words(self, figure: Callable[[float, str], str] = format) -> str:
        """How often each path sees it, and by how much the boards differ; "" when none does.

        `figure` writes a number by a format.
        """
        paths = [f"{path} {figure(rate_hz, '.1f')}/s" for path, rate_hz in self.rates_hz.items()]
        if paths and self.disagreement_ms is not None:
            apart = figure(self.disagreement_ms, "+z.1f").replace("-", "−")
            paths.append(f"boards {apart} ms apart")
        return ", ".join(paths)


class Vital(msgspec.Struct, frozen=True):
    """One figure of the box's health: what was measured, how much it is, and whether that is well.

    `value` is null when this machine does not tell. `unit` is MiB, °C, s, or "" for a count and for
    yes (1) and no (0).
    """

    name: str
    value: float | None
    unit: str
    level: Level


class Status(msgspec.Struct):
    """Everything a screen or a script needs to know now.

    `state` is idle, recording, degraded (one person's data missing) or no data (both missing); or
    waiting for room: `session` is the part that was closed, and is resumed in another one.
    `unattended` is what the box waits for, or does, to record by itself; "off" when it does not.
    `unclean_stops` counts how often a service has died here in mid-session. `mains_hz` is which
    mains were found, 50 or 60; null in the first 10 s, and where neither stands out. `camera` is
    which kind this machine records, "" for none. `box` is what this machine is called, "" where it
    has no name.
    """

    state: str
    session: SessionStatus | None
    boards: list[BoardStatus]
    alarms: list[Alarm]
    disk_free_mib: float
    disk_hours: float
    version: str
    trigger: TriggerStatus = msgspec.field(default_factory=TriggerStatus)
    unclean_stops: int = 0
    health: list[Vital] = []
    unattended: str = "off"
    mains_hz: float | None = None
    camera: str = ""
    box: str = ""
    schema: str = "antiphon.status/2"


class Trace(msgspec.Struct):
    """New trace points of one person: pairs of minimum and maximum, one pair every `step_s`.

    `uv` holds one list a channel (2 values a step), microvolts around the channel's slow mean;
    null where samples are missing. `first_step` counts steps since the board's segment began, so
    that a screen can tell a gap from a pause.
    """

    role: str
    segment: int
    first_step: int
    step_s: float
    labels: list[str]
    uv: list[list[float | None]]


class Measure(msgspec.Struct):
    """One value of one series; null below half clean data, `why` then says the reason.

    `kind` is a synchrony measure such as plv, or an index of one brain: faa, parietal, fmtheta,
    occalpha, or one of these with _rel, less what it is at rest; `who` is patient, therapist or
    both; `where` the channels, e.g. F4-F3 (one person) or F3-F3 (patient's, therapist's). `error`
    is the standard error of an index. `percentile` is the place in this pair's own chance level,
    null while that is not yet known.
    """

    kind: str
    who: str
    where: str
    band: str
    value: float | None
    window_s: float
    clean_share: float
    percentile: float | None = None
    error: float | None = None
    why: str = ""


class Shift(msgspec.Struct):
    """A lasting change of one person's frontal asymmetry, seen as it happened: provisional.

    `t_s` is when it began, on the session's time; `direction` is up or down; `answer` says how the
    other person's asymmetry relates to it, "" until two minutes later.
    """

    who: str
    where: str
    t_s: float
    direction: str
    size: float
    answer: str = ""


class Measures(msgspec.Struct):
    """The newest value of each series, and the newest shifts, oldest first.

    `t_s` is the end of every window, on the session's time, and without a session since measuring
    began; a value belongs to the middle of its window, `window_s / 2` earlier. `measured_s` is how
    long it has been measured, in a session or not.
    """

    t_s: float
    values: list[Measure]
    shifts: list[Shift] = []
    measured_s: float = 0.0


class Course(msgspec.Struct):
    """How an asymmetry went, oldest first: `t_s` of the session, value, standard error if known."""

    who: str
    where: str
    points: list[tuple[float, float, float | None]]


class Recent(msgspec.Struct):
    """The answer to `recent`: the last minutes of each asymmetry; none without a session.

    `marks_s` is when something was marked in them and not taken back, or began, on session time.
    """

    asymmetry: list[Course]
    marks_s: list[float] = []
