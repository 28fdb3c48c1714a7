"""Encryption for whoever holds a key that is not on this machine (age: age-encryption.org/v1).

This machine knows the public key only: what it has encrypted, it cannot read again. Optional: the
library, pyrage, comes with the extra `crypt`.
"""

import importlib
import os
from pathlib import Path
from typing import Any

from recorder.failure import EX_CONFIG, EX_UNAVAILABLE, Failure

AGE = ".age"
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # not on Windows


def require_recipient(key: str) -> Any:
    """The library's recipient who has this public key: one can encrypt for it.

    Raises:
        Failure: it is no public key, or the library is missing.
    """
    pyrage = _pyrage()
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        text = f"{key!r} is no public key of age (age1…, as age-keygen prints it): {error}"
        raise Failure(text, EX_CONFIG) from error


def encrypt(source: Path, target: Path, key: str) -> None:
    """Encrypt a file for a public key; `target` is on disk when this returns.

    It is read and written in pieces: memory does not grow with the file.

    Raises:
        Failure: it is no public key, or the library is missing.
        OSError: `source` cannot be read or `target` not written; a part of it may be there.
    """
    recipient, pyrage = require_recipient(key), _pyrage()
    os.close(os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | NO_LINK, 0o640))
    try:
        pyrage.encrypt_file(str(source), str(target), [recipient])
    except pyrage.EncryptError as error:
        raise OSError(f"{target}: not encrypted: {error}") from error
    with target.open("r+b") as encrypted:  # Windows syncs only what may be written to
        os.fsync(encrypted.fileno())


def _pyrage() -> Any:
    try:
        return importlib.import_module("pyrage")
    except ImportError as error:
        text = 'encryption needs pyrage: pip install "antiphon[crypt]"'
        raise Failure(text, EX_UNAVAILABLE) from error
