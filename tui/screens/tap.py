"""The tap test: the patient's cap is tapped, and both are listened to. Which cap is whose?"""

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from recorder.wire.messages import TAPPING_S, Tapped
from tui.language import N_, _, people
from tui.screens.page import EVERYWHERE, Page, Seen
from tui.signs import BAD, PLAIN, QUIET, WARN, WARNING, WELL
from tui.widgets.line import Paragraph, Part

ASKED = "patient"  # whose cap is to be tapped
LOOK_S = 0.2
TITLE = N_("Whose cap is whose?")
HOW = N_(
    "Tap on the {patient}'s cap with a finger, firmly, about once a second, while it counts.\n"
    "Nobody else moves. Enter begins."
)
NOW = N_("Tap the {patient}'s cap now:")
RIGHT = N_("The caps are right: the {patient} wears the {patient}'s.")
WRONG = N_(
    "The caps are exchanged: it was the {therapist}'s that was tapped.\n"
    "Exchange them. Where that cannot be, call the technician, or go on: it is asked why, and"
    " written down."
)
UNSURE = N_("Not sure. Both sit still; tap again, more firmly, once a second.")
AGAIN = N_("Enter tests again, Esc goes back.")


class TapPage(Page[None]):
    """Counts down while the service listens; `tell_result` is what that has heard."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "app.tap", "begin", key_display="Enter"),
        Binding("escape", "dismiss(None)", "back", key_display="Esc"),
        *EVERYWHERE,
    ]

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._text = Paragraph(id="steps")
        self._began_s: float | None = None
        self._outcome: list[Part] = []

    @property
    def is_listening(self) -> bool:
        """Whether it counts down."""
        return self._began_s is not None

    def body(self) -> list[Widget]:
        """What to do, and what came of it."""
        return [self._text]

    def on_mount(self) -> None:
        """Count."""
        super().on_mount()
        self._draw()
        self.set_interval(LOOK_S, self._draw)

    def tell(self, seen: Seen) -> None:
        """Nothing of the status is on it."""

    def listen(self) -> None:
        """It begins."""
        self._began_s = self._monotonic()
        self._draw()

    def tell_result(self, tapped: Tapped) -> None:
        """It is over."""
        self._end(_result(tapped))

    def fail(self, why: str) -> None:
        """It could not be done."""
        self._end((f"{WARNING} {why}", f"bold {WARN}"))

    def _end(self, outcome: Part) -> None:
        self._began_s = None
        self._outcome = [outcome, (f"\n\n{_(AGAIN)}", QUIET)]
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted:
            self._text.show((f"{_(TITLE)}\n\n", f"bold {PLAIN}"), *self._lines())

    def _lines(self) -> Iterator[Part]:
        if self._began_s is not None:
            left_s = max(0.0, self._began_s + TAPPING_S - self._monotonic())
            yield f"{people(NOW)} {int(left_s + 0.999)}", f"bold {PLAIN}"
        elif self._outcome:
            yield from self._outcome
        else:
            yield people(HOW), PLAIN


def _result(tapped: Tapped) -> Part:
    if not tapped.role:
        return f"{WARNING} {_(UNSURE)}", f"bold {WARN}"
    if tapped.role == ASKED:
        return f"● {people(RIGHT)}", WELL
    return f"✕ {people(WRONG)}", f"bold {BAD}"


def doubt_of(tapped: Tapped | None, *, is_wanted: bool) -> list[str]:
    """Why a session that is started after that would be worth less; nobody need test."""
    role = "" if tapped is None else tapped.role
    if role not in ("", ASKED):
        return [_("The tap test found the caps exchanged")]
    return [_("It was not tested whose cap is whose (c)")] if is_wanted and not role else []
