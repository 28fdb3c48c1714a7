"""Not ready: what has to be done before anything can be recorded, step by step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from recorder.settings.board import ROLES
from recorder.wire.messages import BoardStatus, Status
from tui.her_words import remedy
from tui.language import N_, _
from tui.screens.page import EVERYWHERE, Page, Seen
from tui.signs import BAD, PLAIN, QUIET, WARN, WELL
from tui.widgets.line import Paragraph, Part
from tui.wording import beside, length

# A service that is restarted is back by then.
NO_BREAK = "\xa0"  # a number is read from one line
CALL_AFTER_S = 60.0
TITLE = N_("Not ready yet")
STARTING = N_("The recorder is starting ({length}). Wait a moment.")
CALL = N_("The recorder does not start, since {length}. Call the technician{telephone}.")
THERE = N_("The {who}'s board is ready.")
NO_ROOM = N_("There is no room on the disk. Call the technician.")
NEXT = N_("It goes on by itself when all of this is done.")
NO_START = N_("Nothing can be recorded before that.")


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done, or done."""

    text: str
    is_done: bool


class ReadyPage(Page[None]):
    """`telephone` is whom to call, "" when that is not known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g,G", "app.go_without", "go without this board"),
        Binding("w,W", "app.confirm", "who is who"),
        Binding("o,O", "app.history", "sessions"),
        Binding("v,V", "app.traces", "traces"),
        *EVERYWHERE,
    ]

    def __init__(self, telephone: str) -> None:
        super().__init__()
        self._telephone = telephone
        self._steps = Paragraph(id="steps")

    def body(self) -> list[Widget]:
        """The steps."""
        return [self._steps]

    def tell(self, seen: Seen) -> None:
        """Each step with its number; what is done is quiet."""
        if not seen.reachable or seen.status is None:
            self._steps.show(*self._no_service(seen))
            return
        self._steps.show(
            (f"{_(TITLE)}\n\n", f"bold {PLAIN}"), *_numbered(steps(seen.status), self.room)
        )

    def _no_service(self, seen: Seen) -> Iterator[Part]:
        known, is_long = length(seen.silent_s), seen.silent_s >= CALL_AFTER_S
        whole = self._telephone.replace(" ", NO_BREAK)
        telephone = f": {whole}" if whole else ""
        text = _(CALL if is_long else STARTING).format(length=known, telephone=telephone)
        yield f"{_(TITLE)}\n\n", f"bold {PLAIN}"
        yield f"{beside('1  ○ ', text, self.room)}\n\n", f"bold {BAD if is_long else WARN}"
        yield _(NO_START), QUIET


def is_ready(status: Status) -> bool:
    """Whether a session could be started, and both people would be in it."""
    return all(step.is_done for step in steps(status))


def steps(status: Status) -> Sequence[Step]:
    """What has to be done, or is."""
    boards = {board.role: board for board in status.boards}
    found = [_board_step(role, boards.get(role)) for role in ROLES]
    if any(alarm.kind in ("disk_full", "waiting_for_room") for alarm in status.alarms):
        found.append(Step(_(NO_ROOM), is_done=False))
    return found


def _board_step(role: str, board: BoardStatus | None) -> Step:
    if text := remedy(role, board):
        return Step(text.replace(_(role), _(role).upper()), is_done=False)
    return Step(_(THERE).format(who=_(role)), is_done=True)


def _numbered(found: Sequence[Step], room: int) -> Iterator[Part]:
    for number, step in enumerate(found, start=1):
        if step.is_done:
            yield f"{beside(f'{number}  ● ', step.text, room)}\n\n", WELL
        else:
            text = beside(f"{number}  ○ ", step.text, room)
            yield f"{text}\n     {_('waiting ...')}\n\n", f"bold {WARN}"
    yield f"{_(NO_START)} {_(NEXT)}", QUIET
