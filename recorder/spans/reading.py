"""A file of another program, by what its name ends with."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from recorder.spans.boris import read_boris
from recorder.spans.elan import read_elan
from recorder.spans.span import Found
from recorder.spans.subtitles import read_srt, read_vtt
from recorder.spans.table import read_table
from recorder.spans.textgrid import read_textgrid

Reader = Callable[[str], Found]
ELAN, BORIS, TABLES = ".eaf", ".boris", (".csv", ".tsv", ".txt")
READERS: dict[str, Reader] = {
    ELAN: read_elan,
    BORIS: read_boris,
    **dict.fromkeys(TABLES, read_table),
    ".vtt": read_vtt,
    ".srt": read_srt,
    ".textgrid": read_textgrid,
}
LARGEST_BYTES = 64 << 20
NOTHING = "there is nothing in it"
# How a text says by its first bytes what it is written in; the longer ones first.
MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def read(path: Path, observation: str = "") -> Found:
    """What a file holds; `observation` says which one of a project of BORIS.

    Raises:
        ValueError: it is not what its name says, or holds nothing.
        OSError: it cannot be read.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path.name}: files are known that end with: {' '.join(READERS)}")
    if observation:
        if reader is not read_boris:
            raise ValueError(f"{path.name}: only a project of BORIS has observations")
        reader = partial(read_boris, name=observation)
    try:
        found = reader(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not found.spans:
        raise ValueError(f"{path.name}: {NOTHING}")
    return found


def read_text(path: Path) -> str:
    r"""A file's text, however it is written; its lines end with \n.

    Raises:
        ValueError: it is too large, or is not the text that it says it is.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(LARGEST_BYTES + 1)
    if len(raw) > LARGEST_BYTES:
        raise ValueError(f"larger than {LARGEST_BYTES >> 20} MiB")
    return text_of(raw)


def text_of(raw: bytes) -> str:
    """The text that is written in these bytes; as read_text."""
    mark, encoding = next((it for it in MARKS if raw.startswith(it[0])), (b"", "utf-8"))
    try:
        text = raw.removeprefix(mark).decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"no {encoding.upper()} text: save it as UTF-8") from error
    if "\0" in text:
        raise ValueError("no text: save it as UTF-8")
    if not text.strip():
        raise ValueError(NOTHING)
    return text.replace("\r\n", "\n").replace("\r", "\n")
