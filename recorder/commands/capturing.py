"""`antiphon boards --capture`: every byte of the boards, into files to be sent or replayed."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any

from recorder import __version__, wall_clock
from recorder.commands.options import ROOT, progress_bar
from recorder.durable import begin_whole
from recorder.failure import EX_CANTCREAT, failing_with
from recorder.settings.file import Config

LOOK_S = 0.2


def capture_boards(
    config: Config, asked: Mapping[str, str], seconds: float, directory: Path
) -> list[dict[str, Any]]:
    """Capture all boards at once; for each its role, its file ("" if none was made) and its fault.

    Raises:
        Failure: a file cannot be made.
    """
    closing = Event()
    with (
        ThreadPoolExecutor(max(len(asked), 1)) as threads,
        ExitStack() as ended,
        progress_bar("capturing", round(seconds / LOOK_S)) as show,
        failing_with(EX_CANTCREAT, OSError),
    ):
        ended.callback(closing.set)  # by Ctrl-C, too: then there are no files
        work = {
            role: threads.submit(_capture, config, role, name, seconds, directory, closing)
            for role, name in asked.items()
        }
        _await(list(work.values()), seconds, show)
        return [{"role": role, **done.result()} for role, done in work.items()]


def _await(work: list[Future[Any]], seconds: float, show: Any) -> None:
    begin_s = time.monotonic()
    while wait(work, LOOK_S).not_done:
        show(int(min(time.monotonic() - begin_s, seconds) / LOOK_S))


def _capture(
    config: Config, role: str, name: str, seconds: float, directory: Path, closing: Event
) -> dict[str, str]:
    from hardware.board_fault import BoardFault
    from hardware.cyton.aux_mode import AuxMode
    from hardware.cyton.capture import capture
    from hardware.cyton.discovery import port_of

    utc_ns, board = wall_clock.utc_ns(), config.board(role)
    file = directory / f"{role}-{wall_clock.utc_text(utc_ns).replace(':', '')}.capture"
    about = {"role": role, "channels": board.channels, "antiphon": __version__, "utc_ns": utc_ns}
    try:
        path, aux_mode = str(port_of(name, ROOT)), AuxMode(board.aux)
        with begin_whole(file) as out:
            fault = capture(path, seconds, out, about, closing=closing, aux_mode=aux_mode)
    except BoardFault as error:
        return {"file": "", "fault": str(error)}
    return {"file": str(file), "fault": fault}
