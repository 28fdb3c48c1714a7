from pathlib import Path

import pytest

from tests.recorder.review.sessions import recorded


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the session that pages are made of; nothing is written beside it."""
    return recorded(tmp_path_factory.mktemp("reviewed"))
