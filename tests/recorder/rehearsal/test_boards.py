import re
from pathlib import Path

import numpy as np
import pytest

from hardware.cyton.discovery import conflicts, identify
from hardware.emulated.cyton import FirstState
from hardware.emulated.faults import FaultType
from hardware.emulated.releases import Version
from hardware.emulated.replay import ReplaySource
from hardware.emulated.synthetic import SyntheticSource
from recorder.rehearsal.boards import DEFAULT_RATES_HZ, Plan, true_course
from recorder.settings.board import ROLES
from tests.hardware.emulated_port import served
from tests.places import RECORDINGS
from tests.recorder.command_line import Shell

RECORDING = RECORDINGS / "openbci" / "gui_v6_blinks-jawClench-alpha.txt"
DYAD = RECORDINGS / "dyad" / "two_wearers.npz"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def shared(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"no {path.name} here")
    return path


def recorded(path: Path, channels: int, persons: int = 1) -> Path:
    """A recording of a few samples."""
    x_uv = np.random.default_rng(channels).normal(0, 10, (persons, channels, 50))
    np.savez(path, x_uV=x_uv, fs=250.0)
    return path


def test_without_orders_it_is_two_people_at_two_true_rates() -> None:
    plan = Plan()
    assert plan.rates_hz == DEFAULT_RATES_HZ
    assert plan.rates_hz[0] != plan.rates_hz[1]
    assert [type(source) for source in plan.sources] == [SyntheticSource] * 2
    patient, therapist = (source.packets(0, 1000)[1] for source in plan.sources)
    assert not np.array_equal(patient, therapist)


def test_each_board_has_a_radio_channel_of_its_own(tmp_path: Path) -> None:
    links = {role: tmp_path / role for role in ROLES}
    patient, therapist = (board.radio_channel for board in Plan()._behaviours)
    assert patient != therapist
    with served(Plan().emulator(links)):
        found = [identify(str(links[role])) for role in ROLES]
    assert [board.radio_channel for board in found] == [patient, therapist]
    assert conflicts(found) == []


def test_each_board_has_the_firmware_that_is_asked_for() -> None:
    plan = Plan(firmwares=("patient:1", "therapist:2.0.0", "patient:3.1.1"))
    assert [board.firmware for board in plan._behaviours] == [Version.V3_1_1, Version.V2]
    assert {board.firmware for board in Plan()._behaviours} == {Version.V3_1_2}
    with pytest.raises(ValueError, match=r"no such firmware: 9; known: 1, 2\.0\.0"):
        Plan(firmwares=("patient:9",))


def test_a_seed_gives_the_same_people_again() -> None:
    def counts(seed: int) -> list[int]:
        rows = Plan(seed=seed).sources[0].packets(0, 500)[1]
        return [int(value) for value in rows.ravel()]

    assert counts(1) == counts(1)
    assert counts(1) != counts(2)


