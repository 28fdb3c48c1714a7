"""An open LSL inlet, read as a board: voltages become counts, stamps come along.

    counts    1 count is 1 nV; beyond +-2.1 V is at the rail, and NaN is a missing count
    aux       lsl_t_us           the sample's stamp, in microseconds of this host's CLOCK_MONOTONIC,
                                 modulo 2**32
              lsl_correction_us  what was added to the sender's own stamp for that, modulo 2**32;
                                 a missing count as long as it is not known, when lsl_t_us is on
                                 the sender's clock

No smoothing flag of liblsl is set: its regression takes the order of arrival for the sample number.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.lsl.description import StreamDescription, describe
from hardware.lsl.library import clock_offset_ns
from hardware.lsl.samples import Samples

UV_PER_COUNT = 1e-3
RAIL_COUNTS = 2**31 - 1
AUX_LABELS = ("lsl_t_us", "lsl_correction_us")

ANSWERS_WITHIN_S = 3.0
BUFFER_S = 60
PULL_SAMPLES = 1024
# Waking up for each sample of a sender that pushes them alone costs half as much again. A clock
# looks at the last sample of a read only, whose arrival is exact in either case.
WAKE_S = 0.016
_STEP_S = 0.05
_STAMP_LIMIT_S = 4e9  # beyond what is a time in ns

Floats = NDArray[np.float64]


class Inlet:
    """One connection to one stream; a BoardFault ends it.

    Attributes:
        description: what the stream says of itself.
        heard_ns: CLOCK_MONOTONIC when something came last, or of the subscription.
    """

    def __init__(
        self,
        pylsl: Any,
        found: Any,
        port: str,
        closing: threading.Event,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Connect to the stream that was found, which faults call `port`.

        Once `closing` is set, waiting raises Closing.

        Raises:
            BoardFault: its program does not answer.
        """
        self._pylsl = pylsl
        self._port = port
        self._closing = closing
        self._monotonic_ns = monotonic_ns
        self.heard_ns = monotonic_ns()
        self._offset_ns = clock_offset_ns(pylsl, monotonic_ns)
        self._correction_s: float | None = None
        # Not recovered by liblsl: it would do so in silence, and hide what was lost.
        self._inlet = pylsl.StreamInlet(found, max_buflen=BUFFER_S, recover=False, as_numpy=True)
        self.description: StreamDescription = describe(self._await(self._inlet.info))
        self._wake_samples = max(1, round(WAKE_S * self.description.rate_hz))
        self.pick(())

    def pick(self, channels: tuple[int, ...]) -> None:
        """Read these channels only.

        Raises:
            ValueError: one of them is not a voltage.
        """
        uv_per_unit = [self.description.channels[n].uv_per_unit for n in channels]
        self._counts_per_unit = np.array(uv_per_unit) / UV_PER_COUNT
        self._picked = np.array(channels, np.intp)

    @property
    def silent_s(self) -> float:
        """Seconds since something came last, or since the subscription."""
        return (self._monotonic_ns() - self.heard_ns) / 1e9

    def subscribe(self) -> None:
        """Have samples sent from now on.

        Raises:
            BoardFault: its program does not answer.
        """
        self._await(self._inlet.open_stream)
        self.heard_ns = self._monotonic_ns()

    def read_timed(self, span_s: float) -> Samples | None:
        """What comes in a span of time that begins with the first sample, None if nothing does.

        Raises:
            BoardFault: the stream has ended (UNPLUGGED).
        """
        if self._closing.is_set():
            raise Closing
        reads: list[tuple[NDArray[Any], Floats, int]] = []
        wait_s, end_ns = span_s, 0
        while wait_s > 0:
            try:
                values, stamp_s = self._pull(wait_s)
            except BoardFault:
                if reads:
                    break  # and the next call says so
                raise
            now_ns = self._monotonic_ns()
            if len(stamp_s) == 0:
                break
            reads.append((values, stamp_s, now_ns))
            self.heard_ns = now_ns
            end_ns = end_ns or now_ns + int(span_s * 1e9)
            wait_s = (end_ns - now_ns) / 1e9
        return self._samples(reads) if reads else None

    def close(self) -> None:
        """Disconnect: liblsl does so when nobody holds the inlet any more."""
        del self._inlet

    def _pull(self, wait_s: float) -> tuple[NDArray[Any], Floats]:
        """Wait for samples worth 16 ms; return them with all that are there."""
        values, stamp_s = self._asked(
            lambda: self._inlet.pull_chunk(
                wait_s, max_samples=PULL_SAMPLES, min_samples=self._wake_samples
            )
        )
        return values, stamp_s

    def _samples(self, reads: list[tuple[NDArray[Any], Floats, int]]) -> Samples:
        self._follow_clock()
        values = np.concatenate([values for values, _, _ in reads])
        stamp_s = np.concatenate([stamp_s for _, stamp_s, _ in reads])
        stamp_s = np.nan_to_num(stamp_s, posinf=0.0, neginf=0.0)
        stamp_s = stamp_s.clip(-_STAMP_LIMIT_S, _STAMP_LIMIT_S)
        arrival_ns = np.repeat([now_ns for *_, now_ns in reads], [len(s) for _, s, _ in reads])
        return Samples(self._counts(values), self._aux(stamp_s), stamp_s, arrival_ns)

    def _counts(self, values: NDArray[Any]) -> NDArray[np.int32]:
        counts = values[:, self._picked].astype(np.float64) * self._counts_per_unit
        counts = np.rint(counts).clip(-RAIL_COUNTS, RAIL_COUNTS)
        return np.nan_to_num(counts, nan=MISSING_COUNT).astype(np.int32)

    def _aux(self, stamp_s: Floats) -> NDArray[np.int32]:
        correction_us = 0 if self._correction_s is None else round(self._correction_s * 1e6)
        correction_us += self._offset_ns // 1000
        aux = np.empty((len(stamp_s), len(AUX_LABELS)), np.int64)
        aux[:, 0] = np.rint(stamp_s * 1e6) + correction_us
        aux[:, 1] = MISSING_COUNT if self._correction_s is None else correction_us
        return aux.astype(np.uint32).view(np.int32)

    def _follow_clock(self) -> None:
        """Take over what liblsl measures meanwhile, in a thread of its own, of the host's clock."""
        try:
            self._correction_s = float(self._inlet.time_correction(0.0))
        except self._pylsl.util.TimeoutError:
            return
        except RuntimeError:  # the stream has ended: the next pull says so
            return

    def _await(self, ask: Callable[[float], Any]) -> Any:
        """Ask again and again until there is an answer."""
        limit_ns = self._monotonic_ns() + int(ANSWERS_WITHIN_S * 1e9)
        while self._monotonic_ns() < limit_ns:
            if self._closing.is_set():
                raise Closing
            try:
                return self._asked(lambda: ask(_STEP_S))
            except self._pylsl.util.TimeoutError:
                continue
        text = "the program that sends it does not answer: restart it"
        raise BoardFault(FaultKind.SILENT, f"{self._port}: {text}")

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except self._pylsl.util.LostError as error:
            text = f"{self._port}: the program that sent it has gone: start it again"
            raise BoardFault(FaultKind.UNPLUGGED, text) from error
        except self._pylsl.util.TimeoutError:
            raise
        except RuntimeError as error:
            raise BoardFault(FaultKind.REFUSED, f"{self._port}: {error}") from error
