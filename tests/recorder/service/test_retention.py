"""The service tells that sessions are too old, and leaves them alone."""

from pathlib import Path

import pytest

from recorder.service.retention import Retention
from recorder.settings.file import Config
from recorder.store.catalog import sessions
from recorder.sync.retention import DAY_NS
from recorder.wire.wording import in_words
from tests.recorder import session_files
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import run

ID = "20260101T080000Z-aaaa"
LATER_NS = session_files.header().created_utc_ns + 400 * DAY_NS


def watch(directory: Path, days: float, *, synchronised: bool = True) -> Retention:
    bed = Bedside(directory, config=Config(retention_days=days))
    place = Path(bed.config.sessions)
    place.mkdir(parents=True, exist_ok=True)
    session_files.write(place / f"{ID}.antiphon", [])
    return Retention(
        bed.config, bed.recorder, utc_ns=lambda: LATER_NS, synchronised=lambda: synchronised
    )


@pytest.mark.parametrize(
    ("days", "synchronised", "told"), [(365, True, 1), (401, True, 0), (0, True, 0), (1, False, 0)]
)
def test_an_alarm_tells_how_many_are_too_old(
    tmp_path: Path, days: float, synchronised: bool, told: int
) -> None:
    retention = watch(tmp_path, days, synchronised=synchronised)
    run(retention.once())
    alarms = list(retention.alarms())
    assert len(alarms) == told
    assert all(in_words(it).startswith("1 sessions ended more than 365") for it in alarms)
    assert len(sessions(Path(retention._sessions))) == 1
