"""Both languages say the same, in words that are hers: nothing of feelings, no jargon."""

import asyncio
import gettext
import re
import shutil
import string
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.wire.messages import Alarm, Mark, Measures, TriggerStatus, Vital
from recorder.wire.wording import in_words
from tests.catalogue import missing, texts
from tests.tui.scripted_service import board, changed, faa, idle, recording, trace
from tests.tui.watching import watching
from tui.language import (
    CATALOGUES,
    _,
    compiled,
    entries,
    figure,
    filled,
    language_of,
    plural,
    speak,
)
from tui.verdict import Judge
from tui.wording import number, share, signed

GERMAN = CATALOGUES / "de.po"
# What a recording cannot know of people.
FEELINGS = re.compile(
    r"\b(happ(y|iness)|sad(ness)?|joy|fear|anx(ious|iety)|anger|angry|mood|emotions?|emotional"
    r"|feelings?|stress(ed)?|relax(ed|ation)|empathy|love|calm|glücklich|traurig\w*|freude|angst"
    r"|ängstlich|wut|wütend|stimmung|emotion\w*|gefühle?|entspann\w*|empathie|liebe|ruhig)\b",
    re.IGNORECASE,
)
# What a music therapist need not know.
JARGON = re.compile(
    r"\b(ppm|ACCorr|PLV|AEC|FAA|dongles?|Funkstecker|D1[12]|firmware|railed|streaming|degraded"
    r"|socket|segments?|re-?lock\w*|sigma|JSON|UTC|SQLite|commits?)\b",
    re.IGNORECASE,
)
# Where the technician looks; and what travels as data, which is for both.
TECHNICAL = ("screens/technician.py", "widgets/board.py", "watch.py", "recorder")


@pytest.fixture
def german() -> Iterator[None]:
    speak("de")
    yield
    speak("en")


def catalogue() -> dict[str, str]:
    there = dict(entries(GERMAN.read_text(encoding="utf-8")))
    del there[""]
    return there


def fields(text: str) -> list[tuple[str, str]]:
    parsed = string.Formatter().parse(text)
    return sorted((name, form or "") for _literal, name, form, _how in parsed if name is not None)


def test_every_text_is_there_in_german_and_nothing_else_is() -> None:
    assert missing("de") == []
    assert set(catalogue()) == set(texts())


@pytest.mark.parametrize("text", sorted(texts()))
def test_a_text_has_the_same_gaps_to_fill_in(text: str) -> None:
    originals, translations = text.split("\0"), catalogue()[text].split("\0")
    for original, translation in zip(originals, translations, strict=True):
        assert fields(original) == fields(translation)
        assert original.count("\n") == translation.count("\n")
        assert (original[:1] == " ") == (translation[:1] == " ")


def test_neither_speaks_of_feelings_and_her_pages_have_no_jargon() -> None:
    german = catalogue()
    for text, place in texts().items():
        for said in (text, german[text]):
            assert not FEELINGS.search(said), said
            assert place in TECHNICAL or not JARGON.search(said), said


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="no msgfmt here (gettext)")
def test_it_is_compiled_as_gettexts_own_program_does(tmp_path: Path) -> None:
    subprocess.run(["msgfmt", "--check", "-o", tmp_path / "de.mo", GERMAN], check=True)
    with (tmp_path / "de.mo").open("rb") as file:
        theirs = gettext.GNUTranslations(file)
    ours = compiled(GERMAN.read_text(encoding="utf-8"))
    for text in texts():
        one, _nul, many = text.partition("\0")
        if many:
            assert [ours.ngettext(one, many, n) for n in (0, 1, 2)] == [
                theirs.ngettext(one, many, n) for n in (0, 1, 2)
            ]
        else:
            assert ours.gettext(text) == theirs.gettext(text) != ""


@pytest.mark.parametrize("text", ['msgid "a', "msgid a", 'msgid "a"\nmsgstr\n', '"a"\nnonsense "'])
def test_what_is_no_catalogue_is_told_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"line \d is not of a po file"):
        compiled(text)


def test_the_language_is_asked_for_or_the_environments() -> None:
    assert language_of("en", {"LANG": "de_DE.UTF-8"}) == "en"
    assert language_of("", {"LANG": "de_DE.UTF-8"}) == "de"
    assert language_of("", {"LC_ALL": "C", "LANG": "de_DE.UTF-8"}) == "c"
    assert language_of("", {}) == "en"


