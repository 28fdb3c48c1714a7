"""A session as LSL streams, as LabRecorder records them and pyxdf reads them."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, BoardInfo
from hardware.lsl.outlets import CHUNK_S, OutletPerson, Outlets, OutletSeries, loopback_only
from tests.hardware.lsl.bench import LIMIT_S, SETTINGS, lsl, until
from tests.hardware.lsl.lab_recorder import lab_recorder

INFO = BoardInfo("cyton", "/dev/ttyUSB0", "DM01", "v3.1.2", 250.0, 8, 0.02235, 2**23 - 1, ())
LABELS = ("F3", "F4", "Fz", "P3")
PEOPLE = [OutletPerson(role, LABELS, "SRB2", INFO) for role in ("patient", "therapist")]
SERIES = [OutletSeries("faa patient F4-F3 alpha", 10.0), OutletSeries("plv F3-F3 alpha", 30.0)]
PERIOD_NS = 3_992_000  # 250.5 Hz, as a Cyton may have
STEP = 10


@pytest.fixture
def outlets() -> Iterator[Outlets]:
    lsl()
    made = Outlets("S1", PEOPLE, SERIES, settings=SETTINGS)
    yield made
    made.close()


def block(first: int, counts: NDArray[np.int32], *, late: bool = False) -> Block:
    n = len(counts)
    return Block(0, first, counts, np.zeros((n, 0), np.int32), np.zeros(n, np.int64), late)


def inlet_of(outlets: Outlets, person: int) -> Any:
    """A reader of one person's stream, connected."""
    pylsl, source = lsl(), f"antiphon-S1-{PEOPLE[person].role}"
    found = pylsl.resolve_byprop("source_id", source, timeout=LIMIT_S)
    inlet = pylsl.StreamInlet(found[0], as_numpy=True)
    inlet.open_stream(LIMIT_S)
    assert outlets._eegs[person].wait_for_consumers(LIMIT_S)
    return inlet


def pull(inlet: Any, n: int) -> tuple[NDArray[Any], NDArray[np.float64]]:
    values, stamps_s = inlet.pull_chunk(LIMIT_S, max_samples=n)
    return values, stamps_s


# --- what is sent -------------------------------------------------------------------------------


def test_a_chunk_goes_out_every_100_ms(outlets: Outlets) -> None:
    inlet = inlet_of(outlets, 0)
    counts = np.arange(4 * 30, dtype=np.int32).reshape(30, 4)
    t_ns = 10**12 + np.arange(30) * PERIOD_NS
    assert 20 < CHUNK_S * INFO.rate_hz <= 30
    for start in (0, 10):
        outlets.push_block(0, block(start, counts[start : start + 10]), t_ns[start : start + 10])
    assert len(pull_now(inlet)) == 0
    outlets.push_block(0, block(20, counts[20:]), t_ns[20:])
    values, stamps_s = pull(inlet, 30)
    np.testing.assert_allclose(values, counts * INFO.uv_per_count, rtol=1e-6)
    np.testing.assert_allclose(stamps_s, t_ns / 1e9, atol=1e-6, rtol=0)


def pull_now(inlet: Any) -> Any:
    return inlet.pull_chunk(0.05, max_samples=1)[1]


def test_late_samples_and_further_channels_are_left_out_and_missing_counts_are_nan(
    outlets: Outlets,
) -> None:
    inlet = inlet_of(outlets, 1)
    counts = np.full((25, 8), 100, np.int32)
    counts[3, 1] = MISSING_COUNT
    t_ns = 10**12 + np.arange(25) * PERIOD_NS
    outlets.push_block(1, block(0, counts + 1, late=True), t_ns)
    outlets.push_block(1, block(25, counts), t_ns)
    values, _ = pull(inlet, 25)
    expected = np.full((25, 4), 2.235, np.float32)
    expected[3, 1] = np.nan
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_closing_takes_the_streams_away() -> None:
    pylsl = lsl()
    outlets = Outlets("S2", PEOPLE, [], settings=SETTINGS)
    gone = pylsl.ContinuousResolver(pred="starts-with(source_id,'antiphon-S2-')", forget_after=0.5)
    until(lambda: len(gone.results()) == 3)  # no measures: no stream of them
    outlets.push_measures(0, np.empty(0))
    outlets.close()
    until(lambda: gone.results() == [])


# --- who hears it -------------------------------------------------------------------------------


def sockets() -> dict[int, tuple[int, bytes]]:
    """This process's internet sockets by inode: port, and the device it hears; b"" is any."""
    found = {}
    for entry in list(Path("/proc/self/fd").iterdir()):
        if not entry.is_socket():
            continue
        with socket.socket(fileno=os.dup(int(entry.name))) as one:
            if one.family == socket.AF_INET:
                device = one.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
                inode = os.fstat(one.fileno()).st_ino
                found[inode] = one.getsockname()[1], device.rstrip(b"\0")
    return found


