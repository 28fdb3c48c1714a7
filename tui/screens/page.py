"""A page of the flow: the verdict above, something to read or do, one message, the keys below."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widget import Widget

from recorder.wire.messages import Status
from tui.language import N_, _
from tui.patch import Patch
from tui.signs import PLAIN, QUIET, WARN, WARNING
from tui.verdict import Verdict
from tui.widgets.headline import Headline
from tui.widgets.keys import Keys
from tui.widgets.line import Line

EXPLORATORY = N_("exploratory, not a medical device")
# The AUTO_FOCUS of a page whose text may be longer than the screen.
SCROLLED = "#body"

MARGINS = 5  # of #body, and a bar to scroll it

Result = TypeVar("Result")


def message(text: str, *, is_grave: bool) -> tuple[str, str]:
    """A message in one line, with its style; what is grave has a shape, too."""
    line = text.replace("\n", " · ")
    return (f"{WARNING} {line}", f"bold {WARN}") if is_grave else (line, f"bold {PLAIN}")


@dataclass(frozen=True, slots=True)
class Seen:
    """How it stands, as each page is told twice a second and with each status.

    Attributes:
        status: the newest; None before there was any.
        verdict: whether it is recorded.
        is_lit: not in the dark half of a blink.
        reachable: whether the service answers.
        silent_s: for how long it has not been heard.
        now_s: by the screen's own clock.
    """

    status: Status | None
    verdict: Verdict
    is_lit: bool
    reachable: bool
    silent_s: float
    now_s: float


# What works on every page; it comes after a page's own keys.
EVERYWHERE: tuple[BindingType, ...] = (
    Binding("space,m,M", "app.mark('')", "mark", key_display="space"),
    *(Binding(f"{key}", f"app.mark_listed({key})", show=False) for key in range(1, 10)),
    Binding("t,T", "app.technician", "figures"),
    Binding("question_mark,f1", "app.help", "help", key_display="?"),
    Binding("q,Q", "app.leave", "leave"),
)


def name_keys(screen: Screen[Any]) -> None:
    """Have its last line name the keys in the language that is spoken."""
    keys = screen._bindings.key_to_bindings
    for key, bindings in keys.items():
        keys[key] = [_named(it) for it in bindings]


def _named(binding: Binding) -> Binding:
    shown = binding.key_display
    display = _(shown) if shown else None
    return replace(binding, description=_(binding.description), key_display=display)


class Page(Screen[Result]):
    """Shows what `show` is told; a page says what is on it with `body` and keeps it with `tell`.

    Attributes:
        patch: for the lines on it.
        seen: what it was told last.
    """

    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__(classes="page")
        name_keys(self)
        self.patch = Patch(self)
        self.seen: Seen | None = None
        self._headline = Headline(self.patch)
        self._said = Line(self.patch, id="said")

    def compose(self) -> ComposeResult:
        """The verdict is on every page."""
        yield self._headline
        with VerticalScroll(id="body", can_focus=self.AUTO_FOCUS == SCROLLED):
            yield from self.body()
        yield self._said
        yield Keys()

    @property
    def room(self) -> int:
        """Columns that its texts may take."""
        return self.app.size.width - MARGINS

    def body(self) -> list[Widget]:
        """What is between the verdict and the keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show what is known already; the message line begins with what holds for every page."""
        self._said.show((f" {_(EXPLORATORY)}", QUIET))
        if self.seen is not None:
            self.show(self.seen)

    def show(self, seen: Seen) -> None:
        """Show how it stands now."""
        self.seen = seen
        if not self._headline.is_attached:
            return  # it is about to come, or to go
        self._headline.judge(seen.verdict, is_lit=seen.is_lit)
        if seen.status is not None and seen.reachable:
            self._headline.show(seen.status)
        else:
            self._headline.forget()
        self.tell(seen)

    def tell(self, seen: Seen) -> None:
        """Bring what is on the page up to date."""

    def say(self, text: str, *, is_grave: bool = False) -> None:
        """Say `text` in the message line, until there is another."""
        words, style = message(text, is_grave=is_grave)
        self._said.show((f" {words}", style))
