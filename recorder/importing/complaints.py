"""What a library complains of while it reads a file: told with the session, not lost in a log."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class _Kept(logging.Handler):
    """Keeps messages instead of showing them."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self._texts.append(record.getMessage())


@contextmanager
def heard(library: str) -> Iterator[list[str]]:
    """The warnings of a library and of its logger meanwhile; complete behind the block."""
    logger, texts = logging.getLogger(library), list[str]()
    kept, propagates = _Kept(texts), logger.propagate
    logger.addHandler(kept)
    logger.propagate = False
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield texts
    finally:
        logger.removeHandler(kept)
        logger.propagate = propagates
        texts += [str(it.message) for it in warned]
        texts[:] = dict.fromkeys(" ".join(text.split()) for text in texts)