def test_faults_and_states_go_to_the_person_they_are_meant_for() -> None:
    plan = Plan(
        faults=("patient:10:stall:2", "therapist:5:lose:3", "patient:20:unplug:5"),
        states=("therapist:off",),
        rates_hz=(250.0, 249.5),
        burst_ms=16.0,
        loss=0.01,
    )
    patient, therapist = plan._behaviours
    assert [(fault.at_s, fault.type) for fault in patient.faults] == [
        (10.0, FaultType.STALL),
        (20.0, FaultType.UNPLUG),
    ]
    assert [(fault.type, fault.amount) for fault in therapist.faults] == [(FaultType.LOSE, 3.0)]
    assert (patient.first_state, therapist.first_state) == (FirstState.READY, FirstState.OFF)
    assert (patient.rate_hz, therapist.rate_hz) == (250.0, 249.5)
    assert (patient.burst_ms, patient.chances.loss) == (16.0, 0.01)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"rates_hz": (250.0,)}, "give --rate twice"),
        ({"rates_hz": (250.0, 250.0, 250.0)}, "give --rate twice"),
        ({"faults": ("patient",)}, "begin with patient: or therapist:"),
        ({"faults": ("nurse:10:stall:2",)}, "begin with patient: or therapist:"),
        ({"faults": ("patient:10:explode:2",)}, "KIND one of"),
        ({"faults": ("therapist:10:stall",)}, "needs an amount"),
        ({"faults": ("therapist:soon:stall:2",)}, "therapist:soon|soon:stall"),
        ({"states": ("therapist:asleep",)}, "no such state: asleep; known: ready"),
        ({"states": ("asleep",)}, "begin with patient: or therapist:"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    arguments: dict[str, tuple[str, ...]], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        Plan(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        Plan(replays=(tmp_path / "none.txt", tmp_path / "none.txt"))
    assert "none.txt" in str(missing.value)


def test_one_file_of_two_people_is_replayed_to_both() -> None:
    plan = Plan(replays=(shared(DYAD),))
    assert [type(source) for source in plan.sources] == [ReplaySource] * 2
    patient, therapist = (source.packets(0, 1000)[1] for source in plan.sources)
    assert not np.array_equal(patient, therapist)


def test_one_file_of_one_person_must_be_given_twice() -> None:
    with pytest.raises(ValueError, match="holds one person: give --replay a second time"):
        Plan(replays=(shared(RECORDING),))
    patient, therapist = Plan(replays=(RECORDING, RECORDING)).sources
    np.testing.assert_array_equal(patient.packets(0, 500)[1], therapist.packets(0, 500)[1])
    with pytest.raises(ValueError, match="at most twice"):
        Plan(replays=(RECORDING, RECORDING, RECORDING))


def test_the_channels_of_a_recording_are_given_names(tmp_path: Path) -> None:
    a, b = recorded(tmp_path / "a.npz", 4), recorded(tmp_path / "b.npz", 3)
    assert [
        source.labels for source in Plan(replays=(a, a), channels=("F3,F4, O1 ,O2",)).sources
    ] == [("F3", "F4", "O1", "O2")] * 2
    each = Plan(replays=(a, b), channels=("F3,F4,O1,O2", "F7,F8,Pz")).sources
    assert [source.labels for source in each] == [("F3", "F4", "O1", "O2"), ("F7", "F8", "Pz")]
    plain = Plan(replays=(a, b)).sources
    assert [source.labels for source in plain] == [
        tuple(f"EXG{number}" for number in range(1, n + 1)) for n in (4, 3)
    ]
    np.testing.assert_array_equal(each[0].packets(0, 50)[1], plain[0].packets(0, 50)[1])


def test_two_people_in_one_file_may_be_named_alike_or_each(tmp_path: Path) -> None:
    both = recorded(tmp_path / "both.npz", 2, persons=2)
    for channels, labels in {
        ("F3,F4",): [("F3", "F4")] * 2,
        ("F3,F4", "O1,O2"): [("F3", "F4"), ("O1", "O2")],
    }.items():
        assert [one.labels for one in Plan(replays=(both,), channels=channels).sources] == labels


@pytest.mark.parametrize(
    ("channels", "complaint"),
    [
        (("F3,F4",), "--channels names 2, .*a.npz holds 4 channels"),
        (("F3,F4,O1,O2", "F3"), "--channels names 1, .*a.npz holds 4 channels"),
        (("F3,F4,O1,F3",), "two channels have the same label"),
        (("F3,,O1,O2",), "'' is no label; give such as F3,F4,Fz"),
        (("F3\nF4,O1,O2,Pz",), "is no label"),
        (("F3;F4;O1;O2",), "is no label"),
        (("F3,F4,O1,O2",) * 3, "give --channels once for both, or"),
    ],
)
def test_channels_that_are_not_those_of_the_recordings_are_refused(
    shell: Shell, tmp_path: Path, channels: tuple[str, ...], complaint: str
) -> None:
    path = recorded(tmp_path / "a.npz", 4)
    words = [word for text in channels for word in ("--channels", text)]
    asked = ("emulate", "--dir", tmp_path / "ports", "--replay", path, "--replay", path, *words)
    code, text = shell.failure(*asked)
    assert code == 64
    assert re.search(complaint, text)
    assert not (tmp_path / "ports").exists()


def test_channels_without_a_recording_are_refused(shell: Shell, tmp_path: Path) -> None:
    code, text = shell.failure("emulate", "--dir", tmp_path / "ports", "--channels", "F3,F4")
    assert (code, text) == (64, "--channels names what --replay sends: give --replay too")


def test_ports_are_there_while_the_emulator_is(tmp_path: Path) -> None:
    links = {role: tmp_path / role for role in ROLES}
    with Plan().emulator(links) as emulator:
        assert all(link.is_char_device() for link in links.values())
        emulator.run(lambda: True)
        assert [board["sent"] for board in emulator.truth()] == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_the_truth_is_csv_that_two_runs_agree_on(shell: Shell) -> None:
    told = shell("emulate", "--truth", 30, "--seed", 7).out
    assert told == true_course(7, 30)
    header, *rows = told.splitlines()
    assert header == "t_s,faa_patient,faa_therapist,coupled"
    assert [int(row.split(",")[0]) for row in rows] == list(range(30))
    assert true_course(8, 30) != told


def test_orders_are_checked_before_anything_is_made(shell: Shell, tmp_path: Path) -> None:
    ports = tmp_path / "ports"
    code, text = shell.failure("emulate", "--dir", ports, "--fault", "patient:1:explode:2")
    assert (code, "KIND one of" in text) == (65, True)
    code, text = shell.failure("emulate", "--dir", ports, "--replay", "none", "--replay", "none")
    assert (code, "none" in text) == (66, True)
    assert not ports.exists()


CAPTURE = """# antiphon.capture/1 {"role": "patient", "channels": ["F3", "F4"]}
0.000000000 > 76
0.100000000 < 4f70656e424349242424
"""


def test_captures_are_played_with_the_channels_that_they_name(tmp_path: Path) -> None:
    file = tmp_path / "1.capture"
    file.write_text(CAPTURE)
    plan = Plan(replays=(file, file))
    assert plan.labels(0) == ("F3", "F4", "EXG3", "EXG4", "EXG5", "EXG6", "EXG7", "EXG8")
    renamed = Plan(replays=(file, file), channels=("A,B,C,D,E,F,G,H",))
    assert renamed.labels(1) == tuple("ABCDEFGH")


@pytest.mark.parametrize(
    "orders",
    [
        {"loss": 0.1},
        {"faults": ("patient:1:duplicate",)},
        {"states": ("patient:off",)},
        {"firmwares": ("patient:1",)},
        {"train": True},
    ],
)
def test_a_capture_is_played_as_it_is(tmp_path: Path, orders: dict[str, object]) -> None:
    file = tmp_path / "1.capture"
    file.write_text(CAPTURE)
    with pytest.raises(ValueError, match="as it is"):
        Plan(replays=(file, file), **orders)  # type: ignore[arg-type]


def test_a_capture_holds_one_person(tmp_path: Path) -> None:
    file, other = tmp_path / "1.capture", recorded(tmp_path / "two.npz", 8, 2)
    file.write_text(CAPTURE)
    for replays in ((file,), (file, other), (file, file, file)):
        with pytest.raises(ValueError, match="give --replay twice"):
            Plan(replays=replays)


def test_a_damaged_capture_is_told(tmp_path: Path) -> None:
    file = tmp_path / "1.capture"
    file.write_text(CAPTURE + "x\n")
    with pytest.raises(ValueError, match="line 4 is damaged"):
        Plan(replays=(file, file))
