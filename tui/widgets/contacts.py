"""The contact of each electrode, and the one thing to do about it next."""

from collections.abc import Iterator, Sequence
from statistics import median_low

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.wire.messages import Contact
from tui.language import N_, _
from tui.patch import Patch
from tui.signs import CONTACT, QUIET, WARNING, sign
from tui.widgets.line import Line, Paragraph, Part

# Fewer channels than this may all be bad on their own; more of them share a cause.
TOGETHER = 3
ADVICE = {
    "railed": N_("part the hair, add gel, check the plug"),
    "flat": N_("press it on, check the plug"),
    "noisy": N_("sit still a moment, relax the jaw"),
}
HUM_ADVICE = N_("mains hum, move cables and chargers away")
HUM_UV = 100.0  # peak to peak, ten times the EEG
ALL_BAD = N_("all channels bad: check the ear clip first")


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
        return f"{WARNING} {_(ALL_BAD)}", CONTACT["railed"].style
    for state, advice in ADVICE.items():
        channels = [contact for contact in bad if contact.state == state]
        if channels:
            return _advice(channels, advice), CONTACT[state].style
    good = sum(contact.state == "good" for contact in contacts)
    all_good, some = _("all {n} channels good"), _("{n} of {of} channels good")
    count = all_good if good == len(contacts) else some
    return count.format(n=good, of=len(contacts)) + _hum(contacts), QUIET


def _hum(contacts: Sequence[Contact]) -> str:
    """How much mains is in the channels, where it is much: the traces do not show it."""
    known = [it.mains_uv for it in contacts if it.state == "good" and it.mains_uv is not None]
    hum_uv = median_low(known) if known else 0.0
    text = _("; mains hum of {n:.0f} µV, not shown")
    return text.format(n=hum_uv) if hum_uv >= HUM_UV else ""


def _advice(channels: Sequence[Contact], advice: str) -> str:
    state = _(CONTACT[channels[0].state].word)
    if hum := [contact for contact in channels if contact.noise == "mains"]:
        channels, advice = hum, HUM_ADVICE
    names = " ".join(contact.label for contact in channels)
    return f"{WARNING} {names} {state}: {_(advice)}"
