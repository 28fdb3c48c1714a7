"""From contents to one HTML file.

Its policy lets nothing load but videos from files; the one script and the one style that it has are
named by their hashes, so that nothing else runs in it, whatever a transcript holds.
"""

import json
from base64 import b64encode
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from recorder import __version__
from recorder.failure import EX_UNAVAILABLE, Failure
from recorder.moments.moment import SORTS
from recorder.open import OpenSession
from recorder.open.shared import SharedSession
from recorder.progress import Progress, no_progress
from recorder.review.asked import Asked
from recorder.review.contents import contents
from recorder.review.moments import KINDS
from recorder.review.permission import Permission, permission
from recorder.review.telling import clock_text
from recorder.review.texts import TEXTS

ROOM: Final = Path(__file__).parent
UPLOT: Final = ROOM / "uplot"
# In the order in which they are read; all of them are one script.
SCRIPTS: Final = (
    *("packing.js", "clock.js", "plots.js", "curves.js", "music.js", "lanes.js", "eeg.js"),
    *("lists.js", "tables.js", "rating.js", "keys.js"),
)
PRINTED: Final = 12  # moments, those that people chose first


def review_page(path: Path, asked: Asked, progress: Progress = no_progress) -> bytes:
    """The page of a session file.

    Raises:
        Failure: jinja2 is missing.
        LookupError, ValueError, OSError: as `open_session`; or the session is damaged.
    """
    with OpenSession(path, asked.clock) as whole:
        may = permission(whole, whole.consents, sharing=asked.for_sharing)
        with _seen(path, asked, may) as session:
            return _rendered(contents(session, whole, asked, may, progress), may)


def _seen(path: Path, asked: Asked, may: Permission) -> OpenSession:
    if not asked.for_sharing:
        return OpenSession(path, asked.clock)
    return SharedSession(path, asked.clock, asked.labels)


def _rendered(told: dict[str, Any], may: Permission) -> bytes:
    environment = _jinja2().Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"clock": clock_text, "in_words": _in_words}
    template = environment.from_string((ROOM / "page" / "page.html.j2").read_text("utf-8"))
    script, style = _script(), _style()
    page: str = template.render(
        t=TEXTS[told["language"]],
        told=told,
        may=may,
        data=_embedded(told),
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        licence=(UPLOT / "LICENSE").read_text("utf-8"),
        version=__version__,
        printed=_chosen_first(told["moments"])[:PRINTED],
    )
    return page.encode()


def _in_words(label: str, texts: dict[str, str]) -> str:
    """A moment's words; whether it is of interest, in the page's language."""
    sort, colon, more = label.partition(":")
    return (texts[sort.replace(" ", "_")] if sort in SORTS else sort) + colon + more


def _chosen_first(moments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they are printed: what raters share, what interviews say, and so on, each in time."""
    return sorted(moments, key=lambda it: (KINDS.index(it["kind"]), it["begin_s"]))


def _jinja2() -> Any:
    try:
        return import_module("jinja2")
    except ImportError as error:
        text = 'a page needs jinja2: pip install "antiphon[review]"'
        raise Failure(text, EX_UNAVAILABLE) from error


def _script() -> str:
    uplot = (UPLOT / "uPlot.iife.min.js").read_text("utf-8")
    own = "".join((ROOM / "page" / name).read_text("utf-8") for name in SCRIPTS)
    return f'{uplot}\n(() => {{\n"use strict";\n{own}}})();\n'


def _style() -> str:
    return (UPLOT / "uPlot.min.css").read_text("utf-8") + (ROOM / "page" / "page.css").read_text(
        "utf-8"
    )


def _embedded(told: dict[str, Any]) -> str:
    """As JSON that ends no element of HTML."""
    text = json.dumps(told, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
