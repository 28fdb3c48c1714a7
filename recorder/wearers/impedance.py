"""Impedance while the service holds the boards: one pauses, is measured, and streams again.

Its stream begins a new segment then, in a session, too. Blocks: not for the event loop.
"""

from collections.abc import Callable

from hardware.board import BoardFault, FaultKind
from hardware.cyton.impedance import Impedance, measure_impedances
from recorder.store.rows import ImpedanceRow
from recorder.wearers.wearer import Wearer
from recorder.wire import messages


def measure(
    place: int, wearer: Wearer, monotonic_ns: Callable[[], int]
) -> tuple[list[ImpedanceRow], messages.Impedances]:
    """Measure the electrodes of the board at `place`; rows to store, and what to tell.

    Raises:
        BoardFault: the board cannot measure impedance, or cannot be used. It is kept open all the
            same, as before.
    """
    info = wearer.board.info
    if info is None:
        text = f"the {wearer.role}'s board has not been found yet: antiphon status says why"
        raise BoardFault(FaultKind.MISSING, text)
    if not info.kind.startswith("cyton"):
        text = f"the {wearer.role}'s board cannot measure impedance: only a Cyton can"
        raise BoardFault(FaultKind.REFUSED, text)
    began_ns: list[int] = []
    wearer.board.close()
    try:
        found = measure_impedances(
            info.port,
            wearer.montage.channels,
            progress=lambda done, total: began_ns.append(monotonic_ns()),
            monotonic_ns=monotonic_ns,
        )
    finally:
        wearer.start()
    rows = [
        ImpedanceRow(t_ns, place, contact.channel - 1, contact.kohm)
        for t_ns, contact in zip(began_ns, found, strict=False)
    ]
    return rows, messages.Impedances([_told(wearer.role, contact) for contact in found])


def _told(role: str, contact: Impedance) -> messages.Impedance:
    return messages.Impedance(
        role=role,
        channel=contact.channel,
        label=contact.label,
        kohm=contact.kohm,
        tolerance=contact.tolerance,
        note=contact.note,
    )