def test_what_is_not_known_is_english(german: None) -> None:
    assert _("no such text") == "no such text"
    assert _("") == ""
    assert [plural("{n} mark", "{n} marks", n) for n in (1, 2)] == ["1 Marke", "2 Marken"]
    for language in ("fr", "c", "../de"):
        speak(language)
        assert _("disk full") == "disk full"


def test_verdicts_and_alarms_are_in_german(german: None) -> None:
    status = recording()
    status.boards = [board("patient"), board("therapist", state="lost")]
    judge = Judge()
    assert judge.look(status, 0.0).words == "AUFNAHME, aber Therapeut: Gerät verloren"
    assert judge.look(None, 12.0, _("no service")).words == "KEINE AUFNAHME seit 12 s: kein Dienst"
    radio = Alarm("radio_loss", "patient", numbers={"percent": 1.25})
    assert in_words(radio, _, filled).startswith("Patient: der Funk verliert 1,2 %")
    assert in_words(radio).startswith("patient: the radio loses 1.2 %")


def test_figures_have_the_decimal_comma_of_the_language(german: None) -> None:
    assert figure(-0.25, "+.1f") == "-0,2"
    assert (number(250.31, 2, "Hz"), signed(-0.5), share(0.005)) == ("250,31 Hz", "−0,50", "0,50 %")
    text = "{hours:.1f} h von {path}, Version {version}, {n} mal"
    fields = {"hours": 1.25, "path": "a.b", "version": "0.1.0", "n": 3}
    assert filled(text, fields) == "1,2 h von a.b, Version 0.1.0, 3 mal"
    with pytest.raises(KeyError):
        filled(text, {"hours": 1.25})
    speak("en")
    assert (figure(0.5, ".1f"), signed(0.5)) == ("0.5", "+0.50")


def test_no_figure_on_the_screen_has_a_point_in_german(tmp_path: Path, german: None) -> None:
    status = recording("degraded")
    status.alarms = [
        Alarm("disk_low", numbers={"hours": 1.5}),
        Alarm("radio_loss", "patient", numbers={"percent": 1.25}),
        Alarm("stood_still", numbers={"paused_s": 2.5}),
    ]
    status.trigger = TriggerStatus({"D11": 0.9, "gpio": 0.9}, disagreement_ms=-0.1)
    status.health = [Vital("commit_p95", 0.012, "s", "ok")]
    names = re.compile(r"v3\.1\.2|0\.1\.0")  # of versions

    async def watched() -> str:
        async with watching(tmp_path, status) as watch:
            watch.service.say(trace("patient", [[-20.0, 20.0] * 60] * 8))
            watch.service.say(Measures(741.0, [faa("patient", 0.12)]))
            await watch.sees("+0,12", "±0,16", "4,7 s", "1,2 %")
            seen = watch.visible()
            await watch.press("t")
            await watch.sees("250,310 Hz ±0,0020", "757,3 s", "0,9/s", "0,012 s", "2,5 s", "0,02 %")
            return seen + watch.visible()

    assert re.findall(r"\d\.\d", names.sub("", asyncio.run(watched()))) == []


def test_marks_are_made_listed_and_taken_back_in_german(tmp_path: Path, german: None) -> None:
    async def watched() -> None:
        async with watching(tmp_path, changed(recording(), markers=3)) as watch:
            watch.service.marks = [Mark("mark", 4, 757.0, "shift", source="foot switch")]
            await watch.press("l")
            await watch.sees("Marken", "shift  (Fußtaster)", "u  zurücknehmen")
            await watch.press("escape", "m")
            await watch.until(lambda: watch.notices() == ["Marke bei 12:37"])
            await watch.press("u")
            await watch.until(lambda: watch.notices()[-1] == "shift bei 12:37: zurückgenommen")
            await watch.press("b")
            await watch.sees("Ruhemessung", "Augen zu", "Enter  beide sind bereit")

    asyncio.run(watched())


def test_from_the_caps_to_the_end_of_a_recording_in_german(tmp_path: Path, german: None) -> None:
    async def watched() -> None:
        async with watching(tmp_path, idle()) as watch:
            await watch.sees(
                "BEREIT", "Enter drücken, wenn die Hauben gut sitzen", "weiter", "Hilfe"
            )
            await watch.press("question_mark")
            await watch.sees("Was die Zeichen und Tasten bedeuten", "KEINE AUFNAHME")
            await watch.press("escape", "enter")
            await watch.sees("Wer ist Patient?", "Pfeile wählen")
            watch.service.say(recording())
            await watch.sees("AUFNAHME", "gespeichert bis 12:36", "2 Marken", "rückgängig")
            await watch.press("x")
            await watch.sees("Die Aufnahme beenden?", "y  beenden")

    asyncio.run(watched())
