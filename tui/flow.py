"""Which page is shown, and what leads from one to the next.

not ready ─▶ caps ─▶ (why all the same?) ─▶ who ─▶ start ─▶ recording ─▶ done ─▶ caps
    └──────────────▶ sessions, technician: from any page, and back

The recording's page lies below all others. While a session is on nothing lies upon it but what was
asked for; when one ends, its done page comes by itself.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
from textual.app import App

from recorder.failure import Refused
from recorder.settings.board import ROLES
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import (
    Impedance,
    Measures,
    Noted,
    SessionStatus,
    Started,
    Status,
    Tapped,
)
from recorder.wire.past import KnownPair, PastSession, People, SessionLines, Written
from tui.language import _
from tui.screens.caps import GATES, CapsPage, doubts_of
from tui.screens.done import AskAgain, CommentDialog, DonePage, InterviewDialog, MomentDialog
from tui.screens.gate import GateDialog
from tui.screens.history import HistoryPage
from tui.screens.impedance import ImpedancePage
from tui.screens.page import Page, Result, Seen
from tui.screens.ready import ReadyPage, is_ready
from tui.screens.session import SessionScreen
from tui.screens.start import Consent, Plan, StartPage
from tui.screens.tap import ASKED, TapPage, doubt_of
from tui.screens.technician import Ledger, TechnicianPage
from tui.screens.who import CodeGiven, Pair, WhoPage

# Making or closing a session's file may take long on a worn card.
FILE_S = 60.0
MEASURING_S = 120.0  # 16 channels of 3 s, and a board that takes its time
TAPPED_WITHIN_S = 30.0
# A board may be silent for so long before the page changes.
AWAY_S = 5.0

Answer = TypeVar("Answer", bound=msgspec.Struct)


class Ask(Protocol):
    """Asks the service; None when there is no answer, and then a message has said why."""

    async def __call__(
        self, do: str, answer: type[Answer], within_s: float = ..., **fields: Any
    ) -> Answer | None:
        """The answer to `do`."""


# Asks on a connection of its own, within so many seconds. Raises Refused or ServiceUnreachable.
AskApart = Callable[..., Coroutine[Any, Any, msgspec.Raw]]


class Flow:
    """Leads through the pages of `app` above the recording's, which is `view`."""

    def __init__(
        self,
        app: App[None],
        view: SessionScreen,
        ask: Ask,
        ask_apart: AskApart,
        telephone: str,
        gates: Sequence[str] = GATES,
    ) -> None:
        self._app = app
        self._view = view
        self._ask = ask
        self._ask_apart = ask_apart
        self._telephone = telephone
        self._gates = gates
        self._seen: Seen | None = None
        self._ledger = Ledger()
        self._session_id = ""
        self._unready_s: float | None = None
        self._shows_traces = False
        self._plan = Plan()
        self._tapped: Tapped | None = None
        self._people = People([], [])

    def see(self, seen: Seen) -> None:
        """Show the page that fits how it stands, and tell every page of it."""
        if seen.status is not None and (self._seen is None or seen.status is not self._seen.status):
            self._ledger.take(seen.status, seen.now_s)
        self._seen = seen
        self._follow(seen)
        for screen in self._app.screen_stack:
            if isinstance(screen, Page):
                screen.show(seen)

    def say(self, text: str, *, is_grave: bool) -> None:
        """Say it on the page that is in front."""
        for screen in reversed(self._app.screen_stack):
            if isinstance(screen, Page):
                screen.say(text, is_grave=is_grave)
                return

    def traces(self) -> None:
        """Look at the traces of both people, while nothing is recorded."""
        self._shows_traces = True
        self._back_to_recording()

    def caps(self) -> None:
        """Back from the traces."""
        self._shows_traces = False
        if self._seen is not None:
            self.see(self._seen)

    def who(self) -> None:
        """From the caps to the codes; what is amiss has to be passed first."""
        self._shows_traces = False
        self._pass_gate(self._doubts(), self._ask_who)

    def practise(self) -> None:
        """A session of nobody."""
        self._pass_gate(self._doubts(), self._practise)

    async def look_at(self, given: CodeGiven) -> None:
        """Whether a code will do is for the service to say."""
        patient, therapist = (given.code if given.role == role else "" for role in ROLES)
        told = await self._ask("people", People, patient=patient, therapist=therapist)
        if told is None:
            return
        if objection := told.objections.get(given.role):
            given.page.say(objection, is_grave=True)
        else:
            given.page.accept(given.code)

    async def history(self) -> None:
        """Show what was recorded here."""
        told = await self._ask("sessions", SessionLines)
        if told is not None:
            self._push(HistoryPage(told), self._open)

    def _open(self, session_id: str | None) -> None:
        if session_id is not None:
            self._push(DonePage(session_id))

    def technician(self) -> None:
        """Show the figures."""
        self._push(TechnicianPage(self._ledger))

    def impedance(self) -> None:
        """Measure every electrode of both people, site after site."""
        status = self._seen.status if self._seen is not None else None
        front = self._app.screen
        if status is None or (isinstance(front, ImpedancePage) and not front.is_over):
            return
        if isinstance(front, ImpedancePage):
            self._app.pop_screen()
        sites = {board.role: [it.label for it in board.contacts] for board in status.boards}
        page = ImpedancePage(sites)
        self._push(page)
        self._run(self._measure(page, [role for role in ROLES if sites.get(role)]))

    def end_impedance(self) -> None:
        """End it after the present site; when it is over, go back."""
        page = self._app.screen
        if not isinstance(page, ImpedancePage):
            return
        if page.is_over:
            page.dismiss(None)
        else:
            page.end()
            self._run(self._enough())

    def tap(self, monotonic: Callable[[], float]) -> None:
        """Show the tap test; where it is shown, listen."""
        page = self._app.screen
        if not isinstance(page, TapPage):
            self._push(TapPage(monotonic))
        elif not page.is_listening:
            page.listen()
            self._run(self._listen(page))

    async def _listen(self, page: TapPage) -> None:
        """On a connection of its own, as it takes some seconds."""
        try:
            told = await self._ask_apart("tap", TAPPED_WITHIN_S, label=ASKED)
            self._tapped = msgspec.json.decode(told, type=Tapped)
            page.tell_result(self._tapped)
        except (Refused, ServiceUnreachable, msgspec.MsgspecError) as no:
            page.fail(str(no))

    async def _measure(self, page: ImpedancePage, roles: Sequence[str]) -> None:
        """On a connection of its own: on one, the service answers one thing after the other."""
        for role in roles:
            try:
                await self._ask_apart("impedance", MEASURING_S, label=role)
            except (Refused, ServiceUnreachable) as no:
                page.fail(role, str(no))
            if page.is_ending:
                break
        page.finish()

    async def _enough(self) -> None:
        await self._ask("enough", Status)

    def measured_contact(self, contact: Impedance) -> None:
        """A site was measured, by this screen or another one."""
        page = self._app.screen
        if isinstance(page, ImpedancePage):
            page.take(contact)

    def measured(self, measures: Measures) -> None:
        """Keep the newest measures for the technician's page."""
        self._ledger.measures = measures

    async def look_up(self, asked: AskAgain) -> None:
        """What is known of the session on a done page."""
        told = await self._ask("session", PastSession, session=asked.page.session_id)
        if told is not None and asked.page.is_mounted:
            asked.page.tell_session(told)

    def comment(self) -> None:
        """Ask for a comment on the session in front."""
        page = self._app.screen
        if isinstance(page, DonePage):
            self._app.push_screen(CommentDialog(), lambda text: self._begin_comment(page, text))

    def _begin_comment(self, page: DonePage, text: str | None) -> None:
        if text is not None:
            self._run(self._comment(page, text))

    async def _comment(self, page: DonePage, text: str) -> None:
        about = {"label": text, "session": page.session_id}
        done = await self._ask("comment", Noted, FILE_S, **about)
        if done is not None:
            self._say_kept(page, done, _("the comment is kept"))

    def interview(self) -> None:
        """Ask whose moments are told of, and then for one after the other."""
        page = self._app.screen
        if isinstance(page, DonePage):
            self._app.push_screen(InterviewDialog(), lambda role: self._ask_moment(page, role))

    def _ask_moment(self, page: DonePage, role: str | None) -> None:
        if role is not None and page.is_mounted:
            kept = partial(self._begin_moment, page, role)
            self._app.push_screen(MomentDialog(role), kept)

    def _begin_moment(self, page: DonePage, role: str, moment: Written | None) -> None:
        if moment is not None:
            self._run(self._keep_moment(page, role, moment))

    async def _keep_moment(self, page: DonePage, role: str, moment: Written) -> None:
        done = await self._ask(
            "interview",
            Noted,
            FILE_S,
            session=page.session_id,
            by=role,
            at_s=moment.t_s,
            label=moment.text,
        )
        if done is not None:
            self._say_kept(page, done, _("the moment is kept"))
        self._ask_moment(page, role)

    def _say_kept(self, page: DonePage, done: Noted, kept: str) -> None:
        if not page.is_mounted:
            return
        held = _(" and ").join(_(it) for it in done.warnings)
        looks = _("{kept}; it looks as if it held {what}: codes only, please")
        page.say(looks.format(kept=kept, what=held) if held else kept)
        page.look_again()

    def _follow(self, seen: Seen) -> None:
        session = seen.verdict.session
        if session is not None:
            if not self._session_id:
                self._back_to_recording()
            self._session_id = session.id
            return
        ended, self._session_id = self._session_id, ""
        if ended:
            self._back_to_recording()
        self._show_front(seen)
        if ended:
            self._push(DonePage(ended))

    def _show_front(self, seen: Seen) -> None:
        """Not ready, or the caps; what lies upon it stays, but without a service."""
        stack = self._app.screen_stack
        front = stack[1] if len(stack) > 1 else None
        kind = CapsPage if self._has_boards(seen) else ReadyPage
        if isinstance(front, kind) or (self._shows_traces and seen.reachable):
            return
        if len(stack) > 2 and seen.reachable:
            return
        self._shows_traces = False
        self._back_to_recording()
        self._push(CapsPage() if kind is CapsPage else ReadyPage(self._telephone))

    def _has_boards(self, seen: Seen) -> bool:
        """Whether there is something to see; a board that is silent for a moment hides no caps."""
        if seen.status is None or not seen.reachable:
            return False
        if is_ready(seen.status):
            self._unready_s = None
            return True
        if self._unready_s is None:
            self._unready_s = seen.now_s
        is_shown = any(isinstance(screen, CapsPage) for screen in self._app.screen_stack)
        return is_shown and seen.now_s - self._unready_s < AWAY_S

    def _back_to_recording(self) -> None:
        """Take away all pages and dialogs above the recording's."""
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()

    def _push(
        self, page: Page[Result], then: Callable[[Result | None], None] | None = None
    ) -> None:
        """Show a page, which says at once how it stands."""
        page.seen = self._seen
        self._app.push_screen(page, then)

    def _doubts(self) -> list[str]:
        status = self._seen.status if self._seen is not None else None
        return [] if status is None else self._doubts_of(status)

    def _doubts_of(self, status: Status) -> list[str]:
        tap = doubt_of(self._tapped, is_wanted="tap" in self._gates)
        return [*doubts_of(status, self._gates), *tap]

    def _pass_gate(self, doubts: list[str], then: Callable[[], object]) -> None:
        """Go on when nothing is amiss, or when somebody says why; that is kept."""
        known = [text for text in self._plan.passed if text.split(": ")[0] in doubts]
        self._plan = replace(self._plan, passed=known)
        new = [doubt for doubt in doubts if not any(text.startswith(doubt) for text in known)]
        if not new:
            then()
            return

        def answered(reason: str | None) -> None:
            if reason is not None:
                passed = [*known, *(f"{doubt}: {reason}" for doubt in new)]
                self._plan = replace(self._plan, passed=passed)
                then()

        self._app.push_screen(GateDialog(new), answered)

    def _ask_who(self) -> None:
        self._run(self._push_who())

    async def _push_who(self) -> None:
        told = await self._ask("people", People)
        if told is not None:
            self._people = told
            self._push(WhoPage(told), self._plan_for)

    def _plan_for(self, pair: Pair | None) -> None:
        if pair is not None:
            self._plan = replace(
                self._plan, patient=pair.patient, therapist=pair.therapist, known=self._known(pair)
            )
            self._push(StartPage(self._plan), self._agreed)

    def _practise(self) -> None:
        self._plan = Plan(passed=self._plan.passed)
        self._push(StartPage(self._plan), self._agreed)

    def _known(self, pair: Pair) -> KnownPair | None:
        together = (it for it in self._people.pairs if (it.patient, it.therapist) == tuple(pair))
        return next(together, None)

    def _agreed(self, consent: Consent | None) -> None:
        if consent is not None:
            self._run(self._start_unless_in_doubt(consent))
        elif not self._plan.is_practice:
            self._ask_who()

    async def _start_unless_in_doubt(self, consent: Consent) -> None:
        """By what the service says now: what the screen shows may be a second old."""
        status = await self._ask("status", Status)
        if status is not None:
            steady = self._view.steady(status)
            self._pass_gate(self._doubts_of(steady), lambda: self._run(self._start(consent)))

    async def _start(self, consent: Consent) -> None:
        plan = self._plan
        session = await self._ask(
            "start",
            Started,
            FILE_S,
            patient=plan.patient,
            therapist=plan.therapist,
            consent=consent.streams,
            practice=plan.is_practice,
            passed=tuple(plan.passed),
        )
        if session is not None:
            self._plan, self._tapped = Plan(), None
            codes = f"{session.patient} · {session.therapist}"
            self._view.say(_("recording {codes}").format(codes=codes))

    async def stop(self, session_id: str) -> None:
        """End the session that was asked about."""
        await self._ask("stop", SessionStatus, FILE_S, session=session_id)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._app.run_worker(work)
