"""[patient] and [therapist]: the board that each of them wears."""

from typing import Annotated, Literal

import msgspec

from recorder.settings.values import Label

ROLES = ("patient", "therapist")
# Both frontal and parietal pairs, the midline and the occipital sites of the four indices in
# Fachner et al. 2019, with the second earlobe for re-referencing; SRB2 carries the first.
DEFAULT_CHANNELS = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")

BoardName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(cyton|brainflow:[A-Za-z0-9_]{1,60}|lsl:[^\n]{1,120})\Z",
        description="cyton, brainflow:NAME or lsl:STREAM",
    ),
]
ChannelKind = Literal["eeg", "ecg", "eog", "emg", "resp", "misc"]


class BoardSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
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
