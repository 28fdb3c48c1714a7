import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recorder.cli import antiphon
from recorder.failure import Failure
from recorder.store import cross_rice
from tests.recorder import session_files
from tests.recorder.session_files import block


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Ten blocks, of which one is damaged."""
    rows = [block(0, first) for first in range(0, 500, 50)]
    path = session_files.write(tmp_path / "s.antiphon", [*rows])
    content = path.read_bytes()
    payload = cross_rice.pack(rows[4].counts)
    path.write_bytes(content.replace(payload, bytes(len(payload))))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(antiphon, ["repair", *map(str, arguments)])


def test_the_new_file_is_named_and_what_is_lost_is_said(damaged: Path) -> None:
    before = damaged.read_bytes()
    ran = run(damaged)
    out = damaged.with_name("s.repaired.antiphon")
    assert ran.exit_code == 0
    assert ran.output.splitlines() == [
        "blocks: 9 kept, 1 lost",
        "samples lost between those kept: 50",
        str(out),
    ]
    assert out.is_file()
    assert damaged.read_bytes() == before


def test_json_tells_the_same(damaged: Path, tmp_path: Path) -> None:
    told = json.loads(run(damaged, "-o", tmp_path / "new.antiphon", "--json").output)
    assert (told["schema"], told["lost_blocks"], told["lost_samples"]) == (
        "antiphon.repair/1",
        1,
        50,
    )
    assert (told["kept"]["block"], told["path"]) == (9, str(tmp_path / "new.antiphon"))


@pytest.mark.parametrize(("make", "code"), [("nothing", 66), ("noise", 65), ("second time", 73)])
def test_what_cannot_be_done_has_its_exit_code(damaged: Path, make: str, code: int) -> None:
    if make == "nothing":
        damaged = damaged.with_name("none.antiphon")
    elif make == "noise":
        damaged.write_bytes(b"noise")
    else:
        run(damaged)
    failure = run(damaged).exception
    assert isinstance(failure, Failure)
    assert failure.code == code


def test_its_help_ends_with_an_example() -> None:
    assert "Example: antiphon repair" in run("--help").output
