"""Progress bars: on stderr, only when that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from click.termui import progressbar

from recorder.progress import Progress


@contextmanager
def progress_bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar from 0 to `length`; what it yields takes how far it is, and never goes back."""
    hidden = not sys.stderr.isatty()
    with progressbar(range(length), label=label, file=sys.stderr, hidden=hidden) as bar:

        def show(done: int) -> None:
            bar.update(max(0, min(done, length) - bar.pos))

        yield show


@contextmanager
def progress_in_thousandths(label: str) -> Iterator[Progress]:
    """A bar for work that tells (done, in all), whatever it counts."""
    with progress_bar(label, 1000) as show:
        yield lambda done, total: show(1000 * done // max(total, 1))
