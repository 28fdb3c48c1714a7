"""What all readers promise: any encoding, and of damage one line."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.spans.reading import LARGEST_BYTES, READERS, read, text_of
from tests.recorder.spans.samples import FILES, LIGHTER, RIVER

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32")
SEEDS = range(150)


def written(directory: Path, name: str, raw: bytes) -> Path:
    path = directory / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_same_is_read_however_it_is_written(
    name: str, encoding: str, end: str, tmp_path: Path
) -> None:
    raw = FILES[name].replace("\n", end).encode(encoding)
    if encoding == "utf-16-be":
        raw = b"\xfe\xff" + raw
    spans = read(written(tmp_path, name, raw)).spans
    expected = (RIVER, LIGHTER)
    if name.endswith(".srt"):  # which does not say who speaks
        expected = (replace(RIVER, tier=""), replace(LIGHTER, tier=""))
    assert spans == expected


def harmless(path: Path) -> str | None:
    """The complaint; None of a file that is read. Any other exception is a fault."""
    complaint = None
    try:
        read(path)
    except ValueError as error:
        complaint = str(error)
    assert complaint is None or complaint.startswith(path.name)
    return complaint


def complaint_of(name: str, raw: bytes) -> str | None:
    """As `harmless`, without a file."""
    try:
        READERS[Path(name).suffix.lower()](text_of(raw))
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_breaks_off_at_any_byte_is_read_or_refused(name: str) -> None:
    raw = FILES[name].encode()
    complaints = [complaint_of(name, raw[:end]) for end in range(len(raw))]
    if name.lower().endswith((".eaf", ".boris")):
        assert None not in complaints[: len(raw.rstrip()) - 1]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused(name: str) -> None:
    raw = FILES[name].encode()
    refused = 0
    for seed in SEEDS:
        rng = random.Random(seed)
        damaged = bytearray(raw)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(damaged))
            kind = rng.randrange(4)
            if kind == 0:
                damaged[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                del damaged[at : at + rng.randrange(40)]
            elif kind == 2:
                damaged[at:at] = damaged[at // 2 : at // 2 + rng.randrange(40)]
            else:
                damaged[at : at + 1] = rng.choice((b"\0", b"\xff", b'"', b"<", b"9" * 400, b"e400"))
        refused += complaint_of(name, bytes(damaged)) is not None
    assert refused > len(SEEDS) / 4


@pytest.mark.parametrize(
    ("name", "raw", "complaint"),
    [
        ("a.docx", b"x", "files are known that end with"),
        ("a.vtt", "Größe".encode("latin-1"), "no UTF-8 text: save it as UTF-8"),
        ("a.csv", b"\xff\xfea", "no UTF-16-LE text"),
        ("a.csv", "begin_s".encode("utf-16-le"), "no text: save it as UTF-8"),
        ("a.srt", b"", "there is nothing in it"),
        *((f"a{ending}", b" \n", "there is nothing in it") for ending in READERS),
        ("a.vtt", b"\n\nWEBVTT \n", "there is nothing in it"),
        ("a.boris", b"[" * 100_000, "no project of BORIS"),
        ("a.eaf", b"<a>" * 100_000, "no XML"),
    ],
)
def test_what_is_none_is_refused_in_a_line(
    name: str, raw: bytes, complaint: str, tmp_path: Path
) -> None:
    told = harmless(written(tmp_path, name, raw))
    assert told is not None
    assert complaint in told
    assert "\n" not in told


def test_what_fills_a_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    assert harmless(path) == "a.srt: larger than 64 MiB"


def test_only_boris_has_observations(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only a project of BORIS has observations"):
        read(written(tmp_path, "a.srt", b""), "one")
