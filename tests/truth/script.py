"""What is to happen in one session: a random mixture of all that real radios and rooms do.

Times are seconds after the service began; a stretch is (from, to).
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

Stretch = tuple[float, float]
USUAL_S: Final = 300.0
_LOSSES: Final = (0.0, 0.0006, 0.003, 0.01, 0.02)
_CLEAR_S: Final = 3.0  # between what happens to one board and the next


@dataclass(frozen=True, slots=True)
class Stranger:
    """Another board that is heard for a while: `share` of its packets, and the commands reach it.

    Its clock is `faster` than the own board's, it was switched on `older_s` before.
    """

    heard: Stretch
    share: float
    faster: float
    older_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardScript:
    """What happens to one person's board.

    Attributes:
        off: by how much its rate is off, as a share of it; `warming` by how much that changes.
        delay_s: from the converter to the dongle's line.
        timer_s: of the adapter.
        loss: share of packets that begin a run of lost ones.
        late, duplicate: shares of packets that come late, or twice.
        silences: nothing comes by radio.
        unplugged: the dongle is out of its port.
        resets: the board has no power.
        strangers: other boards on the channel.
    """

    off: float
    warming: float
    delay_s: float
    timer_s: float
    loss: float
    late: float
    duplicate: float
    silences: tuple[Stretch, ...] = ()
    unplugged: tuple[Stretch, ...] = ()
    resets: tuple[Stretch, ...] = ()
    strangers: tuple[Stranger, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One session.

    Attributes:
        seed: of this session, for everything that is left to chance.
        recorded: when it is started and stopped.
        boards: of patient and therapist.
        stalls: of the host, which then runs nothing.
        steps: of the time of day: when, and by how many seconds.
        exchanged_s: when the two dongles are found in each other's port, if they ever are.
        has_serials: whether dongles have serial numbers.
        by_id: whether ports are given by serial number, else by place.
    """

    seed: int
    recorded: Stretch
    boards: tuple[BoardScript, BoardScript]
    stalls: tuple[Stretch, ...] = ()
    steps: tuple[tuple[float, float], ...] = ()
    exchanged_s: float | None = None
    has_serials: bool = True
    by_id: bool = True


@dataclass
class _Diary:
    """Stretches that do not meet."""

    rng: np.random.Generator
    end_s: float
    taken: list[Stretch] = field(default_factory=list)

    def find(self, length_s: float) -> Stretch | None:
        """Return a free stretch of that length, if one is found soon."""
        for _ in range(20):
            begin_s = float(self.rng.uniform(4.0, max(self.end_s - length_s, 5.0)))
            mine = (begin_s, begin_s + length_s)
            if all(mine[1] + _CLEAR_S < a or b + _CLEAR_S < mine[0] for a, b in self.taken):
                self.taken.append(mine)
                return mine
        return None

    def some(self, mean: float, shortest_s: float, longest_s: float) -> tuple[Stretch, ...]:
        """Return some stretches, of lengths that are even on a logarithmic scale."""
        lengths_s = [
            float(np.exp(self.rng.uniform(np.log(shortest_s), np.log(longest_s))))
            for _ in range(self.rng.poisson(mean))
        ]
        found = [self.find(length_s) for length_s in lengths_s]
        return tuple(sorted(it for it in found if it is not None))


def script(seed: int, *, usual_s: float = USUAL_S) -> Script:
    """Return one session of about `usual_s`, made of this seed."""
    rng = np.random.default_rng(seed)
    begin_s = float(rng.uniform(4.0, 12.0))
    end_s = begin_s + usual_s * float(rng.uniform(0.8, 1.2))
    scale = usual_s / USUAL_S
    stalls = _Diary(rng, end_s).some(0.8 * scale, 0.5, 60.0)
    kind = rng.choice(["none", "by id", "by place", "unknown"], p=[0.7, 0.1, 0.1, 0.1])
    diaries = (_Diary(rng, end_s), _Diary(rng, end_s))
    away: tuple[Stretch, ...] = ()
    if kind != "none":
        away = diaries[0].some(1.0, 3.0, 20.0)[:1]
    if away:
        diaries[1].taken.append(away[0])
    steps = [
        (float(rng.uniform(begin_s, end_s)), float(rng.choice([-3 * 86400, -0.7, 0.4, 1e5])))
        for _ in range(rng.poisson(0.7))
    ]
    return Script(
        seed=seed,
        recorded=(begin_s, end_s),
        boards=(_board(rng, diaries[0], away, scale), _board(rng, diaries[1], away, scale)),
        stalls=stalls,
        steps=tuple(sorted(steps)),
        exchanged_s=away[0][0] if away else None,
        has_serials=kind != "unknown",
        by_id=kind not in ("by place", "unknown"),
    )


def _board(
    rng: np.random.Generator, diary: _Diary, away: tuple[Stretch, ...], scale: float
) -> BoardScript:
    return BoardScript(
        off=float(rng.uniform(-0.009, 0.009)),
        warming=float(rng.uniform(-3e-4, 3e-4)),
        delay_s=float(np.clip(rng.normal(0, 1e-3), -1.3e-3, 3e-3)),
        timer_s=float(rng.choice([1e-3, 16e-3], p=[0.1, 0.9])),
        loss=float(rng.choice(_LOSSES, p=[0.3, 0.35, 0.25, 0.07, 0.03])),
        late=float(rng.choice([0, 1e-4, 1e-3])),
        duplicate=float(rng.choice([0, 1e-4, 1e-3])),
        silences=diary.some(0.7 * scale, 0.5, 60.0),
        unplugged=tuple(
            sorted([*away, *diary.some(0.5 * scale, 1.0, 30.0), *_for_good(rng, diary)])
        ),
        resets=diary.some(0.4 * scale, 0.5, 15.0),
        strangers=_strangers(rng, diary, scale),
    )


def _for_good(rng: np.random.Generator, diary: _Diary) -> tuple[Stretch, ...]:
    """In one session of twelve the dongle never comes back."""
    if rng.random() > 1 / 12 or not (found := diary.find(5.0)):
        return ()
    return ((found[0], 1e6),)


def _strangers(rng: np.random.Generator, diary: _Diary, scale: float) -> tuple[Stranger, ...]:
    """They come whatever else happens, so the diary is not asked."""
    own = _Diary(rng, diary.end_s)
    return tuple(
        Stranger(
            heard=heard,
            share=float(rng.choice([0.01, 0.1, 0.3, 1.0])),
            faster=float(rng.choice([7e-4, -7e-4, 3e-3, 0.0])),
            older_s=float(
                rng.choice([rng.uniform(-0.3, 0.3), rng.uniform(-3600, 3600)], p=[0.1, 0.9])
            ),
        )
        for heard in own.some(0.4 * scale, 2.0, 60.0)
    )
