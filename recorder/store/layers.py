"""Every version of every page of a session file: as it is now, and as it was before.

Beside a file that grows lies its log, with pages newer than the file's own, often several times the
same one. What has been damaged in the newest may be whole in an older one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from recorder.progress import Progress, no_progress
from recorder.store.pages import LeafRow, Pages, leaf_rows
from recorder.store.wal import Log


@dataclass(slots=True)
class LoggedPages(Pages):
    """The pages of a file with those of its log on top, the newest whole ones.

    Attributes:
        log: its log.
        newest: the frame of each page that is in the log.
    """

    log: Log
    newest: dict[int, int]

    @classmethod
    def over(cls, file: Pages, log: Log) -> "LoggedPages":
        """`file` with `log` on top."""
        newest = {
            number: frame
            for frame, (number, good) in enumerate(zip(log.numbers.tolist(), log.good, strict=True))
            if good
        }
        return cls(file.file, file.size, max([file.count, *newest]), log, newest)

    def __getitem__(self, number: int) -> bytes:
        frame = self.newest.get(number)
        return Pages.__getitem__(self, number) if frame is None else self.log.page(frame)

    def older(self) -> Iterator[tuple[int, bytes]]:
        """Pages that are not the newest of their number, or are damaged; the newest of them first.

        A number may be damaged, too.
        """
        used = set(self.newest.values())
        for frame in reversed(range(len(self.log.numbers))):
            if frame not in used:
                yield int(self.log.numbers[frame]), self.log.page(frame)
        for number in self.newest:
            yield number, Pages.__getitem__(self, number)


def all_rows(pages: Pages, progress: Progress = no_progress) -> Iterator[LeafRow]:
    """Every row that can be read, those of older pages last; `progress` is told (pages, in all)."""
    for number in range(1, pages.count + 1):
        yield from leaf_rows(pages, number, pages[number])
        progress(number, pages.count)
    for number, page in pages.older() if isinstance(pages, LoggedPages) else ():
        yield from leaf_rows(pages, number, page)
