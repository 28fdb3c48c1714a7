"""The contact of each electrode, and the one thing to do about it next."""

import math
from collections.abc import Iterator, Sequence
from statistics import median_low

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.wire.messages import Contact
from tui.patch import Patch
from tui.signs import CONTACT, QUIET, WARNING, sign
from tui.widgets.line import Line, Paragraph, Part

# Fewer channels than this may all be bad on their own; more of them share a cause.
TOGETHER = 3
ADVICE = {
    "railed": "part the hair, add gel, check the plug",
    "flat": "press it on, check the plug",
    "noisy": "sit still a moment, relax the jaw",
}
HUM_ADVICE = "mains hum, move cables and chargers away"
HUM_UV = 100.0  # peak to peak, ten times the EEG
ALL_BAD = "all channels bad: check the ear clip first"


class Contacts(Vertical):
    """Label, shape and letter of every channel, and a hint below."""

    def __init__(self, patch: Patch) -> None:
        super().__init__()
        self._channels = Line(patch, classes="channels")
        self._hint = Paragraph(classes="hint")
        self._contacts: Sequence[Contact] = ()

    def compose(self) -> ComposeResult:
        """The channels wrap into as many lines as they need."""
        yield self._channels
        yield self._hint

    def show(self, contacts: Sequence[Contact]) -> None:
        """Show every channel's contact; where no channel has data, the board's fault says why."""
        self._contacts = contacts
        self.display = any(contact.state != "no data" for contact in contacts)
        self._channels.show(*wrapped(contacts, self.size.width))
        self._hint.show(hint(contacts))

    def on_resize(self) -> None:
        """Wrap at the new width, once this layout is done: it would not see the lines change."""
        self.call_after_refresh(self._wrap)

    def _wrap(self) -> None:
        self._channels.show(*wrapped(self._contacts, self.size.width))


def wrapped(contacts: Sequence[Contact], width: int) -> Iterator[Part]:
    """Each channel as `F3●G`, in as many lines as it takes; a width of 0 is not known yet."""
    used = 0
    for contact in contacts:
        known = sign(CONTACT, contact.state)
        mark = f"{known.shape}{known.letter}"
        length = cell_len(contact.label) + cell_len(mark)
        if used:
            fits = not 0 < width < used + 1 + length
            yield " " if fits else "\n"
            used = used + 1 if fits else 0
        yield from (contact.label, (mark, known.style))
        used += length


def hint(contacts: Sequence[Contact]) -> Part:
    """What to do next, worst first: one thing at a time."""
    bad = [contact for contact in contacts if contact.state in ADVICE]
    if len(bad) == len(contacts) >= TOGETHER:
        return f"{WARNING} {ALL_BAD}", CONTACT["railed"].style
    for state, advice in ADVICE.items():
        channels = [contact for contact in bad if contact.state == state]
        if channels:
            return _advice(channels, advice), CONTACT[state].style
    good = sum(contact.state == "good" for contact in contacts)
    count = f"all {good}" if good == len(contacts) else f"{good} of {len(contacts)}"
    return f"{count} channels good{_hum(contacts)}", QUIET


def _hum(contacts: Sequence[Contact]) -> str:
    """How much mains is in the channels, where it is much: the traces do not show it."""
    known = [
        contact.peak_to_peak_uv * math.sqrt(contact.mains_share)
        for contact in contacts
        if contact.state == "good" and contact.peak_to_peak_uv and contact.mains_share
    ]
    hum_uv = median_low(known) if known else 0.0
    return f"; mains hum of {hum_uv:.0f} µV, not shown" if hum_uv >= HUM_UV else ""


def _advice(channels: Sequence[Contact], advice: str) -> str:
    state = CONTACT[channels[0].state].word
    if hum := [contact for contact in channels if contact.noise == "mains"]:
        channels, advice = hum, HUM_ADVICE
    names = " ".join(contact.label for contact in channels)
    return f"{WARNING} {names} {state}: {advice}"
