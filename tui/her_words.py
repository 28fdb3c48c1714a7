"""What is wrong, in the therapist's words, with what she can do about it.

What she can do nothing about is for the technician: it is counted here, and told in figures and
full on the technician's page.
"""

from collections.abc import Sequence

from recorder.wire.messages import Alarm, BoardStatus
from tui.language import _, filled, plural

# What to do about a board, by what keeps it from being used (hardware.board_fault.FaultKind).
PLUG_IN = "Plug in the {who}'s receiver, the small USB stick."
SWITCH_ON = "Switch on the {who}'s board: its slide to PC. A blue light comes on."
REMEDIES = {
    "missing": PLUG_IN,
    "unplugged": PLUG_IN,
    "off": SWITCH_ON,
    "silent": SWITCH_ON,
    "refused": "Switch the {who}'s board off, and on again.",
    "crowded": "Two boards answer where the {who}'s should. Switch the other one off.",
    "busy": "The {who}'s receiver is used by another program. Call the technician.",
    "denied": "The {who}'s receiver may not be used. Call the technician.",
    "unconfirmed": "It is not known who is who: press w.",
}
ALARMS = {
    "who_is_who": "who is who? Tap the {patient}'s board (tapped now: {detail}), then press w",
    "radio_crowded": "{role}: another board is on the air here: switch it off",
    "radio_loss": "{role}: the radio loses {percent:.1f} %: move the receiver nearer to the cap",
    "packets_taken": "{role}: another program may be reading along: close it",
    "nothing_usable": "{role}: nothing usable for {unusable_s:.0f} s: check the ear clip first",
    "caps_off": "nothing usable from either person for {minutes:.0f} min: are the caps off? It is"
    " still recording",
    "stood_still": "this computer stood still for {paused_s:.1f} s",
    "trigger_silent": "no pulse of the camera for {silent_s:.0f} s: check the camera and its wire",
    "waiting_for_room": "the disk has no room: nothing is recorded; it resumes by itself when there"
    " is room",
    "disk_full": "the disk is full: nothing can be recorded: call the technician",
    "disk_low": "the disk has room for {hours:.1f} h",
    "disk_error": "the disk refuses: call the technician",
    "file_gone": "the session's file is gone: call the technician",
    "saving_behind": "saving is {behind_s:.0f} s behind",
    "temperature": "this computer is too hot: give it air",
    "under_voltage": "the power supply is too weak: use the computer's own",
    "windows_wait": "the time of day is not known: call the technician",
}


def remedy(role: str, board: BoardStatus | None) -> str:
    """What to do so that a board is used; "" when it is."""
    if board is None:
        return _(REMEDIES["missing"]).format(who=_(role))
    if board.state == "streaming":
        return ""
    fault = "unconfirmed" if board.state == "held" else board.fault
    return _(REMEDIES.get(fault, SWITCH_ON)).format(who=_(role))


def told(alarms: Sequence[Alarm]) -> list[str]:
    """What is wrong besides the boards; how much of it is the technician's comes last."""
    ours = [alarm for alarm in alarms if alarm.kind in ALARMS]
    others = len([alarm for alarm in alarms if alarm.kind != "board"]) - len(ours)
    texts = [_in_words(alarm) for alarm in ours]
    if others:
        texts.append(
            plural(
                "{n} thing is for the technician: t",
                "{n} things are for the technician: t",
                others,
            )
        )
    return texts


def _in_words(alarm: Alarm) -> str:
    """An alarm that lacks a figure is told without one."""
    try:
        return filled(
            _(ALARMS[alarm.kind]),
            {
                **alarm.numbers,
                "role": _(alarm.role),
                "patient": _("patient"),
                "detail": alarm.detail,
            },
        )
    except KeyError:
        return f"{alarm.role} {alarm.kind.replace('_', ' ')}".strip()
