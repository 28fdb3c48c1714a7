"""Looks at the box again and again, and tells what has changed for the worse or the better."""

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from recorder import wall_clock
from recorder.health import readings
from recorder.health.disk import free_bytes
from recorder.health.signs import SIGNS, judged, sentence
from recorder.store.finish import unclean_stops
from recorder.wire.messages import Alarm, Vital

LOOK_S = 5.0
COMMITS = 256  # the last three minutes or so


class Health:
    """The vitals of one box. `look` blocks on files; the rest is cheap and safe beside it.

    Attributes:
        vitals: as last looked at, in the order of SIGNS.
    """

    def __init__(
        self,
        sessions: Path,
        *,
        root: Path = Path("/"),
        synchronised: Callable[[], bool] = wall_clock.synchronised,
    ) -> None:
        """`sessions` is where session files are; `root` where /sys and /proc are."""
        self._sessions = sessions
        self._root = root
        self._synchronised = synchronised
        self._commit_s: deque[float] = deque(maxlen=COMMITS)
        self.vitals: tuple[Vital, ...] = tuple(judged(name, None) for name in SIGNS)

    def look(self, commit_s: Iterable[float] = ()) -> list[str]:
        """Measure everything; `commit_s` is how long commits took since the last call.

        Returns:
            A line for each figure that has become a warning, or has ceased to be one, but for
            those that are alarms.
        """
        self._commit_s.extend(commit_s)
        values, before = self._values(), self.vitals
        self.vitals = tuple(judged(old.name, values[old.name], old.level) for old in before)
        pairs = zip(before, self.vitals, strict=True)
        return [_change(now) for old, now in pairs if now.level != old.level and _is_quiet(now)]

    def standing(self) -> list[str]:
        """A line for each warning that stands and is no alarm."""
        warned = (vital for vital in self.vitals if vital.level == "warn")
        return [_change(vital) for vital in warned if _is_quiet(vital)]

    def alarms(self) -> list[Alarm]:
        """What the people at the bedside should see."""
        return [
            Alarm(vital.name, numbers={"value": vital.value or 0.0})
            for vital in self.vitals
            if vital.level == "warn" and SIGNS[vital.name].is_alarm
        ]

    def _values(self) -> dict[str, float | None]:
        root, ordered = self._root, sorted(self._commit_s)
        bits = readings.throttled_bits(root)
        return {
            "disk_free": free_bytes(self._sessions) / 2**20,
            "temperature": readings.temperature_c(root),
            "under_voltage": readings.under_voltage(root, bits),
            "throttled": readings.throttled(bits),
            "memory_available": readings.memory_available_mib(root),
            "memory_rss": readings.memory_rss_mib(root),
            "clock_synchronised": float(self._synchronised()),
            "watchdog_reset": readings.watchdog_reset(root),
            "commit_p95": ordered[len(ordered) * 19 // 20 - 1] if len(ordered) >= 20 else None,
            "commit_max": ordered[-1] if ordered else None,
            "unclean_stops": float(unclean_stops(self._sessions)),
        }


def _is_quiet(vital: Vital) -> bool:
    return not SIGNS[vital.name].is_alarm


def _change(vital: Vital) -> str:
    return f"{vital.level}: {sentence(vital)}"
