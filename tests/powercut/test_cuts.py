"""What a card may hold after a power cut: all that was flushed, nothing that was not written."""

from pathlib import Path

import numpy as np
import pytest

from tests.powercut.cuts import SECTOR, Cut, CutKind, Log, cut, survivors

BASE = bytes(4 * SECTOR)
LOG = Log(
    BASE,
    [
        ("write", 0, b"a" * SECTOR),
        ("flush",),
        ("note", "saved"),
        ("write", SECTOR, b"b" * 2 * SECTOR),
        ("write", 0, b"c" * SECTOR),
    ],
)


def image_of(it: Cut, path: Path) -> bytes:
    it.write_image(path)
    return path.read_bytes()


def test_what_was_flushed_is_there_after_every_cut(tmp_path: Path) -> None:
    for it in cut(LOG, 200, np.random.default_rng(1)):
        image = image_of(it, tmp_path / "image")
        assert len(image) == len(BASE)
        if it.position >= 2:
            assert image[:SECTOR] in (b"a" * SECTOR, b"c" * SECTOR)
        assert it.notes == (("saved",) if it.position >= 3 else ())


def test_a_card_that_lies_may_lose_what_was_flushed(tmp_path: Path) -> None:
    images = {
        image_of(it, tmp_path / "image")[:1]
        for it in cut(LOG, 200, np.random.default_rng(1), unflushed=10)
        if it.position == 3
    }
    assert images == {b"a", b"\0"}


def test_all_kinds_of_cut_are_made_equally_often() -> None:
    kinds = [it.kind for it in cut(LOG, 100, np.random.default_rng(1))]
    assert {kind: kinds.count(kind) for kind in CutKind} == dict.fromkeys(CutKind, 20)


@pytest.mark.parametrize("kind", CutKind)
def test_what_survives_was_written_up_to_a_sector(kind: CutKind) -> None:
    rng = np.random.default_rng(2)
    written = [(at * SECTOR, bytes([at]) * 3 * SECTOR) for at in range(50)]
    kept = survivors(written, kind, rng)
    assert all(dict(written)[at].startswith(octets) for at, octets in kept)
    assert all(len(octets) % SECTOR == 0 for _, octets in kept)
    assert {CutKind.NONE: len(kept) == 0, CutKind.ALL: kept == written}.get(kind, len(kept) < 50)
