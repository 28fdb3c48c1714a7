"""The link, with programs of our own in the place of ssh and rsync."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.settings.destination import Workstation
from recorder.sync import ssh
from recorder.sync.finished import Sealed, seal
from recorder.sync.ssh import SshLink


@pytest.fixture
def lock() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def link(lock: int) -> SshLink:
    return SshLink("ward", Workstation(host="fe80::1", path="/srv/eeg", limit_kib_s=9), lock)


@pytest.fixture
def file(tmp_path: Path) -> Sealed:
    (tmp_path / "a.antiphon").write_bytes(bytes(1000))
    return seal(tmp_path / "a.antiphon")


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    program = tmp_path / "bin" / name
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize("program", ["ssh", "rsync"])
def test_a_program_that_is_missing_here_is_69(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match=f"{program} is missing on this machine") as no:
        link.send(file) if program == "rsync" else link.hashes_of(["a"], 1)
    assert no.value.code == 69


def test_what_does_not_answer_is_given_up(
    link: SshLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "ssh", "exec tail -f /dev/null")
    monkeypatch.setattr(ssh, "PATIENCE_S", 0.2)
    with pytest.raises(Failure, match="no answer within 0 s") as no:
        link.hashes_of(["a"], 1)
    assert no.value.code == 75


def test_a_greeting_is_not_taken_for_an_answer(
    link: SshLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "ssh", f"echo Welcome; echo '{'ab' * 32} ./a b'; echo; echo x")
    assert link.hashes_of(["a b"], 1) == {"a b": "ab" * 32}


def test_any_number_of_names_can_be_asked_for(
    link: SshLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "ssh", 'for last; do :; done; cd /; eval "${last#exec }"')
    monkeypatch.setattr(ssh, "NAMES_AT_ONCE", 3)
    link = SshLink("ward", Workstation(host="ward", path=str(tmp_path)), link.lock)
    names = [f"it's {k}" for k in range(10)]
    for name in names[2:9]:
        (tmp_path / name).write_text(name)
    expected = {name: hashlib.sha256(name.encode()).hexdigest() for name in names[2:9]}
    assert link.hashes_of(names, 1) == expected


def test_only_the_hash_of_the_file_itself_settles_it(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "ssh", 'echo Hello; echo "placed $SAID  -"')
    monkeypatch.setenv("SAID", "ab" * 32)
    assert not link.settle(file, replace=False)
    monkeypatch.setenv("SAID", file.sha256)
    assert link.settle(file, replace=False)


def test_progress_is_what_rsync_says(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = r"printf '      0   0%%\r  400  40%%  9kB/s\rnoise 7%%\n 2000 100%%\r'"
    install(tmp_path, monkeypatch, "rsync", f'{says}; echo "$@" > {tmp_path}/said')
    told: list[tuple[int, int]] = []
    link.send(file, lambda done, total: told.append((done, total)))
    assert told == [(0, 1000), (400, 1000), (1000, 1000)]
    said = (tmp_path / "said").read_text()
    assert f"-- {file.path} antiphon@[fe80::1]:/srv/eeg/a.antiphon.part" in said
    assert "--bwlimit=9" in said


def test_what_is_begun_has_the_lock(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "rsync", f"readlink /proc/$$/fd/{link.lock} > {tmp_path}/said")
    link.send(file)
    assert (tmp_path / "said").read_text() == f"{os.devnull}\n"


def test_what_an_ssh_says_that_outlives_its_rsync_is_heard(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = 'rsync: write failed on "/srv/eeg/x": No space left on device (28)'
    install(tmp_path, monkeypatch, "rsync", f"(sleep 0.5; echo '{late}' >&2) & exit 11")
    with pytest.raises(Failure, match="no space left in /srv/eeg") as no:
        link.send(file)
    assert no.value.code == 73


def test_a_disk_that_fills_up_without_a_word_is_asked_about(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "rsync", "exit 11")
    with pytest.raises(Failure, match="is the disk full, there or here"):
        link.send(file)


def test_a_program_gone_wrong_without_end_costs_no_memory(
    link: SshLink, file: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo last >&2; exit 9"
    install(tmp_path, monkeypatch, "rsync", endless)
    with pytest.raises(Failure, match="copying failed: last") as no:
        link.send(file)
    assert len(str(no.value)) < 300
