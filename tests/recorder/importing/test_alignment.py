from dataclasses import replace

import numpy as np
import pytest

from recorder.importing.alignment import Timed, aligned, pulses_s
from recorder.importing.brought import Brought, FileClock, Stretch
from recorder.importing.clock import line_of

TRUE_OFFSET_S = 2.25  # from the first's first sample to the second's


def train_s(n: int = 60, seed: int = 1) -> np.ndarray:
    return 5 + np.cumsum(np.random.default_rng(seed).uniform(0.5, 1.5, n))


def board(
    begin_s: float,
    clock: FileClock,
    pulses: np.ndarray,
    *,
    rate_hz: float = 250.0,
    drift: float = 0,
) -> Timed:
    """A minute and a half that begins at `begin_s` of true time; the file's clock is its own."""
    n = 22_500
    index = np.arange(n)
    t_s = begin_s + index / (rate_hz * (1 + drift))
    level = np.zeros((n, 1), np.int32)
    for at_s in pulses:
        level[(t_s >= at_s) & (t_s < at_s + 0.05), 0] = 1
    origin_ns = {"utc": 1_600_000_000_000_000_000, "day": 3_600_000_000_000}.get(clock, 0)
    begin_ns = origin_ns + (round(begin_s * 1e9) if clock in ("utc", "day") else 0)
    stretch = Stretch(index, np.zeros((n, 1), np.int32), level, None, begin_ns)
    brought = Brought(
        *("", "text", "cyton", "text", rate_hz, 0.022, 2**23 - 1),
        *(("F3",), ("eeg",), ("",), (0.0,), (stretch,), clock),
        aux_labels=("D11",),
    )
    return Timed(brought, (line_of(stretch, brought),))


def offset_s(people: list[Timed], **how: object) -> tuple[float, str]:
    found = aligned(people, **{"one_file": False, "offset_s": None, "by": None, **how})  # type: ignore[arg-type]
    begins = [m.of(p.begin_ns) for m, p in zip(found.mappings, people, strict=True)]
    return (begins[1] - begins[0]) * 1e-9, found.by


@pytest.mark.parametrize("clock", ["utc", "day"])
def test_time_stamps_of_one_kind_align(clock: FileClock) -> None:
    people = [board(0, clock, train_s(0)), board(TRUE_OFFSET_S, clock, train_s(0))]
    assert offset_s(people) == (TRUE_OFFSET_S, "time stamps")


def test_an_offset_that_is_given_goes_before_all() -> None:
    people = [board(0, "utc", train_s()), board(TRUE_OFFSET_S, "utc", train_s())]
    assert offset_s(people, offset_s=-1.5) == (-1.5, "an offset of -1.5 s")


@pytest.mark.parametrize("clocks", [("none", "none"), ("utc", "none"), ("own", "day")])
def test_a_trigger_aligns_where_the_stamps_do_not(clocks: tuple[FileClock, FileClock]) -> None:
    first = board(0, clocks[0], train_s())
    second = board(TRUE_OFFSET_S, clocks[1], train_s(), drift=0.0015)
    found, by = offset_s([first, second])
    assert by == "the trigger on D11"
    assert found == pytest.approx(TRUE_OFFSET_S, abs=0.006)


def test_a_trigger_takes_out_what_two_boards_drift_apart() -> None:
    first, second = board(0, "none", train_s()), board(2.25, "none", train_s(), drift=0.0015)
    found = aligned([first, second], one_file=False, offset_s=None, by="trigger")
    ends = [m.of(p.end_ns) for m, p in zip(found.mappings, (first, second), strict=True)]
    true_s = TRUE_OFFSET_S + 22_499 / (250 * 1.0015) - 22_499 / 250
    assert (ends[1] - ends[0]) * 1e-9 == pytest.approx(true_s, abs=0.006)


def test_a_single_pulse_aligns_two_files() -> None:
    people = [board(0, "none", np.array([30.0])), board(2.25, "none", np.array([30.0]))]
    assert offset_s(people)[0] == pytest.approx(TRUE_OFFSET_S, abs=0.005)


def test_pulses_are_when_the_pin_becomes_active() -> None:
    np.testing.assert_allclose(
        pulses_s(board(1, "none", train_s()), "D11"), train_s() - 1, atol=0.004
    )


@pytest.mark.parametrize(
    ("people", "how", "why"),
    [
        ([board(0, "none", train_s(0)), board(1, "utc", train_s(0))], {}, "first file: none"),
        ([board(0, "own", train_s(0)), board(1, "own", train_s(0))], {}, "no other file has"),
        ([board(0, "utc", train_s(0)), board(200, "utc", train_s(0))], {}, "share no time: 110"),
        (
            [board(0, "utc", train_s()), board(1, "none", train_s())],
            {"by": "stamps"},
            "second: none",
        ),
        (
            [board(0, "none", train_s()), board(1, "none", train_s(60, seed=2))],
            {},
            "the trigger on D11: ",
        ),
        (
            [board(0, "none", np.arange(8, 88, 1.0)), board(2.5, "none", np.arange(8, 88, 1.0))],
            {},
            "too regular|fit",
        ),
        (
            [board(0, "none", train_s(2)), board(1, "none", train_s(3))],
            {},
            "2 and 3 pulses are too few",
        ),
    ],
)
def test_what_nothing_tells_is_refused_and_says_what_to_give(
    people: list[Timed], how: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        offset_s(people, **how)
    assert "give --offset" in str(caught.value)


def test_a_pin_that_only_one_file_has_aligns_nothing() -> None:
    first, second = board(0, "none", train_s()), board(1, "none", train_s())
    bare = replace(second, brought=replace(second.brought, aux_labels=()))
    with pytest.raises(ValueError, match="give --offset"):
        offset_s([first, bare])
