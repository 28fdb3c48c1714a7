"""`antiphon` for a card of 32 MiB: its reserve and the length it plans for are scaled to that.

python -m tests.powercut.small serve ...
"""

from unittest import mock

from recorder.cli import main
from recorder.health import disk
from recorder.recording import rollover


def main_on_a_small_card() -> None:
    """The command line, told to be content with little room."""
    scaled = mock.patch.multiple(disk, RESERVE_BYTES=2 << 20, OPEN_ENDED_S=60.0)
    with scaled, mock.patch.object(rollover, "CLOSING_BYTES", 1 << 20):
        main()


if __name__ == "__main__":
    main_on_a_small_card()
