"""Impedance while the service holds the boards: one pauses, is measured, and streams again.

Its stream begins a new segment then, in a session, too. Blocks: not for the event loop.
"""

from collections.abc import Callable, Collection

from hardware.board import BoardFault, FaultKind
from hardware.cyton.impedance import Impedance, measure_impedances
from recorder.store.rows import ImpedanceRow
from recorder.wearers.wearer import Wearer
from recorder.wire import messages


def measure(
    place: int,
    wearer: Wearer,
    monotonic_ns: Callable[[], int],
    labels: Collection[str] = (),
    tell: Callable[[messages.Impedance], None] = lambda contact: None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> tuple[list[ImpedanceRow], messages.Impedances]:
    """Measure the electrodes of the board at `place`; rows to store, and what to tell.

    Of `labels` only, where any are given; `tell` is told of each as soon as it is measured. When
    `is_wanted` says no, the rest is left.

    Raises:
        LookupError: no electrode of this board has such a label.
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
    channels = _numbers(wearer, labels)
    began_ns: list[int] = []

    def goes_on() -> bool:
        began_ns.append(monotonic_ns())
        return is_wanted()

    wearer.board.close()
    try:
        found = measure_impedances(
            info.port,
            wearer.montage.channels,
            channels=channels,
            goes_on=goes_on,
            told=lambda contact: tell(told_of(wearer.role, contact)),
            monotonic_ns=monotonic_ns,
        )
    finally:
        wearer.start()
    rows = [
        ImpedanceRow(t_ns, place, contact.channel - 1, contact.kohm)
        for t_ns, contact in zip(began_ns, found, strict=False)
    ]
    return rows, messages.Impedances([told_of(wearer.role, contact) for contact in found])


def _numbers(wearer: Wearer, labels: Collection[str]) -> list[int]:
    known = wearer.montage.channels
    if unknown := [label for label in labels if label not in known]:
        text = f"no electrode of the {wearer.role} is labelled {unknown[0]}; there are"
        raise LookupError(f"{text}: {', '.join(known)}")
    return [known.index(label) + 1 for label in labels]


def told_of(role: str, contact: Impedance) -> messages.Impedance:
    """What was measured of a person's electrode, as it is told."""
    return messages.Impedance(
        role=role,
        channel=contact.channel,
        label=contact.label,
        kohm=contact.kohm,
        tolerance=contact.tolerance,
        note=contact.note,
        verdict=contact.verdict,
    )
