"""What is between the boards and the synchrony: the traces, and below them the asymmetry."""

from textual.containers import Vertical
from textual.events import Resize

from tui.widgets.asymmetry import LEAST_ROWS, MOST_ROWS
from tui.widgets.traces import CAPTION_ROWS

# From so many rows on there are enough of them for a strip that is easy to read.
ROOMY = 16
ROOMY_LEAST = 4


class Middle(Vertical):
    """Channels are all equally high; the rows that are left over go to the asymmetry."""

    def __init__(self) -> None:
        super().__init__()
        self._channels = 1

    def set_channels(self, channels: int) -> None:
        """Make room for so many traces of each person."""
        if channels and channels != self._channels:
            self._channels = channels
            self._share(self.size.height)

    def on_resize(self, event: Resize) -> None:
        """Share out the rows anew."""
        self._share(event.size.height)

    def _share(self, height: int) -> None:
        least = ROOMY_LEAST if height >= ROOMY else LEAST_ROWS
        each = max(1, (height - CAPTION_ROWS - least) // self._channels)
        spare = height - CAPTION_ROWS - each * self._channels
        self.query_one("#asymmetry").styles.height = max(least, min(MOST_ROWS, spare))
