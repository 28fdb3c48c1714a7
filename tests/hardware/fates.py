"""What can become of packets on their way, and the order in which they then arrive."""

from hypothesis import strategies as st

Fate = tuple[str, int]


def fates_within(packets: int) -> st.SearchStrategy[Fate]:
    """What becomes of a packet that so many others may overtake."""
    return st.one_of(
        st.just(("normal", 0)),
        st.just(("lost", 0)),
        st.tuples(st.just("late"), st.integers(1, packets)),
        st.tuples(st.just("twice"), st.integers(0, packets)),
    )


fates = fates_within(100)
kept_fates = fates_within(25)  # as many as a dongle keeps: later ones may be another board's


def order_of_arrival(fate_of: list[Fate]) -> list[int]:
    """Packets in the order of arrival; every 20th comes in time, or nothing could be told."""
    when: list[tuple[float, int]] = []
    for packet, (fate, delay) in enumerate(fate_of):
        if packet % 20 == 0 or fate in ("normal", "twice"):
            when.append((packet, packet))
        if packet % 20 and fate in ("late", "twice"):
            when.append((packet + delay + 0.5, packet))
    return [packet for _, packet in sorted(when)]
