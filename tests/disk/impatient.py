"""`antiphon` that rides a failing disk out for three seconds only, so that a test need not wait.

python -m tests.disk.impatient serve ...
"""

from unittest import mock

from recorder.cli import main
from recorder.recording import rollover

PATIENCE_S = 3.0

if __name__ == "__main__":
    with mock.patch.object(rollover, "BROKEN_AFTER_S", PATIENCE_S):
        main()
