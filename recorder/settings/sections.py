"""The sections of antiphon.toml, as values; recorder/settings/file.py reads and writes the file."""

from operator import itemgetter
from typing import Annotated, Literal

import msgspec

# Both frontal and parietal pairs, the midline and the occipital sites of the four indices in
# Fachner et al. 2019, with the second earlobe for re-referencing; SRB2 carries the first.
DEFAULT_CHANNELS = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")

Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,16}\Z")]
BoardName = Annotated[
    str, msgspec.Meta(pattern=r"^(cyton|brainflow:[A-Za-z0-9_]{1,60}|lsl:[^\n]{1,120})\Z")
]
Label = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9'_+-]{1,16}\Z")]
ChannelKind = Literal["eeg", "ecg", "eog", "emg", "resp", "misc"]
GpioChip = Annotated[str, msgspec.Meta(pattern=r"^/dev/[^\n]{1,100}\Z")]
# What can be searched for: hardware.lsl.description.predicate.
StreamName = Annotated[str, msgspec.Meta(pattern=r"^([^'\n]{0,119}[^'\n=])?\Z")]
Pixels = Annotated[int, msgspec.Meta(ge=16, le=8192)]

ScriptedEdge = tuple[Annotated[float, msgspec.Meta(ge=0)], Literal[0, 1]]

# Of an adult's alpha rhythm; 0 where it is not known.
MIN_PEAK_HZ = 6.0
PeakHz = Annotated[float, msgspec.Meta(ge=0, le=14)]
SynchronyKind = Literal["plv", "ccorr", "accorr", "coh", "imcoh", "wpli", "aec", "powcorr"]

MODEM_INPUTS = ("CTS", "DSR", "DCD")
MODEM_OUTPUTS = ("RTS", "DTR")


class Person(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One person's board: which it is, its port, its channels and what they are measured against.

    `board` is cyton, brainflow:NAME or lsl:STREAM (recorder/wearers/boards.py); `port` a path, or
    the USB serial number of a dongle. `kinds` says which channels are no EEG. `aux` is what a Cyton
    puts into its aux bytes. `parameters` are BrainFlowInputParams.
    """

    board: BoardName = "cyton"
    port: str = ""
    channels: tuple[Label, ...] = DEFAULT_CHANNELS
    kinds: dict[Label, ChannelKind] = {}
    reference: str = "SRB2"
    aux: Literal["digital", "accelerometer"] = "digital"
    parameters: dict[str, str | int] = {}

    def __post_init__(self) -> None:
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("channels: two channels have the same label")
        if unknown := sorted(set(self.kinds) - set(self.channels)):
            raise ValueError(f"kinds: no channel is labelled {unknown[0]}")

    def kind(self, label: str) -> str:
        """What a channel measures; eeg unless `kinds` says otherwise."""
        return self.kinds.get(label, "eeg")


class Measures(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is computed of the two; recorder/measures/series.py says how.

    The peaks are of each person's own alpha rhythm, 0 where it is not known.
    """

    kinds: tuple[SynchronyKind, ...] = ("plv", "accorr", "aec")
    every_pair: bool = False
    pairs: tuple[tuple[Label, Label], ...] = ()
    asymmetry: tuple[tuple[Label, Label], ...] = (("F3", "F4"), ("F7", "F8"))
    linked_ears: bool = False
    delta: bool = False
    patient_peak_hz: PeakHz = 0.0
    therapist_peak_hz: PeakHz = 0.0

    def __post_init__(self) -> None:
        for peak_hz in (self.patient_peak_hz, self.therapist_peak_hz):
            _require(peak_hz > 0, peak_hz >= MIN_PEAK_HZ, f"peak_hz: 0 or {MIN_PEAK_HZ:g} to 14")


class Trigger(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where the host sees the camera's trigger, and on which pin the boards do."""

    kind: Literal["", "gpio", "modem", "lsl", "script"] = ""
    chip: GpioChip = "/dev/gpiochip0"
    line: str = ""
    port: str = ""
    stream: StreamName = ""
    label: str = ""
    script: tuple[ScriptedEdge, ...] = ()
    active_low: bool = False
    pull: Literal["none", "up", "down"] = "none"
    debounce_ms: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0
    pin: Literal["", "D11", "D12"] = "D11"

    def __post_init__(self) -> None:
        _require(self.kind == "gpio", self.line, "line: which line of the GPIO chip?")
        _require(self.kind == "modem", self.port, "port: which serial port?")
        _require(self.kind == "modem", self.line in MODEM_INPUTS, _one_of(MODEM_INPUTS))
        _require(self.kind == "lsl", self.stream, "stream: which LSL stream of markers?")
        _require(self.kind == "script", self.script, "script: when does which edge come?")
        in_order = list(self.script) == sorted(self.script, key=itemgetter(0))
        _require(self.kind == "script", in_order, "script: not in the order of its seconds")


class Train(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where our own sync train is played while a session is recorded."""

    output: Literal["", "gpio", "modem"] = ""
    chip: GpioChip = "/dev/gpiochip0"
    line: str = ""
    port: str = ""
    active_low: bool = False

    def __post_init__(self) -> None:
        _require(self.output == "gpio", self.line, "line: which line of the GPIO chip?")
        _require(self.output == "modem", self.port, "port: which serial port?")
        _require(self.output == "modem", self.line in MODEM_OUTPUTS, _one_of(MODEM_OUTPUTS))


class Camera(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A camera that this machine records: pi (ribbon cable), usb, or whatever ffmpeg can read.

    With auto it is the first of these whose program is installed.
    """

    kind: Literal["", "auto", "pi", "usb", "ffmpeg"] = ""
    device: str = "/dev/video0"
    input: tuple[str, ...] = ()
    width: Pixels = 1280
    height: Pixels = 720
    rate_hz: Annotated[float, msgspec.Meta(ge=1, le=120)] = 25.0

    def __post_init__(self) -> None:
        _require(self.kind == "ffmpeg", "-i" in self.input, 'input: what follows ffmpeg, with "-i"')


class Lsl(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is served over LSL, what is taken from it, and how far it reaches."""

    outlets: bool = False
    markers: StreamName = ""
    series: tuple[StreamName, ...] = ()
    lan: bool = False
    session_id: Annotated[str, msgspec.Meta(pattern=r"^[^\n\r]{1,60}\Z")] = "default"


def _require(asked: bool, given: object, complaint: str) -> None:  # noqa: FBT001
    if asked and not given:
        raise ValueError(complaint)


def _one_of(lines: tuple[str, ...]) -> str:
    return f"line: one of {', '.join(lines)}"
