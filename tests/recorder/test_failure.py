import errno

import pytest

from recorder.failure import EX_DATAERR, Failure, failing_with, words


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            OSError(errno.EACCES, "Permission denied", "/dev/ttyUSB0"),
            "/dev/ttyUSB0: Permission denied",
        ),
        (OSError(errno.EADDRINUSE, "Address in use"), "Address in use"),
        (OSError("the session file cannot be made"), "the session file cannot be made"),
        (ValueError("patient:9:stall: needs an amount"), "patient:9:stall: needs an amount"),
        (KeyError("no such session"), "no such session"),
        (TimeoutError(), ""),
    ],
)
def test_words_are_for_people(error: Exception, text: str) -> None:
    assert words(error) == text


def test_only_the_named_kinds_become_failures() -> None:
    with pytest.raises(Failure, match="torn") as failed, failing_with(EX_DATAERR, ValueError):
        raise ValueError("torn")
    assert failed.value.code == EX_DATAERR
    with pytest.raises(KeyError), failing_with(EX_DATAERR, ValueError):
        raise KeyError("x")
