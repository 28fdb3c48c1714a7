"""The technician's page: what the boards, the clocks, the disk and the service do, in figures."""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from recorder.wire.messages import Alarm, BoardStatus, Measures, Status, TriggerStatus
from recorder.wire.wording import in_words
from tui.language import N_, _, figure, filled, plural
from tui.screens.page import EVERYWHERE, SCROLLED, Page, Seen
from tui.signs import BOARD, PLAIN, QUIET, WARN, WARNING, sign
from tui.widgets.line import Paragraph, Part
from tui.wording import UNKNOWN, basis, clock, length, lost_share, number, share, signed, with_error

MINUTES = 10
KEPT_FAULTS = 30
KINDS = {"plv": "PLV", "accorr": "ACCorr", "aec": "AEC"}
CHANCE = N_("(62): percentile within own chance level")


class Ledger:
    """What the technician's page tells of the last while: loss by minute, faults as they came.

    Fixed in size; `take` is to be called with each status.
    """

    def __init__(self) -> None:
        self.faults: deque[tuple[float, Alarm]] = deque(maxlen=KEPT_FAULTS)
        self.measures: Measures | None = None
        self._standing: set[tuple[str, str, str]] = set()
        self._minutes: dict[str, deque[tuple[int, int, int]]] = {}

    def take(self, status: Status, now_s: float) -> None:
        """Count what was lost since, and note what is wrong now and was not before."""
        for board in status.boards:
            self._count(board, int(now_s // 60))
        standing = {(it.kind, it.role, it.of): it for it in status.alarms}
        self.faults += [(now_s, it) for key, it in standing.items() if key not in self._standing]
        self._standing = set(standing)

    def losses(self, role: str) -> list[float | None]:
        """The share that was lost in each of the last minutes, oldest first."""
        counts = [*self._minutes.get(role, ())]
        return [
            lost_share(lost - lost_before, samples - samples_before)
            for (_minute, samples_before, lost_before), (_now, samples, lost) in pairwise(counts)
        ]

    def _count(self, board: BoardStatus, minute: int) -> None:
        counts = self._minutes.setdefault(board.role, deque(maxlen=MINUTES + 1))
        now = (minute, board.samples, board.lost)
        if len(counts) > 1 and counts[-1][0] == minute:
            counts[-1] = now
        else:
            counts.append(now)


class TechnicianPage(Page[None]):
    """Everything else; the therapist needs none of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", key_display="Esc"),
        Binding("t,T", "dismiss(None)", show=False),
        *(it for it in EVERYWHERE if isinstance(it, Binding) and it.action != "app.technician"),
    ]

    AUTO_FOCUS = SCROLLED

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger
        self._text = Paragraph(id="figures")

    def body(self) -> list[Widget]:
        """One text, which can be scrolled."""
        return [self._text]

    def tell(self, seen: Seen) -> None:
        """All figures are of now; without a service there are none."""
        if seen.status is None or not seen.reachable:
            self._text.show((f"{_('no service answers: no figures')}\n", f"bold {WARN}"))
            return
        self._text.show(*_figures(seen.status, self._ledger, seen.now_s))


def _figures(status: Status, ledger: Ledger, now_s: float) -> Iterator[Part]:
    for board in status.boards:
        yield from _board(board, ledger.losses(board.role))
    yield from _service(status)
    yield from _measures(ledger.measures)
    yield f"\n{_('faults, the newest first')}\n", f"bold {PLAIN}"
    for since_s, alarm in reversed(ledger.faults):
        ago = _("{time} ago").format(time=length(now_s - since_s))
        yield f"{ago:>12}  {WARNING} {in_words(alarm, _, filled)}\n", WARN
    if not ledger.faults:
        yield f"{_('none since this screen was begun')}\n", QUIET


def _board(board: BoardStatus, losses: list[float | None]) -> Iterator[Part]:
    state = sign(BOARD, board.state)
    yield f"{_(board.role).upper()}  ", f"bold {PLAIN}"
    yield f"{state.shape} {_(state.word)}", state.style
    fault = f"  ({board.fault})" if board.fault else ""
    yield f"{fault}  {board.kind or UNKNOWN} {board.firmware}  {board.port}\n"
    channel = UNKNOWN if board.radio_channel is None else f"{board.radio_channel}"
    on_for = UNKNOWN if board.on_for_s is None else clock(board.on_for_s)
    serial = _("serial {serial}  radio channel {channel}  switched on for {time}")
    serial = serial.format(serial=board.serial or UNKNOWN, channel=channel, time=on_for)
    yield f"  {serial}\n"
    rate = f"{number(board.rate_hz, 3, 'Hz')} ±{number(board.rate_sigma_hz, 4)}"
    drift = "" if board.rate_ppm is None else f"  {signed(board.rate_ppm, 0)} ppm"
    again = f"  {_('re-locked {n} x').format(n=board.relocks)}" if board.relocks else ""
    clocked = _("rate {rate}  clock ±{error}")
    clocked = clocked.format(rate=rate + drift, error=number(board.sigma_ms, 2, "ms"))
    yield f"  {clocked}{again}\n"
    counts = _("{n} samples, lost {lost} ({share}), late {late}, halves {halves}").format(
        n=board.samples,
        lost=board.lost,
        share=share(lost_share(board.lost, board.samples)),
        late=board.late,
        halves=board.halves,
    )
    quality = _("signal quality {share}").format(share=share(board.clean_share))
    yield f"  {counts}, {quality}\n"
    minutes = " ".join(share(part) for part in losses) or UNKNOWN
    yield f"  {_('lost by minute: {shares}').format(shares=minutes)}\n", QUIET


def _service(status: Status) -> Iterator[Part]:
    yield f"\n{_('service')} ", f"bold {PLAIN}"
    mains = UNKNOWN if status.mains_hz is None else f"{status.mains_hz:g} Hz"
    box = f"{status.box}, " if status.box else ""
    stops = plural("{n} unclean stop", "{n} unclean stops", status.unclean_stops)
    about = _("antiphon {version}, {state}, unattended {unattended}, mains {mains}").format(
        version=status.version, state=status.state, unattended=status.unattended, mains=mains
    )
    yield f"{box}{about}, {stops}\n"
    disk = _("disk {mib:.0f} MiB, {hours:.1f} h left")
    yield filled(disk, {"mib": status.disk_free_mib, "hours": status.disk_hours})
    yield f"; {_trigger(status.trigger)}\n"
    if session := status.session:
        yield f"{_('file {path}').format(path=session.file)}\n", QUIET
        times = _("elapsed {elapsed:.1f} s, saved {saved:.1f} s")
        yield f"{filled(times, {'elapsed': session.elapsed_s, 'saved': session.saved_s})}\n"
    for vital in status.health:
        style = QUIET if vital.level == "ok" else f"bold {WARN}"
        value = (
            UNKNOWN if vital.value is None else f"{figure(vital.value, 'g')} {vital.unit}".rstrip()
        )
        yield f"{vital.name.replace('_', ' ')} {value}   ", style
    yield "\n"


def _trigger(trigger: TriggerStatus) -> str:
    seen = trigger.in_words(figure) or trigger.fault or _("no pulses")
    text = _("trigger {seen}, anchored {anchored}, tied {tied}")
    return text.format(seen=seen, anchored=trigger.anchored, tied=trigger.tied)


def _measures(measures: Measures | None) -> Iterator[Part]:
    both = [] if measures is None else [it for it in measures.values if it.who == "both"]
    one = [] if measures is None else [it for it in measures.values if it.who != "both"]
    if both or one:
        yield f"\n{_('measures')}\n", f"bold {PLAIN}"
    for it in one:
        yield f"  {it.kind} {_(it.who)} {it.where} {it.band} {with_error(it)}  {basis(it)}\n"
    for it in both:
        place = "" if it.percentile is None else f" ({it.percentile:.0f})"
        name = KINDS.get(it.kind, it.kind)
        yield f"  {name} {it.where} {it.band} {number(it.value, 2)}{place}  {basis(it)}\n"
    if any(it.percentile is not None for it in both):
        yield f"{_(CHANCE)}\n", QUIET