def test_nobody_on_the_network_can_connect() -> None:
    """liblsl listens on all addresses, and its discovery, too, answers whoever asks."""
    lsl()
    before = sockets()
    outlets = Outlets("S3", PEOPLE, SERIES, settings=SETTINGS)
    opened = [of for inode, of in sockets().items() if inode not in before]
    outlets.close()
    discovery, ports = 16571, {port for port, _ in opened}
    assert discovery in ports
    assert len(ports) >= 1 + 4
    assert {device for _, device in opened} == {b"lo"}


# --- sockets that a library opens are kept off the network --------------------------------------


def device_of(one: socket.socket) -> bytes:
    return one.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0")


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_what_is_opened_within_hears_only_this_machine(undo: ExitStack) -> None:
    before = undo.enter_context(socket.socket())
    with loopback_only():
        listener = undo.enter_context(socket.socket())
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        datagrams = undo.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        local = undo.enter_context(socket.socket(socket.AF_UNIX))
    after = undo.enter_context(socket.socket())
    assert [device_of(it) for it in (listener, datagrams)] == [b"lo", b"lo"]
    assert [device_of(it) for it in (before, after)] == [b"", b""]
    local.getsockname()  # untouched


def test_this_machine_is_still_served(undo: ExitStack) -> None:
    with loopback_only():
        listener = undo.enter_context(socket.create_server(("", 0)))
    port = listener.getsockname()[1]
    near = undo.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
    far = undo.enter_context(listener.accept()[0])
    far.sendall(b"hello")
    assert near.recv(5) == b"hello"


def test_a_socket_that_was_closed_before_is_not_mistaken(undo: ExitStack) -> None:
    """Descriptors are given out again: only the socket itself tells."""
    old = socket.socket()
    number = old.fileno()
    old.close()
    with loopback_only():
        new = undo.enter_context(socket.socket())
    assert new.fileno() == number
    assert device_of(new) == b"lo"


# --- as others record it ------------------------------------------------------------------------


def label_of(stream: Any) -> list[str]:
    (channels,) = stream["info"]["desc"][0]["channels"]
    return [channel["label"][0] for channel in channels["channel"]]


@pytest.mark.alone
def test_labrecorder_and_pyxdf_find_everything_in_its_place(
    outlets: Outlets, tmp_path: Path
) -> None:
    pyxdf = pytest.importorskip("pyxdf", reason="pyxdf is not installed: pip install pyxdf")
    counts = np.random.default_rng(5).integers(-(2**23), 2**23, (2, 510, 4), np.int32)
    begin_ns = time.monotonic_ns() - 510 * PERIOD_NS
    t_ns = begin_ns + np.arange(510) * PERIOD_NS
    kept = np.r_[0:200, 260:510]  # a hole in the stream of both
    with lab_recorder(tmp_path, "S1", settings=SETTINGS, streams=4) as path:
        for rows in np.split(kept, len(kept) // STEP):
            for person in (0, 1):
                outlets.push_block(person, block(rows[0], counts[person, rows]), t_ns[rows])
        outlets.push_marker(begin_ns + 10**9, "music starts")
        outlets.push_measures(begin_ns + 10**9, np.array([-0.25, np.nan]))
        last_uv = (counts[:, -1] * INFO.uv_per_count).astype("<f4")
        until(lambda: all(row.tobytes() in path.read_bytes() for row in last_uv))
    streams, _ = pyxdf.load_xdf(path)
    by_name = {stream["info"]["name"][0]: stream for stream in streams}

    for person, wearer in enumerate(PEOPLE):
        stream = by_name[f"antiphon {wearer.role}"]
        uv = counts[person, kept] * INFO.uv_per_count
        np.testing.assert_allclose(stream["time_series"], uv, rtol=1e-6)
        np.testing.assert_allclose(stream["time_stamps"], t_ns[kept] / 1e9, atol=1e-3, rtol=0)
        steps_s = np.diff(stream["time_stamps"])
        assert steps_s[199] == pytest.approx(61 * PERIOD_NS / 1e9, abs=1e-6)
        np.testing.assert_allclose(np.delete(steps_s, 199), PERIOD_NS / 1e9, atol=1e-6)
        assert label_of(stream) == list(LABELS)
        assert stream["info"]["source_id"] == [f"antiphon-S1-{wearer.role}"]
        assert stream["info"]["type"] == ["EEG"]

    marker, measure = by_name["antiphon markers"], by_name["antiphon measures"]
    assert marker["time_series"] == [["music starts"]]
    np.testing.assert_array_equal(measure["time_series"], [[-0.25, np.nan]])
    assert label_of(measure) == [series.label for series in SERIES]
    for stream in (marker, measure):
        assert stream["time_stamps"] == pytest.approx([begin_ns / 1e9 + 1.0], abs=1e-3)
