"""The screen before the real service while things go wrong; `make alarms` has all stories."""

import asyncio
from pathlib import Path

import pytest

from tests.alarms.stories import AIMS_S, a_session

BESIDE_OTHERS = 3  # times as long as on a quiet machine; `make alarms` holds the aim


@pytest.mark.alone
def test_what_goes_wrong_is_on_the_screen_at_once(tmp_path: Path) -> None:
    told = asyncio.run(a_session(tmp_path))
    assert set(told) == {"service killed", "unplugged", "both gone"}
    late = {what: s for what, s in told.items() if s > BESIDE_OTHERS * AIMS_S[what]}
    assert late == {}
