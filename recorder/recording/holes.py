"""Which samples of a session are missing and not yet explained by a gap.

A board explains a hole only when late packets can no longer fill it, half a second later. A session
that ends before that writes the rest down itself, and so does one whose board begins a new segment:
every index of a closed file is either in a block or in a gap.
"""

Run = tuple[int, int]  # first index, one past the last


class Holes:
    """Open holes of one board in the segment being recorded.

    Attributes:
        segment: -1 before the first.
        end: one past the highest index that is recorded or explained.
    """

    def __init__(self) -> None:
        self.segment = -1
        self.end = 0
        self._begin = 0
        self._open: list[Run] = []

    def begin(self, segment: int, index: int) -> None:
        """A new segment; what comes before `index` is none of this session's business."""
        self.segment, self._begin, self.end = segment, index, index
        self._open = []

    def holds(self, segment: int, index: int) -> bool:
        """Whether `index` comes after the first sample that this session has recorded."""
        if segment == self.segment:
            return index >= self._begin
        return segment > self.segment >= 0

    def fill(self, first: int, n: int) -> int:
        """Samples first to first + n - 1 of this segment are recorded, or explained by a gap.

        Return by how many samples the segment has grown.
        """
        end = first + n
        if self._open:
            self._open = [rest for run in self._open for rest in _without(run, (first, end))]
        if first > self.end:
            self._open.append((self.end, first))
        grown = max(0, end - self.end)
        self.end += grown
        return grown

    def remaining(self) -> list[Run]:
        """What is neither recorded nor explained."""
        return list(self._open)


def _without(run: Run, cut: Run) -> list[Run]:
    """`run` less `cut`: none, one or two runs."""
    pieces = [(run[0], min(run[1], cut[0])), (max(run[0], cut[1]), run[1])]
    return [(first, end) for first, end in pieces if first < end]
