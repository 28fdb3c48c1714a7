import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.emulated.air import Air, Chances, Transit
from hardware.emulated.faults import FaultType, ScriptedFault


def frame(number: int) -> bytes:
    return number.to_bytes(4, "big") + bytes(29)


def numbers(frames: list[bytes]) -> list[int]:
    return [int.from_bytes(f[:4], "big") for f in frames]


def clean_air() -> Air:
    return Air(Chances(), np.random.default_rng(1))


def carry(air: Air, first: int, n: int) -> list[bytes]:
    return [arrived for k in range(first, first + n) for arrived in air.carry(frame(k))]


def test_without_faults_all_frames_arrive_unchanged() -> None:
    air = clean_air()
    assert carry(air, 0, 50) == [frame(k) for k in range(50)]
    assert (air.sent, air.lost, air.late, air.duplicate, air.damaged) == (50, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [
        ((FaultType.LOSE, 3), [0, 1, 5, 6, 7, 8, 9]),
        ((FaultType.LATE, 1), [0, 1, 3, 2, 4, 5, 6, 7, 8, 9]),
        ((FaultType.LATE, 4), [0, 1, 3, 4, 5, 6, 2, 7, 8, 9]),
        ((FaultType.DUPLICATE, 1), [0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_an_ordered_fault_befalls_the_next_frame(
    fault: tuple[FaultType, int], arrived: list[int]
) -> None:
    air = clean_air()
    first = carry(air, 0, 2)
    air.order(ScriptedFault(0, *fault))
    assert numbers(first + carry(air, 2, 8)) == arrived
    assert air.sent == len(set(arrived))
    assert air.lost == 10 - len(set(arrived))
    assert air.duplicate == len(arrived) - len(set(arrived))
    assert air.late == (fault[0] is FaultType.LATE)


def test_two_late_frames_come_each_at_its_time() -> None:
    air = clean_air()
    air.order(ScriptedFault(0, FaultType.LATE, 6))
    air.order(ScriptedFault(0, FaultType.LATE, 2))
    assert numbers(carry(air, 0, 10)) == [2, 3, 1, 4, 5, 6, 0, 7, 8, 9]
    assert air.late == 2


@pytest.mark.parametrize("n", [1, 5, 33])
def test_ordered_damage_hits_so_many_bytes_of_one_frame(n: int) -> None:
    air = clean_air()
    air.order(ScriptedFault(0, FaultType.FLIP, n))
    air.order(ScriptedFault(0, FaultType.DROP, n))
    flipped = Air(Chances(), np.random.default_rng(2))
    flipped.order(ScriptedFault(0, FaultType.FLIP, n))
    (hurt,) = flipped.carry(bytes(33))
    assert [bin(octet).count("1") for octet in hurt].count(1) == n
    assert len(air.carry(frame(0))[0]) == 33 - n
    assert air.carry(frame(1)) == [frame(1)]
    assert air.damaged == 1


def test_a_cut_loses_what_was_held_back() -> None:
    air = clean_air()
    air.order(ScriptedFault(0, FaultType.LATE, 5))
    assert numbers(carry(air, 0, 3)) == [1, 2]
    air.cut()
    assert numbers(carry(air, 3, 9)) == list(range(3, 12))
    assert (air.sent, air.lost, air.late) == (11, 1, 0)


def test_chances_come_out_as_stated_and_again_with_the_same_seed() -> None:
    def run() -> tuple[list[bytes], Air]:
        air = Air(Chances(loss=0.05, byte_drop=0.001, byte_flip=0.002), np.random.default_rng(3))
        return carry(air, 0, 10_000), air

    arrived, air = run()
    assert air.lost == pytest.approx(500, rel=0.15)
    missing = 33 * len(arrived) - sum(map(len, arrived))
    assert missing == pytest.approx(0.001 * 33 * 9_500, rel=0.15)
    assert air.damaged == pytest.approx(9_500 * (1 - 0.997**33), rel=0.1)
    assert run()[0] == arrived


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_a_chance_is_between_0_and_1(chance: float) -> None:
    with pytest.raises(ValueError, match="not a chance"):
        Chances(loss=chance)


@given(
    orders=st.lists(
        st.tuples(
            st.integers(0, 80),
            st.sampled_from((FaultType.LOSE, FaultType.LATE, FaultType.DUPLICATE)),
            st.integers(1, 9),
        ),
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_frame_is_sent_once_or_lost(orders: list[tuple[int, FaultType, int]]) -> None:
    air = clean_air()
    arrived: list[int] = []
    for k in range(120):
        for at, kind, amount in orders:
            if at == k:
                air.order(ScriptedFault(0, kind, amount))
        arrived += numbers(air.carry(frame(k)))
    air.cut()
    assert len(set(arrived)) == air.sent
    assert air.sent + air.lost == 120
    assert len(arrived) == air.sent + air.duplicate


def test_a_transit_takes_its_time_and_keeps_the_order() -> None:
    transit = Transit(0.0072)
    assert (transit.delay_ns, transit.next_ns, transit.take(10**12)) == (7_200_000, None, [])
    for at_ms, piece in enumerate((b"first", b"second", b"third")):
        transit.send(piece, at_ms * 10**6)
    assert transit.next_ns == 7_200_000
    assert transit.take(7_199_999) == []
    assert transit.take(8_200_000) == [b"first", b"second"]
    assert transit.next_ns == 9_200_000
    transit.clear()
    assert transit.take(10**12) == []
