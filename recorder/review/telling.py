"""The paragraph in plain words: what the session is, what is usable of it, what is above chance."""

from collections import Counter
from typing import Any

import numpy as np

from recorder.open import Hole, OpenSession
from recorder.open.shared import BEGUN_UTC_NS
from recorder.review.curves import Floats
from recorder.review.findings import tested
from recorder.review.moments import Moment
from recorder.review.texts import PLAIN, TEXTS


def clock_text(seconds: float) -> str:
    """Minutes and seconds, or hours as well."""
    minutes, s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{s:02}" if hours else f"{minutes}:{s:02}"


def paragraph(
    session: OpenSession,
    language: str,
    shares: dict[str, Floats],
    holes: dict[str, list[Hole]],
    moments: list[Moment],
    met: dict[str, Any] | None,
) -> str:
    """Its sentences, one after the other; of a page for raters without measures, `met` is None."""
    plain = PLAIN[language]
    told = [_which(session, language)]
    for role in session.roles:
        if role in shares and np.isfinite(shares[role]).any():
            share = float(np.nanmean(shares[role]))
            told.append(plain["usable"].format(role=TEXTS[language][role], share=share))
        told.append(_missing(plain, TEXTS[language][role], holes.get(role, [])))
    if moments:
        told.append(_marked(plain, moments))
    if met is not None:
        told += _above(plain, language, met)
        told += _analysed(session, plain)
    return " ".join([*told, plain["end"]])


def _which(session: OpenSession, language: str) -> str:
    plain, roles = PLAIN[language], session.roles
    begun_ns = session.begun[0]
    return plain["session"].format(
        id=session.id,
        people=plain["of_two"]
        if len(roles) > 1
        else plain["of_one"].format(role="".join(TEXTS[language][role] for role in roles)),
        minutes=round(session.duration_s / 60),
        begun=plain["begun_unknown"]
        if begun_ns == BEGUN_UTC_NS
        else f"{session.utc_text(session.started_ns)[:16].replace('T', ' ')} UTC",
    )


def _missing(plain: dict[str, str], role: str, holes: list[Hole]) -> str:
    if not holes:
        return plain["no_holes"].format(role=role)
    seconds = sum(it.end_ns - it.begin_ns for it in holes) / 1e9
    return plain["holes"].format(role=role, n=len(holes), seconds=seconds)


def _marked(plain: dict[str, str], moments: list[Moment]) -> str:
    kinds = Counter(it.kind for it in moments)
    raters = {it.who for it in moments if it.kind == "rater"}
    return plain["marked"].format(
        live=kinds["live"], rater=kinds["rater"], raters=len(raters), interview=kinds["interview"]
    )


def _analysed(session: OpenSession, plain: dict[str, str]) -> list[str]:
    several, beyond = tested(session)
    return [plain["analysed"].format(tested=several, beyond=beyond)] if several else []


def _above(plain: dict[str, str], language: str, met: dict[str, Any]) -> list[str]:
    kind = met["kinds"][0]
    shares = kind["met"]["above"], kind["never"]["above"]
    if None in shares:
        return []
    return [
        plain["above"].format(
            name=TEXTS[language][f"name_{kind['name']}"],
            channels="-".join(met["channels"]),
            band=met["band"],
            share=100 * shares[0],
            never=100 * shares[1],
            shift=clock_text(met["shift_s"]),
        )
    ]
