"""Which cap is whose: one person's is tapped, and both boards are listened to."""

import asyncio

from recorder.failure import EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE, Refused
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.settings.board import ROLES
from recorder.wearers.taps import TapTest
from recorder.wire.messages import TAPPING_S, Request, Tapped

LOOK_S = 0.05


class Tapping:
    """Answers `tap`; what was found goes into the session that is begun next."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._found: list[tuple[int, str]] = []

    async def tap(self, request: Request) -> Tapped:
        """Listen while somebody taps the cap of the person who is named.

        Raises:
            Refused: nobody is named, a board is away, a session is on, or a test is under way.
        """
        if request.label not in ROLES:
            raise Refused(f"whose cap is tapped? one of {', '.join(ROLES)}", EX_USAGE)
        if self._recorder.session is not None:
            raise Refused("a session is on: whose the caps are is tested before one", EX_TEMPFAIL)
        test = self._begin()
        try:
            await self._listen()
        finally:
            self._recorder.tap_test = None
        told = _told(test)
        text = f"the {request.label}'s cap was to be tapped; {told.role or 'neither'} was heard"
        self._found = [(self._recorder.now_ns, f"{text}: {told.taps}")]
        return told

    def write_down(self, session: Session) -> None:
        """What was found before a session."""
        for t_ns, text in self._found:
            ago_s = (self._recorder.now_ns - t_ns) / 1e9
            session.log(self._recorder.now_ns, "tap", f"{ago_s:.0f} s before: {text}")
        self._found = []

    def _begin(self) -> TapTest:
        if self._recorder.tap_test is not None:
            raise Refused("a tap test is under way already", EX_TEMPFAIL)
        try:
            return self._recorder.begin_tap_test()
        except LookupError as error:
            raise Refused(str(error), EX_UNAVAILABLE) from error

    async def _listen(self) -> None:
        until_ns = self._recorder.now_ns + round(TAPPING_S * 1e9)
        while self._recorder.now_ns < until_ns:
            await asyncio.sleep(LOOK_S)


def _told(test: TapTest) -> Tapped:
    role = "" if test.tapped is None else ROLES[test.tapped]
    return Tapped(role, dict(zip(ROLES, test.taps, strict=True)))
