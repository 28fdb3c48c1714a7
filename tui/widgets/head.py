"""A head from above with its electrodes, nose up: where each is, and how its contact is."""

import re
from collections.abc import Sequence

from recorder.wire.messages import Contact
from tui.language import _
from tui.patch import Patch
from tui.signs import CONTACT, PLAIN, QUIET, sign
from tui.widgets.line import Line, Part

# Rows of the 10-10 system from the front to the back of the head.
ROWS = ("Fp", "AF", "F", "FC", "C", "CP", "P", "PO", "O")
SAME_ROW = {"FT": "FC", "T": "C", "TP": "CP", "A": "C", "M": "C", "I": "O"}
# The names of before.
RENAMED = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8", "A1": "T9", "A2": "T10", "M1": "T9"}
RENAMED |= {"M2": "T10"}
SITE = re.compile(r"(Fp|AF|FC|FT|F|TP|T|CP|C|PO|P|O|I)(z|\d{1,2})", re.IGNORECASE)
FARTHEST = 5
WIDTH, LEAST_WIDTH = 52, 36
# How far the outline is from the middle, in shares of its width.
OUTLINE = (0.5, 0.76, 0.9, 0.97, 1.0, 0.97, 0.9, 0.76, 0.5)

Cell = tuple[str, str]


class Head(Line):
    """One person's cap."""

    def __init__(self, role: str, patch: Patch) -> None:
        super().__init__(patch, classes="head")
        self._role = role
        self._contacts: Sequence[Contact] = ()

    def show_contacts(self, contacts: Sequence[Contact]) -> None:
        """Draw every site; what is on no place of a head stands below."""
        self._contacts = contacts
        width = min(max(self.size.width, LEAST_WIDTH), WIDTH)
        self.show(*drawing(self._role, contacts, width))

    def on_resize(self) -> None:
        """Draw it as wide as there is room."""
        super().on_resize()
        self.call_after_refresh(self.show_contacts, self._contacts)


def place_of(label: str) -> tuple[int, int] | None:
    """Row from the front, and steps to the right; None when it is no site of the 10-10 system."""
    found = SITE.fullmatch(RENAMED.get(label.upper(), label))
    if found is None:
        return None
    name = next(known for known in (*ROWS, *SAME_ROW) if known.lower() == found[1].lower())
    number = 0 if found[2].lower() == "z" else int(found[2])
    steps = (number + 1) // 2
    if steps > FARTHEST:
        return None
    return ROWS.index(SAME_ROW.get(name, name)), -steps if number % 2 else steps


def drawing(role: str, contacts: Sequence[Contact], width: int) -> list[Part]:
    """The head, `width` columns wide, in a row for each row of sites."""
    middle, step = width // 2, (width - 6) / (2 * FARTHEST)
    rows: list[dict[int, Cell]] = [{} for _ in ROWS]
    for row, share in enumerate(OUTLINE):
        reach = round(share * (middle - 1))
        rows[row] |= {middle - reach: ("·", QUIET), middle + reach: ("·", QUIET)}
    elsewhere: list[Part] = []
    for contact in contacts:
        known = sign(CONTACT, contact.state)
        place = place_of(contact.label)
        if place is None:
            elsewhere += [f"  {contact.label}", (known.shape, known.style)]
            continue
        text = contact.label + known.shape
        begin = round(middle + place[1] * step - len(text) / 2)
        begin = min(max(begin, 0), width - len(text))
        for at in range(begin, begin + len(text)):
            style = known.style if at == begin + len(text) - 1 else PLAIN
            rows[place[0]][at] = text[at - begin], style
    name = _(role).upper()
    parts: list[Part] = [
        (name, f"bold {PLAIN}"),
        ("/\\".rjust(middle - len(name) + 1), QUIET),
    ]
    for cells in rows:
        parts += ["\n", *(cells.get(at, (" ", QUIET)) for at in range(width))]
    return [*parts, "\n", *elsewhere]
