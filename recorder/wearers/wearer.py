"""One person as the service sees them: a board, and once it has been opened, a lane."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from dsp.clock import ClockMemory
from hardware.board import Block, Board, BoardState, Event, FaultKind, StateChange
from recorder.settings.board import BoardSettings
from recorder.settings.measures import asymmetry_pairs
from recorder.settings.values import ConfigError
from recorder.wearers.lane import Lane
from recorder.wearers.signs import on_for_s
from recorder.wearers.traces import TraceThinner
from recorder.wire.messages import Alarm, BoardStatus, Contact

HELD = "held"  # the state of a board that streams, and nobody knows whose it is


class Wearer:
    """A person with a role, wearing the cap of one board.

    Attributes:
        recall: what is remembered of the clock of a board, by its serial number.
        gate: what may be taken of what the board says: see recorder/wearers/whose.py.
        held: whether nothing is taken of it, for nobody knows whose it is.
    """

    def __init__(self, role: str, settings: BoardSettings, board: Board, mains_hz: float) -> None:
        self.role = role
        self.settings = settings
        self.board = board
        self.state = BoardState.CLOSED  # as last told, so that it always goes with `fault`
        self.fault = ""
        self.fault_kind: FaultKind | None = None
        self.lane: Lane | None = None
        self.traces: TraceThinner | None = None
        self.recall: Callable[[str], ClockMemory | None] = lambda serial: None
        self.gate: Callable[[Sequence[Event]], list[Event]] = list
        self.held = False
        self._mains_hz = mains_hz
        self._newest: Block | None = None

    @property
    def montage(self) -> BoardSettings:
        """The settings with the channels that the board really has, once that is known."""
        info = self.board.info
        channels = self.settings.channels[: info.channels] if info else self.settings.channels
        return msgspec.structs.replace(self.settings, channels=channels)

    def open(self) -> None:
        """Open the board, once.

        Raises:
            BoardFault: it cannot be used.
            ConfigError: there is no board of the name that is configured.
        """
        with _configured(self.role):
            self.board.open()

    def start(self) -> None:
        """Let the board stream; it is reopened by itself until it is closed. Raises ConfigError."""
        with _configured(self.role):
            self.board.start()

    def poll(self) -> list[Event]:
        """What the board has to say; its samples are in the lane when this returns."""
        events = self.gate(self.board.poll())
        self._meet()
        for event in events:
            if isinstance(event, StateChange):
                self.state, self.fault, self.fault_kind = event.state, event.fault, event.kind
            elif isinstance(event, Block) and self.lane is not None:
                self.lane.take(event)
                self._newest = event
        return events

    def alarms(self) -> Iterator[Alarm]:
        """What is wrong with this board, and with the montage for it."""
        if self.fault:
            yield Alarm("board", self.role, detail=self.fault)
        elif (tally := self.board.tally).crowded:
            numbers = {"packets": float(tally.strangers)}
            yield Alarm("radio_crowded", self.role, numbers=numbers)
        elif tally.taken:
            yield Alarm("packets_taken", self.role, detail=self.settings.port)
        info, named = self.board.info, self.settings.channels
        if info is None:
            return
        for it in info.shortcomings:
            yield Alarm(it.kind, self.role, of=it.of)
        if len(named) > info.channels:
            numbers = {"named": float(len(named)), "there": float(info.channels)}
            yield Alarm("montage_too_long", self.role, numbers=numbers)
        for pair in _split_pairs(self.montage.channels, info.channel_delay_s):
            yield Alarm("pair_split", self.role, of=pair)

    @property
    def is_heard(self) -> bool:
        """Whether the board streams, and is known to be this person's."""
        return self.state is BoardState.STREAMING and not self.held

    def contacts(self) -> list[Contact]:
        """Each channel's contact over the last second."""
        if self.lane is None or not self.is_heard:
            return [Contact(label, "no data") for label in self.montage.channels]
        quality = self.lane.quality()
        figures = zip(
            self.lane.labels,
            quality.state,
            quality.mains_share.tolist(),
            quality.peak_to_peak_uv.tolist(),
            quality.noise,
            quality.mains_uv.tolist(),
            strict=True,
        )
        return [
            Contact(label, str(state), _known(share), _known(rest_uv), noise, _known(mains_uv))
            for label, state, share, rest_uv, noise, mains_uv in figures
        ]

    def status(self, clean_share: float | None) -> BoardStatus:
        """For the screen and scripts."""
        info, tally = self.board.info, self.board.tally
        fit = self.lane.clock.fit if self.lane is not None else None
        return BoardStatus(
            role=self.role,
            state=HELD if self.held and self.state is BoardState.STREAMING else self.state.value,
            port=info.port if info else self.settings.port,
            kind=info.kind if info else "",
            firmware=info.firmware if info else "",
            nominal_rate_hz=info.rate_hz if info else None,
            rate_hz=fit.rate_hz if fit else None,
            rate_sigma_hz=_known(fit.rate_sigma_hz) if fit else None,
            rate_ppm=_known(1e6 * (fit.rate_hz / info.rate_hz - 1)) if fit and info else None,
            sigma_ms=fit.sigma_ns * 1e-6 if fit else None,
            relocks=self.lane.clock.relocks if self.lane else 0,
            samples=tally.samples,
            lost=tally.lost,
            late=tally.late,
            halves=tally.halves,
            clean_share=clean_share,
            contacts=self.contacts(),
            serial=info.serial if info else "",
            radio_channel=info.radio_channel if info else None,
            on_for_s=self._on_for_s(),
            fault=self.fault_kind or "",
        )

    def _on_for_s(self) -> float | None:
        """How long the board has been switched on; None while it does not stream, or tell."""
        if self.board.info is None or self._newest is None or not self.is_heard:
            return None
        return on_for_s(self._newest, self.board.info.aux_labels)

    def _meet(self) -> None:
        """Make the lane as soon as the board is known."""
        info = self.board.info
        if self.lane is None and info is not None:
            known = self.recall(info.serial)
            self.lane = Lane(info, self.montage.channels, self._mains_hz, known)
            self.traces = TraceThinner(self.role, self.lane, info.rate_hz)


@contextmanager
def _configured(role: str) -> Iterator[None]:
    """A board that does not know its own name has been given it by the configuration."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"[{role}] board: {error}") from error


def _split_pairs(labels: tuple[str, ...], delay_s: tuple[float, ...]) -> list[str]:
    """Pairs for the asymmetry whose channels are on different halves of the board."""
    if not delay_s:
        return []
    return [
        f"{labels[left]} and {labels[right]}"
        for left, right in asymmetry_pairs(labels)
        if delay_s[left] != delay_s[right]
    ]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
