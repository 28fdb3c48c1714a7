"""The contact of each electrode, and the one thing to do about it next."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.messages import Contact
from tui.patch import Patch
from tui.signs import CONTACT, QUIET, WARNING, sign
from tui.widgets.line import Line, Part
from tui.widgets.paragraph import Paragraph

# Above this share of mains hum in a channel's power, hum is what makes it noisy.
HUM_SHARE = 0.5
# Fewer channels than this may all be bad on their own; more of them share a cause.
TOGETHER = 3
ADVICE = {
    "railed": "part the hair, add paste, check the plug",
    "flat": "press it on, check the plug",
    "noisy": "sit still a moment, relax the jaw",
}
HUM_ADVICE = "mains hum, move cables and chargers away"
ALL_BAD = "all channels bad: check the reference and ground electrode first"


class Contacts(Vertical):
    """Label, shape and letter of every channel, and a hint below."""

    def __init__(self, patch: Patch) -> None:
        super().__init__()
        self._channels = Paragraph(classes="channels")
        self._hint = Line(patch, classes="hint")

    def compose(self) -> ComposeResult:
        """The channels wrap into as many lines as they need."""
        yield self._channels
        yield self._hint

    def show(self, contacts: Sequence[Contact]) -> None:
        """Show every channel's contact; where no channel has data, the board's fault says why."""
        self.display = any(contact.state != "no data" for contact in contacts)
        parts = [part for contact in contacts for part in _parts(contact)]
        self._channels.show(*parts)
        self._hint.show(hint(contacts))


def _parts(contact: Contact) -> tuple[Part, Part, Part]:
    """A channel as `F3●G`; the parts have no space to break at."""
    known = sign(CONTACT, contact.state)
    return contact.label, (f"{known.shape}{known.letter}", known.style), " "


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
    return f"{count} channels good", QUIET


def summary(contacts: Sequence[Contact]) -> str:
    """Which channels are not good, by name."""
    bad = [f"{contact.label} {contact.state}" for contact in contacts if contact.state != "good"]
    if not bad:
        return f"all {len(contacts)} channels good" if contacts else "no channel known"
    return f"{WARNING} {', '.join(bad)}"


def _advice(channels: Sequence[Contact], advice: str) -> str:
    state = channels[0].state
    hum = [contact for contact in channels if (contact.mains_share or 0) > HUM_SHARE]
    if state == "noisy" and hum:
        channels, advice = hum, HUM_ADVICE
    names = " ".join(contact.label for contact in channels)
    return f"{WARNING} {names} {state}: {advice}"
