"""The guided baseline: both rest with eyes closed, it counts down, and its end can be heard."""

from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from recorder.settings.board import ROLES
from recorder.settings.measures import REST_BEGINS, REST_ENDS
from tui.language import N_, _
from tui.wording import clock

# So many usable seconds of a person make a baseline that says something.
ENOUGH_S = 60.0
LOOK_S = 0.25
RINGS = 3  # one a second: it must be heard with eyes closed
KEYS_BEFORE = N_("Enter  they are ready     Esc  not now")
KEYS_DURING = N_("Esc  break it off")
KEYS_AFTER = N_("Enter  back")

Shares = Callable[[], Mapping[str, float | None]]
Mark = Callable[[str], Awaitable[bool]]


class BaselineScreen(ModalScreen[str]):
    """Guides through a baseline; gives "done", "broken off" once it has begun, or "".

    Usable seconds are how long it has lasted, each moment counted by the share of the last 10 s
    that was clean then.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on"),
        Binding("escape", "leave"),
        *(Binding(f"f{key}", f"app.mark_listed({key})") for key in range(1, 10)),
        Binding("space", "app.mark('')"),
    ]

    def __init__(
        self,
        seconds: float,
        shares: Shares,
        mark: Mark,
        ring: Callable[[], None],
        monotonic: Callable[[], float],
    ) -> None:
        """Last `seconds`; `shares` tells how much of each person is clean now."""
        super().__init__()
        self._seconds = seconds
        self._shares = shares
        self._mark = mark
        self._ring = ring
        self._monotonic = monotonic
        self._began_s: float | None = None
        self._looked_s = 0.0
        self._usable_s = dict.fromkeys(ROLES, 0.0)
        self._is_busy = self._is_over = False
        self._rung_s: list[float] = []

    def compose(self) -> ComposeResult:
        """What to do, the time that is left, how much of it is usable, the keys."""
        with Vertical(classes="dialog"):
            yield Label(_("Baseline"), classes="title")
            yield Label(_("Both sit still, eyes closed, jaw loose. No music, no talking."))
            lasts = _("It lasts {time}; its end can be heard.")
            yield Label(lasts.format(time=clock(self._seconds)), id="left")
            yield Label("", id="usable")
            yield Label(_(KEYS_BEFORE), id="keys", classes="keys")

    def on_mount(self) -> None:
        """Look at the clock."""
        self.set_interval(LOOK_S, self._look)

    async def action_go_on(self) -> None:
        """Begin; when it is over, leave."""
        if self._is_over:
            self.dismiss("done")
        elif self._began_s is None and not self._is_busy:
            self._is_busy = True
            if await self._mark(REST_BEGINS):
                self._began_s = self._looked_s = self._monotonic()
                self._say("keys", _(KEYS_DURING))
            self._is_busy = False

    def action_leave(self) -> None:
        """Leave; a baseline that has begun is broken off."""
        if not self._is_busy:
            has_begun = self._began_s is not None and not self._is_over
            self.dismiss("done" if self._is_over else "broken off" if has_begun else "")

    async def _look(self) -> None:
        now_s = self._monotonic()
        if self._is_over:
            self._ring_again(now_s)
        elif self._began_s is not None and not self._is_busy:
            self._count(now_s)
            left_s = self._began_s + self._seconds - now_s
            self._say("left", _("{time} left").format(time=clock(left_s + 0.999)))
            if left_s <= 0:
                await self._end(now_s)

    async def _end(self, now_s: float) -> None:
        self._is_busy = True
        if await self._mark(REST_ENDS):
            self._is_over = True
            self._say("left", _("It is over: eyes open."))
            self._say("usable", self._verdict())
            self._say("keys", _(KEYS_AFTER))
            self._ring_again(now_s)
        self._is_busy = False

    def _ring_again(self, now_s: float) -> None:
        if len(self._rung_s) < RINGS and (not self._rung_s or now_s - self._rung_s[-1] >= 1.0):
            self._rung_s.append(now_s)
            self._ring()

    def _count(self, now_s: float) -> None:
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        for role, share in self._shares().items():
            self._usable_s[role] += passed_s * (share or 0.0)
        self._say("usable", _("usable: {seconds}").format(seconds=self._told()))

    def _told(self) -> str:
        return ", ".join(f"{_(role)} {seconds:.0f} s" for role, seconds in self._usable_s.items())

    def _verdict(self) -> str:
        poor = [role for role, seconds in self._usable_s.items() if seconds < ENOUGH_S]
        if not poor:
            return _("Enough: {seconds} usable.").format(seconds=self._told())
        text = _("Too little of the {who}: {seconds} usable, {enough:.0f} s are enough.")
        who = _(" and ").join(_(role) for role in poor)
        return text.format(who=who, seconds=self._told(), enough=ENOUGH_S)

    def _say(self, where: str, text: str) -> None:
        self.query_one(f"#{where}", Label).update(text)
