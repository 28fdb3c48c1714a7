"""A recording in a process of its own: what it says, and who leaves it alone."""

from pathlib import Path

from recorder.store.check import verify
from tests.e2e.processes import begin, box, ended, service, status_of, told, until


def test_for_people_it_says_what_came_of_it(tmp_path: Path) -> None:
    text = told("demo", "--seconds", "1", "--out", tmp_path)
    [path] = (tmp_path / "done").glob("*.antiphon")
    assert text.startswith(f"recorded {path}\n")
    assert "exploratory; not a medical device" in text
    assert "emulated at 250.33 Hz" in text


def test_a_service_leaves_alone_what_another_process_records(tmp_path: Path) -> None:
    recording = begin("demo", "--seconds", 4, "--out", tmp_path / "sessions")
    with box(tmp_path) as (_, config):
        [path] = until(lambda: list(Path(config.sessions).glob("*.antiphon")) or None, "a file")
        with service(config, tmp_path):
            session = status_of(config.socket_path).session
            assert ended(recording)[0] == 0
    assert session is None
    [path] = Path(config.sessions).rglob("*.antiphon")
    report = verify(path)
    assert (report.problems, report.state) == ((), "closed")
