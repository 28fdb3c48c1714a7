"""What a row in the writer's queue weighs, and whether it may wait for the next commit."""

from recorder.store.rows import BlockRow, EventRow, MarkerRow, MeasureRows, Row

# Python objects around the numbers of one row, rounded up.
ROW_BYTES = 1024
URGENT_EVENTS = ("session", "note")


def weight(row: Row) -> int:
    """What a row occupies in the queue, an upper estimate in bytes."""
    if isinstance(row, BlockRow):
        arrays = (row.counts, row.aux, row.arrival_index, row.arrival_ns)
        return ROW_BYTES + sum(array.nbytes for array in arrays)
    return ROW_BYTES + (4 * row.value.nbytes if isinstance(row, MeasureRows) else 0)


def is_urgent(row: Row) -> bool:
    """Whether somebody waits for it to be on disk."""
    return isinstance(row, MarkerRow) or (isinstance(row, EventRow) and row.kind in URGENT_EVENTS)
