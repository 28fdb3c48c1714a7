"""One progress bar: on stderr, only when that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress_bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar from 0 to `length`; what it yields takes how far it is, and never goes back."""
    stderr = click.get_text_stream("stderr")
    with click.progressbar(
        length=length, label=label, file=stderr, hidden=not stderr.isatty()
    ) as bar:

        def show(done: int) -> None:
            bar.update(max(0, min(done, length) - bar.pos))

        yield show
