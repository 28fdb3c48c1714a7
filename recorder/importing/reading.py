"""Which reader a file needs, and whose the people in it are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from recorder.importing.brought import Brought
from recorder.importing.channels import named, parted
from recorder.importing.edf import BDF_MAGIC, EDF_MAGIC, bring_edf
from recorder.importing.fif import bring_fif
from recorder.importing.text import bring_text
from recorder.importing.xdf import bring_xdf
from recorder.progress import Progress, no_progress
from recorder.settings.board import ROLES
from recorder.store.files import SUFFIX

XDF_MAGIC: Final = b"XDF:"
HEAD_BYTES: Final = 16
XDF_SUFFIXES: Final = (".xdf", ".xdfz")
EDF_SUFFIXES: Final = (".edf", ".bdf")
FIF_SUFFIXES: Final = (".fif", ".fif.gz")


def bring(path: Path, gain: float | None, progress: Progress = no_progress) -> list[Brought]:
    """What a file brings, of each person in it.

    Raises:
        FileNotFoundError: there is no such file.
        Failure: a library is missing.
        ValueError: it is none of the files that are read; the text says which and where.
    """
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    try:
        return _brought(path, gain, progress)
    except ValueError as error:
        text = str(error)
        raise ValueError(text if text.startswith(str(path)) else f"{path}: {text}") from error


def _brought(path: Path, gain: float | None, progress: Progress) -> list[Brought]:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    name = path.name.lower()
    if name.endswith(SUFFIX):
        raise ValueError("is a session already: antiphon show tells what is in it")
    if not (reader := _reader(name, head)):
        return bring_text(path, gain, progress)
    if gain is not None:
        raise ValueError("--gain is for text and SD cards; this file tells its own")
    found = reader(path)
    progress(1, 1)
    return found


def _reader(name: str, head: bytes) -> Callable[[Path], list[Brought]] | None:
    """That of a format with a library; None for text."""
    if head.startswith(XDF_MAGIC) or name.endswith(XDF_SUFFIXES):
        return bring_xdf
    if head.startswith((BDF_MAGIC, EDF_MAGIC)) or name.endswith(EDF_SUFFIXES):
        return bring_edf
    return bring_fif if name.endswith(FIF_SUFFIXES) else None


def both(
    brought: Sequence[Sequence[Brought]], names: Sequence[Sequence[str]]
) -> tuple[Brought, Brought]:
    """The patient's part and the therapist's, with the channels that were asked for.

    Args:
        brought: of each file.
        names: of the channels: none, of both, or of each.

    Raises:
        ValueError: who is who, or whose channels are whose, cannot be told.
    """
    if len(brought) == 1 and len(brought[0]) == 1:
        if len(names) != len(ROLES):
            raise ValueError(
                "one file of one person: give the therapist's, too, or --channels twice, the"
                " patient's channels of it and the therapist's"
            )
        patient, therapist = parted(brought[0][0], names)
        return patient, therapist
    first, second = _by_role(brought[0]) if len(brought) == 1 else _one_each(brought)
    if not names:
        return first, second
    return named(first, names[0]), named(second, names[-1])


def _one_each(brought: Sequence[Sequence[Brought]]) -> tuple[Brought, Brought]:
    for number, people in enumerate(brought, start=1):
        if len(people) != 1:
            told = ", ".join(it.name for it in people if it.name)
            raise ValueError(f"file {number} holds {len(people)} people ({told}): give it alone")
    return brought[0][0], brought[1][0]


def _by_role(people: Sequence[Brought]) -> tuple[Brought, Brought]:
    """By names that say the role; else the first is the patient."""
    mine = [[it for it in people if role in it.name.lower()] for role in ROLES]
    if all(len(it) == 1 for it in mine):
        return mine[0][0], mine[1][0]
    if len(people) != len(ROLES):
        told = ", ".join(it.name or "?" for it in people)
        text = f"{len(people)} people in it, and none called patient and therapist: {told}"
        raise ValueError(text)
    return people[0], people[1]
