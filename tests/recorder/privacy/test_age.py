import resource
import sys
from pathlib import Path
from typing import Any

import pytest

from recorder.failure import Failure
from recorder.privacy.age import encrypt, require_recipient

MIB = 1 << 20


@pytest.fixture
def identity() -> Any:
    return pytest.importorskip("pyrage").x25519.Identity.generate()


@pytest.mark.parametrize("size", [0, 1, 65536, 3 * MIB + 1])
def test_only_the_holder_of_the_secret_key_reads_it_again(
    tmp_path: Path, identity: Any, size: int
) -> None:
    pyrage = pytest.importorskip("pyrage")
    plain, secret = tmp_path / "plain", tmp_path / "plain.age"
    plain.write_bytes(b"therapy " * (size // 8) + b"x" * (size % 8))
    encrypt(plain, secret, str(identity.to_public()))
    assert secret.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert b"therapy" not in secret.read_bytes()
    assert secret.stat().st_mode & 0o777 == 0o640
    assert pyrage.decrypt(secret.read_bytes(), [identity]) == plain.read_bytes()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(secret.read_bytes(), [pyrage.x25519.Identity.generate()])


def test_memory_does_not_grow_with_the_file(tmp_path: Path, identity: Any) -> None:
    plain = tmp_path / "plain"
    with plain.open("wb") as file:
        file.truncate(64 * MIB)  # a sparse file: no disk is filled
    encrypt(plain, tmp_path / "warm.age", str(identity.to_public()))
    before = _peak_kib()
    with plain.open("r+b") as file:
        file.truncate(160 * MIB)
    encrypt(plain, tmp_path / "plain.age", str(identity.to_public()))
    assert _peak_kib() - before < 8 * 1024


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_file_that_cannot_be_read_or_written_is_an_os_error(
    tmp_path: Path, identity: Any
) -> None:
    key = str(identity.to_public())
    with pytest.raises(FileNotFoundError):
        encrypt(tmp_path / "none", tmp_path / "out.age", key)
    (tmp_path / "plain").write_bytes(b"x" * MIB)
    with pytest.raises(OSError, match="No space left"):
        encrypt(tmp_path / "plain", Path("/dev/full"), key)


@pytest.mark.parametrize("key", ["age1" + "q" * 58, "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1"])
def test_what_is_no_public_key_is_78(key: str) -> None:
    pytest.importorskip("pyrage")
    with pytest.raises(Failure, match="is no public key of age") as failed:
        require_recipient(key)
    assert failed.value.code == 78


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(Failure, match=r"antiphon\[crypt\]") as failed:
        require_recipient("age1")
    assert failed.value.code == 69
