from pathlib import Path

import msgspec
import pytest

from recorder.failure import Failure
from recorder.settings.destination import Workstation
from recorder.sync.ssh import SshLink


def read(**fields: object) -> Workstation:
    return msgspec.convert({"host": "ward", "path": "/srv/eeg", **fields}, Workstation)


def test_host_and_path_are_enough() -> None:
    assert read().address == "antiphon@ward:22/srv/eeg"


@pytest.mark.parametrize(
    "field",
    [
        {"host": "-oProxyCommand=x"},
        {"host": "a b"},
        {"user": "-l"},
        {"path": "relative"},
        {"path": "/a\nb"},
        {"key": "~/key"},
        {"key": "/a b"},
        {"known_hosts": "/%h"},
        {"port": 0},
        {"limit_kib_s": -1},
        {"hots": "x"},
    ],
    ids=str,
)
def test_what_ssh_could_take_for_something_else_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(**field)


@pytest.mark.parametrize("missing", ["key", "known_hosts"])
def test_keys_that_are_not_there_are_named(tmp_path: Path, missing: str) -> None:
    files = {name: str(tmp_path / name) for name in ("key", "known_hosts")}
    for path in files.values():
        Path(path).write_text("x")
    SshLink("ward", read(**files), lock=-1).require_ready()
    (tmp_path / missing).unlink()
    with pytest.raises(Failure, match=f"ward: {files[missing]}: No such file") as no:
        SshLink("ward", read(**files), lock=-1).require_ready()
    assert no.value.code == 78
