"""Keys, a foot switch and a button at once: every press is a mark of its own time, in order."""

import os
from pathlib import Path

import numpy as np
import pytest

from hardware.buttons.keys import EV_KEY, EVENT, KeyPresses
from hardware.trigger.gpio import GpioEdges
from hardware.trigger.steady import Debounced, KeptOpen
from recorder.companions.buttons import BUTTON, FOOT_SWITCH, Button, Buttons, buttons_of
from recorder.recording.session import Session
from recorder.settings.buttons import ButtonSettings, FootSwitchSettings
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.hardware.trigger.gpio_chip import GpioChip
from tests.recorder.bedside import Bedside

A_MINUTE_S, PRESSES = 60, 300
WITHIN_NS = 20_000_000
HELD_S = 0.08


class Ward(Bedside):
    """A bedside with a foot switch on a pipe, a button on a simulated line, and a keyboard."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "sessions")
        self.pedal = directory / "event3"
        os.mkfifo(self.pedal)
        self._end = os.open(self.pedal, os.O_RDWR)
        self.chip = GpioChip()
        keys = KeyPresses(FOOT_SWITCH, str(self.pedal), take=lambda _: None)
        line = GpioEdges(
            BUTTON,
            "/dev/gpiochip0",
            "A",
            active_low=True,
            pull="up",
            request_lines=self.chip.request_lines,
        )
        steady = Debounced(line, 0.02, self.clock)
        self.recorder.buttons = Buttons(
            [
                Button(KeptOpen(keys, self.clock), "pedal", {"B": "shift"}),
                Button(KeptOpen(steady, self.clock), "button"),
            ]
        )
        self.stream_both(A_MINUTE_S + 10)
        self.recorder.start()
        self.run_until(4)
        self.session = self.start()

    def press(self, source: str, label: str) -> None:
        now_ns = self.clock()
        if source == "":
            self.recorder.mark(label)
        elif source == FOOT_SWITCH:
            code = 48 if label == "shift" else 30
            self._send(now_ns, code, 1)
            self._send(now_ns + round(HELD_S * 5e8), code, 2)
            self._send(now_ns + round(HELD_S * 1e9), code, 0)
        else:
            self.chip.change(0, 0, now_ns)
            for bounce_ns in (200_000, 500_000):
                self.chip.change(0, int(bounce_ns < 300_000), now_ns + bounce_ns)
            self.chip.change(0, 1, now_ns + round(HELD_S * 1e9))

    def unplug(self) -> None:
        os.close(self._end)

    def _send(self, t_ns: int, code: int, value: int) -> None:
        octets = EVENT.pack(t_ns // 10**9, t_ns % 10**9 // 1000, EV_KEY, code, value)
        os.write(self._end, octets)


def marks(path: Path) -> list[tuple[int, str, str]]:
    assert verify(path).ok
    with SessionReader(path) as file:
        return [(row.t_ns, row.label, row.source) for row in file.markers()]


def test_300_marks_in_a_minute_are_all_stored_in_order_at_their_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    ward = Ward(tmp_path)
    sources = ("", FOOT_SWITCH, BUTTON)
    labels = {"": ["music starts", ""], FOOT_SWITCH: ["shift", "pedal"], BUTTON: ["button"]}
    pressed = []
    for number in range(PRESSES):
        source = sources[number % 3]
        label = str(rng.choice(labels[source]))
        ward.clock.advance(float(rng.uniform(0.09, 0.31)))
        pressed.append((ward.clock(), label, source))
        ward.press(source, label)
        ward.recorder.tick()
    ward.run_until(4 + A_MINUTE_S + 2)
    assert pressed[-1][0] - pressed[0][0] < A_MINUTE_S * 10**9
    assert ward.session.markers == PRESSES

    stored = marks(ward.stop())
    assert [(label, source) for _, label, source in stored] == [it[1:] for it in pressed]
    off = [abs(t_ns - at_ns) for (t_ns, *_), (at_ns, *_) in zip(stored, pressed, strict=True)]
    assert max(off) <= WITHIN_NS


def test_a_press_before_the_session_is_none_of_its_marks(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.recorder.detach()
    ward.press(FOOT_SWITCH, "shift")
    ward.run_until(6)
    ward.recorder.attach(ward.session)
    ward.session.started_t_ns = ward.clock()
    ward.run_until(7)
    assert marks(ward.stop()) == []


def test_what_is_pressed_while_the_disk_stalls_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = Ward(tmp_path)
    real = Session.mark

    def stalled(*_: object, **__: object) -> float:
        raise OSError("the disk does not keep up")

    monkeypatch.setattr(Session, "mark", stalled)
    at_ns = ward.clock()
    ward.press(FOOT_SWITCH, "shift")
    ward.run_until(6)
    monkeypatch.setattr(Session, "mark", real)
    ward.press(FOOT_SWITCH, "pedal")
    ward.run_until(7)
    stored = marks(ward.stop())
    assert [label for _, label, _ in stored] == ["shift", "pedal"]
    assert stored[0][0] == pytest.approx(at_ns, abs=1000)


def test_a_foot_switch_that_is_pulled_out_is_an_alarm_until_it_is_back(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.unplug()
    ward.run_until(5)
    assert "is gone" in ward.recorder.buttons.faults[FOOT_SWITCH]
    again = os.open(ward.pedal, os.O_RDWR)
    ward.run_until(11)
    assert ward.recorder.buttons.faults == {}
    os.close(again)
    ward.stop()


def test_what_is_configured_is_opened(tmp_path: Path) -> None:
    config = Config(
        foot_switch=FootSwitchSettings(device="/dev/none"), button=ButtonSettings(line="17")
    )
    bed = Bedside(tmp_path, config=config)
    buttons = buttons_of(config, bed.clock)
    buttons.open()
    assert buttons.poll() == []
    assert set(buttons.faults) == {FOOT_SWITCH, BUTTON}
    assert buttons_of(Config(), bed.clock).faults == {}
    buttons.close()
