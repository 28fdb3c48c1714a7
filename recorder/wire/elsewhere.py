"""The services of other boxes, asked over ssh: with the asker's own keys and known hosts.

Nothing is asked back, and a host key that is not known is refused.
"""

import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from recorder.wire.messages import Status

SSH = (
    *("ssh", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
    *("-o", "ConnectTimeout=10"),
)
ANSWERS_WITHIN_S = 30.0
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Told:
    """What a box has told of itself, or why it has not.

    Attributes:
        where: as it is configured.
        status: what its service told; None when it did not.
        problem: why, in one line, or "".
    """

    where: str
    status: Status | None
    problem: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return (self.status.box if self.status else "") or self.where


def over_ssh(where: str, *words: str, back: tuple[int, int] | None = None) -> list[str]:
    """The command that runs `words` on a box, `where` being host, user@host or host:port.

    `back` is a port that the box has meanwhile, on itself only, and which one here it leads to.
    """
    host, _, port = where.partition(":")
    forward: tuple[str, ...] = ("-o", "ClearAllForwardings=yes")
    if back is not None:
        there = f"127.0.0.1:{back[0]}:127.0.0.1:{back[1]}"
        forward = ("-o", "ExitOnForwardFailure=yes", "-R", there)
    at = ("-p", port) if port else ()
    return [*SSH, *forward, *at, "--", host, shlex.join(words)]


def ask_all(boxes: Sequence[str]) -> list[Told]:
    """The status of each box, in the order asked; they are asked side by side."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_ask, boxes))


def crowded(told: Sequence[Told]) -> dict[int, list[str]]:
    """The radio channels that more than one board is on, each with whose boards those are."""
    boards = [
        (board.radio_channel, f"{one.name} {board.role}")
        for one in told
        if one.status is not None
        for board in one.status.boards
        if board.radio_channel is not None
    ]
    counts = Counter(channel for channel, _ in boards)
    return {
        channel: [whose for there, whose in boards if there == channel]
        for channel, count in sorted(counts.items())
        if count > 1
    }


def _ask(where: str) -> Told:
    command = over_ssh(where, "antiphon", "status", "--json")
    try:
        ran = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWERS_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Told(where, None, f"no answer within {ANSWERS_WITHIN_S:.0f} s")
    except OSError as error:
        return Told(where, None, f"ssh: {error.strerror}")
    if ran.returncode == 0:
        try:
            return Told(where, msgspec.json.decode(ran.stdout, type=Status))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Told(where, None, "it answered otherwise: is antiphon there of this version?")
    lines = [line for line in ran.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    last = re.sub(r"[^ -~]+", " ", lines[-1]).strip()[:200] if lines else ""
    return Told(where, None, last or f"exit code {ran.returncode}")
