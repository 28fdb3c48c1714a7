"""What alarms and missing values are called: the one place where they become words.

Everything below travels as data (messages.Alarm, Measure.why). A text may use the alarm's `role`,
`of`, `detail` and every name in its `numbers`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from recorder.wire.messages import Alarm

Fill = Callable[[str, Mapping[str, Any]], str]

ALARMS = {
    # boards
    "board": "{role}: {detail}",
    "montage_too_long": "{role}: the montage names {named:.0f} channels, the board has {there:.0f}",
    "pair_split": "{role}: {of} are on different halves of the board: put both on channels 1-8"
    " or 9-16",
    "who_is_who": "who is who? both boards were away, and nothing tells which is back: it is not"
    " recorded. Tap the patient's board (tapped now: {detail}), then press w, or say antiphon"
    " confirm same (it is at the patient's port) or exchanged (at the therapist's)",
    "dongles_alike": "the dongles have no serial numbers of their own: after a power loss nobody"
    " can tell them apart; configure their links in /dev/serial/by-path",
    "firmware_old": "{role}: firmware {of} has no trigger pins and no milliseconds: no trigger is"
    " seen on this board, losses are known by the packets' numbers only, and a second board on its"
    " radio channel stops it: update it to v3.1.2",
    "accel_without_ms": "{role}: firmware {of} has no milliseconds beside the accelerometer: losses"
    " are known by the packets' numbers only, and a second board on its radio channel stops it:"
    " update it to v3.1.2, or set aux to digital",
    "settings_untold": "{role}: the board does not tell how its inputs are set: gain 24 and 250 Hz"
    " are assumed",
    "inputs_unused": "{role}: channels {of} of the board are off, or not on their electrodes:"
    " switch it off and on",
    # the room
    "mains_differ": "the mains here are {found_hz:g} Hz, the configuration says"
    " {configured_hz:g}: set mains_hz",
    "radio_crowded": "{role}: another board is heard on this radio channel ({packets:.0f} packets,"
    " none of them recorded): switch it off, or move one of the two boards and its dongle to"
    " another channel",
    "packets_taken": "{role}: every few packets are missing: another program may be reading"
    " {detail}: close it; if there is none, the board is too far from its dongle",
    "radio_loss": "{role}: the radio loses {percent:.1f} %: move the dongle nearer to the cap, with"
    " nothing in between",
    "nothing_usable": "{role}: nothing usable for {unusable_s:.0f} s: check the ear clip first",
    "caps_off": "nothing usable from either person for {minutes:.0f} min: are the caps off? It is"
    " still recording",
    # time
    "stood_still": "this computer stood still for {paused_s:.1f} s: what the boards sent meanwhile"
    " may be missing",
    "clock_unsure": "{role}: times are only known to ±{sigma_ms:.0f} ms",
    "trigger_silent": "trigger: nothing on {of} for {silent_s:.0f} s: check the camera and the"
    " wire",
    "levels_opposed": "{of} see opposite levels of one trigger, and tie no clocks: one is wired the"
    " wrong way round, or needs active_low",
    "trigger_fault": "{detail}",
    "button_fault": "{detail}",
    "stamps_far": "{of}: stamped {by_s:.0f} s from its arrival: its program does not stamp by LSL's"
    " clock; the arrival is kept beside it",
    "stamps_no_time": "{of}: stamped with what is no time: that is stored at its arrival",
    "stamps_backwards": "{of}: its stamps run backwards, by {by_s:.3g} s: its program's clock was"
    " set, or it sends late",
    "windows_wait": "no window of [unattended] opens: the time of day is not synchronised: connect"
    " to a network once, or use mode caps",
    # what is kept
    "retention": "{sessions:.0f} sessions ended more than {days:g} days ago: antiphon erase"
    " --expired lists them",
    # disk
    "waiting_for_room": "disk: no room: nothing is recorded; it resumes by itself when there"
    " is room",
    "disk_full": "disk: full: nothing can be recorded: free some space",
    "disk_low": "disk: room for {hours:.1f} h of recording",
    "disk_error": "disk: {detail}",
    "not_closed": "{of} is stopped, but its file is not closed yet: {detail}: it is tried again",
    "not_put_away": "{of} is not put away yet: {detail}: it is tried again",
    "file_gone": "{detail}: nothing is saved until it is rescued",
    "file_rescued": "{detail}: what could be read of the session is in {of}, where it is recorded"
    " on; whoever means to delete a session uses antiphon erase",
    "saving_behind": "saving is {behind_s:.0f} s behind",
}

ABSENCES = {
    "not_yet": "window not yet full",
    "no_data": "no data",
    "railed": "no contact",
    "flat": "flat",
    "mains": "mains",
    "muscle": "muscle",
    "movement": "movement",
    "blinks": "blinks",
    "packets_lost": "radio loss",
    "talking": "muscle in most channels, as in talking",
    "drumming": "movement in most channels, as in drumming",
    "no_baseline": "no baseline",
    "clock_unsettled": "clock not settled",
    "phases_balance": "phases balance: no mean phase",
    "still": "does not vary",
}

# What to do about a vital of recorder/health/signs.py.
REMEDIES = {
    "disk_free": "copy finished sessions away and erase them here",
    "temperature": "give it air, or a heat sink; it slows down at 80 °C",
    "under_voltage": "use the board's own power supply and a short cable",
    "throttled": "see temperature and under_voltage",
    "memory_available": "see which program takes it: top -o %MEM",
    "memory_rss": "send a support bundle: it should stay where it is",
    "clock_synchronised": "connect to a network once, or fit a clock with a battery",
    "watchdog_reset": "send a support bundle: the machine had hung",
    "commit_p95": "use a faster card or an SSD for sessions",
}
_VITALS = {
    "temperature": "temperature: {value:.4g} °C",
    "under_voltage": "the power supply is too weak",
    "throttled": "the processor is slowed down",
    "memory_available": "memory available: {value:.4g} MiB",
    "memory_rss": "the service occupies {value:.4g} MiB",
    "commit_p95": "commits to the session file take {value:.4g} s",
}
ALARMS |= {name: f"{text}: {REMEDIES[name]}" for name, text in _VITALS.items()}


def in_words(
    alarm: Alarm, translate: Callable[[str], str] = str, fill: Fill = str.format_map
) -> str:
    """An alarm in one line for people; of a kind that is not known here, what it brings along.

    `translate` gives the texts in another language, `fill` has its figures.
    """
    text = ALARMS.get(alarm.kind)
    if text is None:
        return " ".join(part for part in (alarm.role, alarm.kind, alarm.of, alarm.detail) if part)
    of_whom = {"role": translate(alarm.role), "of": alarm.of, "detail": alarm.detail}
    return fill(translate(text), {**alarm.numbers, **of_whom})


def reason(why: str, translate: Callable[[str], str] = str) -> str:
    """Why there is no value (Measure.why), in words; "" when nothing is known of it."""
    return translate(ABSENCES.get(why, why))
