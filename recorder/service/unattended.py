"""The service's duty to record without anybody asking: it does what rules.py beside it says."""

import asyncio
import logging
from collections.abc import Callable, Iterator

from hardware.board import BoardState
from recorder import wall_clock
from recorder.durable import write_whole
from recorder.failure import Refused
from recorder.privacy.consent import persons
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.service.succession import Succession
from recorder.settings.file import Config
from recorder.unattended.caps import CapWatch
from recorder.unattended.rules import Decision, Running, Scene, Step, Unattended
from recorder.wire.messages import Alarm

LOOK_S = 1.0
# Beside the sessions, while a person's stop holds.
HELD = "unattended-held"
# The template of sessions that began by themselves.
TEMPLATE = "unattended"

log = logging.getLogger("antiphon")


class ByItself:
    """Records by itself, as the settings say.

    Attributes:
        reason: what was decided last and why, for people.
    """

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        succession: Succession,
        *,
        monotonic_ns: Callable[[], int],
        utc_ns: Callable[[], int] = wall_clock.utc_ns,
        synchronised: Callable[[], bool] = wall_clock.synchronised,
    ) -> None:
        settings = config.unattended
        self._note = config.sessions_path / HELD
        self._is_noted = self._note.exists()
        self.reason = "off" if settings.mode == "off" else ""
        self._is_on = settings.mode != "off"
        codes = {"patient": settings.patient, "therapist": settings.therapist}
        self._people = persons(codes, settings.consent)
        self._unattended = Unattended(settings, held=self._is_noted)
        self._recorder = recorder
        self._succession = succession
        self._monotonic_ns = monotonic_ns
        self._utc_ns = utc_ns
        self._synchronised = synchronised
        self._caps = CapWatch()

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(LOOK_S)

    async def once(self) -> None:
        """See, decide, do."""
        if not self._is_on:
            return
        session, now_ns = self._recorder.session, self._monotonic_ns()
        decision = self._unattended.decide(now_ns, self._scene(now_ns, session))
        self.reason = decision.reason or self.reason
        if self._is_noted and not self._unattended.is_held:
            self._is_noted = False
            await asyncio.to_thread(self._note.unlink, missing_ok=True)
        if decision.step is not Step.NOTHING:
            await self._do(decision, session)

    def alarms(self) -> Iterator[Alarm]:
        """That windows are waited for, and that nobody knows what time it is."""
        if self._unattended.lacks_time:
            yield Alarm("windows_wait")

    async def hold(self) -> None:
        """A person says stop: begin nothing until people have left, also after a restart."""
        if not self._is_on:
            return
        self._unattended.hold()
        self._is_noted = True
        try:
            await asyncio.to_thread(write_whole, self._note, b"")
        except OSError as error:
            log.warning("that a person has said stop is not on disk: %s", error)

    async def _do(self, decision: Decision, session: Session | None) -> None:
        log.info("unattended: %s: %s", decision.step, decision.reason)
        if session is not None:
            self._write_down(session, decision)
        people = None if decision.step is Step.STOP else self._people
        try:
            # a service that is told to stop lets a file that is being made come to be, and ends it
            change = self._succession.change(session, people, TEMPLATE, is_wanted=self._is_wanted)
            new = await asyncio.shield(change)
        except Refused as no:
            self.reason = f"cannot {decision.step}: {no}"
            log.warning("unattended: %s", self.reason)
            return
        if new is not None and new.header.template == TEMPLATE:
            self._write_down(new, decision)

    def _is_wanted(self) -> bool:
        """Whether nobody has said stop since it was decided."""
        return not self._unattended.is_held

    def _write_down(self, session: Session, decision: Decision) -> None:
        text = f"{decision.step}: {decision.reason}"
        session.log(self._monotonic_ns(), "unattended", text)

    def _scene(self, now_ns: int, session: Session | None) -> Scene:
        wearers = self._recorder.wearers
        return Scene(
            streaming=all(wearer.state is BoardState.STREAMING for wearer in wearers),
            caps=self._caps.look(now_ns, wearers),
            running=_running(session),
            recorded_s=0.0 if session is None else (now_ns - session.started_t_ns) * 1e-9,
            ended=self._succession.ended,
            waits_for_room=self._succession.waits_for_room,
            utc_ns=self._utc_ns(),
            synchronised=self._synchronised(),
        )


def _running(session: Session | None) -> Running:
    if session is None:
        return ""
    return "unattended" if session.header.template == TEMPLATE else "attended"
