"""[unattended]: whether the box records by itself, and when."""

from typing import Annotated, Literal

import msgspec

from recorder.settings.values import Code
from recorder.settings.windows import parse


class UnattendedSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """[unattended]: whether the box records by itself, and when.

    `windows` are those of recorder/settings/windows.py. `split_minutes` 0 is never. `patient` and
    `therapist` are the codes of sessions that begin by themselves, `consent` what those people have
    agreed to.
    """

    mode: Literal["off", "caps", "window"] = "off"
    windows: tuple[str, ...] = ()
    start_after_s: Annotated[float, msgspec.Meta(ge=5, le=3600)] = 20.0
    stop_after_s: Annotated[float, msgspec.Meta(ge=10, le=86400)] = 300.0
    split_minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 60.0
    patient: Code = "P00"
    therapist: Code = "T00"
    consent: tuple[Literal["eeg", "video", "share"], ...] = ("eeg",)

    def __post_init__(self) -> None:
        for text in self.windows:
            parse(text)
        if self.mode == "window" and not self.windows:
            raise ValueError('windows: when? for instance ["Mon..Fri 09:00-17:00"]')
        if self.patient.casefold() == self.therapist.casefold():
            raise ValueError("therapist: has the patient's code: give each their own")
        if "eeg" not in self.consent:
            raise ValueError("consent: without consent to the EEG nothing is recorded")
