"""What a service would say of a board and of a session."""

from typing import Any

from recorder.wire.messages import BoardStatus, SessionStatus

BOARD: dict[str, Any] = {
    "state": "streaming",
    "port": "/dev/ttyUSB0",
    "kind": "cyton",
    "firmware": "v3.1.2",
    "nominal_rate_hz": 250.0,
    "rate_hz": 250.314,
    "rate_sigma_hz": 0.002,
    "sigma_ms": 2.1,
    "samples": 99_980,
    "lost": 20,
    "late": 3,
    "halves": 0,
    "clean_share": 0.93,
    "contacts": [],
}
SESSION: dict[str, Any] = {
    "id": "20261123T040000Z-1f3a",
    "file": "/data/20261123T040000Z-1f3a.antiphon",
    "elapsed_s": 757.3,
    "saved_s": 756.6,
    "markers": 2,
}


def board_status(role: str, **fields: Any) -> BoardStatus:
    """A board that streams, but for what `fields` say."""
    return BoardStatus(role=role, **BOARD | fields)


def session_status(patient: str, therapist: str, last_marker: str) -> SessionStatus:
    """A session of some minutes."""
    return SessionStatus(**SESSION, patient=patient, therapist=therapist, last_marker=last_marker)
