import re
import string
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from recorder.open import OpenSession
from recorder.review import Asked, review_page
from recorder.review.hearing import STEPS
from recorder.review.texts import DE, EN, PLAIN, PLAIN_DE, PLAIN_EN, TEXTS
from recorder.store.headers import Person
from recorder.store.note_rows import ConsentRow
from recorder.store.notes import open_notes
from tests.recorder import session_files
from tests.recorder.export.full import full_session
from tests.recorder.review.sessions import (
    LOUD_AT_S,
    LOUD_LUFS,
    PIECE_S,
    SECONDS,
    SPOKEN,
    add_notes,
    short,
)
from tests.recorder.review.unpacking import held, unpacked

ID = "20261123T040000Z-1f3a"
# What such measures cannot say: facts of the project's issue, and what comes close to it.
FORBIDDEN = (
    *("happy", "sad", "emotion", "empath", "breakthrough", "connected", "in sync", "leader"),
    *("follower", "glücklich", "traurig", "gefühle", "durchbruch", "verbunden", "synchronised"),
    *("im gleichklang", "score"),
)


@pytest.fixture(scope="module")
def page(path: Path) -> bytes:
    return review_page(path, Asked())


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}))

    def of(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.found if tag in tags]


def policy(page: bytes) -> dict[str, str]:
    [content] = [
        it["content"] for it in Elements(page).of("meta") if "Security" in it.get("http-equiv", "")
    ]
    parts = (part.strip().partition(" ") for part in content.split(";"))
    return {name: value for name, _, value in parts}


def scripts(page: bytes) -> list[str]:
    """What is in the elements that a browser runs."""
    return re.findall(r"<script>(.*?)</script>", page.decode(), re.DOTALL)


def test_the_same_session_makes_the_same_page_byte_for_byte(path: Path, page: bytes) -> None:
    assert review_page(path, Asked()) == page


def test_nothing_is_loaded_but_videos_from_files(page: bytes) -> None:
    elements = Elements(page)
    for it in elements.of("script", "img", "iframe", "object", "embed", "source", "track", "input"):
        assert "src" not in it
    assert not elements.of("link", "base", "form", "iframe", "object")
    assert [it["src"] for it in elements.of("video")] == ["bedside.mp4"]
    assert policy(page)["default-src"] == "'none'"
    assert policy(page)["media-src"] == "file: blob:"
    assert not any("style" in attributes for _, attributes in elements.found)


def test_a_video_of_any_name_is_the_file_of_that_name(path: Path) -> None:
    asked = Asked(videos=(("bedside.mp4", "cam: 1#/100 %?.mp4"),))
    [video] = Elements(review_page(path, asked)).of("video")
    assert video["src"] == "cam%3A%201%23/100%20%25%3F.mp4"


def test_a_page_without_a_video_may_load_nothing_at_all(tmp_path: Path) -> None:
    page = review_page(short(tmp_path / f"{ID}.antiphon"), Asked())
    assert "media-src" not in policy(page)


def test_the_only_script_and_style_are_those_that_the_policy_names(page: bytes) -> None:
    [script] = scripts(page)
    [style] = re.findall(r"<style>(.*?)</style>", page.decode(), re.DOTALL)
    for text, key in ((script, "script-src"), (style, "style-src")):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert policy(page)[key] == f"'sha256-{digest}'"


def test_what_people_said_is_text_and_never_runs(page: bytes) -> None:
    assert len(Elements(page).of("script")) == 2
    assert [it["text"] for it in held(page)["words"]] == list(SPOKEN)
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page.decode()


def test_the_licence_of_what_is_inlined_stands_in_the_page(page: bytes) -> None:
    assert "Copyright (c) 2022 Leon Sorokin" in page.decode()
    assert "The above copyright notice and this permission notice" in page.decode()


def test_the_music_is_told_where_it_was_heard_with_its_pieces(path: Path, page: bytes) -> None:
    music = held(page)["music"]
    assert [it["name"] for it in music["features"]] == list(STEPS)
    [loudness] = unpacked(music["features"][0]["value"], STEPS["loudness_lufs"])
    assert loudness[LOUD_AT_S] == pytest.approx(LOUD_LUFS, abs=0.005)
    assert np.isnan(loudness[[0, 19, SECONDS - 10, SECONDS]]).all()
    assert [name for _, _, name in music["pieces"]] == ["", "Adagio"]
    assert music["pieces"][1][:2] == pytest.approx(PIECE_S)
    assert held(review_page(path, Asked(blind=True)))["music"] is None


def test_every_view_says_that_it_is_exploratory(page: bytes) -> None:
    text = page.decode()
    assert EN["exploratory"] in text
    [script] = scripts(page)
    assert "T.exploratory_short" in script.split("function panel(")[1][:600]
    assert EN["exploratory_short"] in held(page)["texts"].values()


def test_for_raters_there_is_nothing_to_see_but_video_and_words(path: Path) -> None:
    page = review_page(path, Asked(blind=True))
    told = held(page)
    assert told["blind"] is True
    empty = ("indices", "synchrony", "usable", "eeg", "moments")
    assert not any(told[key] for key in empty)
    assert told["words"]
    assert told["videos"]
    unseen = r"<meta[^>]*>|<script.*?</script>|<style.*?</style>"  # a hash may hold any letters
    visible = re.sub(unseen, "", page.decode(), flags=re.DOTALL).replace(EN["blind_page"], "")
    for word in ("percentile of its own chance", "R1", "R2", "marked"):
        assert word not in visible


def test_whether_a_moment_is_of_interest_is_said_in_the_pages_language(path: Path) -> None:
    german = review_page(path, Asked(language="de")).decode()
    assert "</b> von Interesse" in german
    assert "</b> interest" not in german


def test_both_languages_say_the_same_things() -> None:
    assert EN.keys() == DE.keys()
    assert PLAIN_EN.keys() == PLAIN_DE.keys()
    for one, other in ((EN, DE), (PLAIN_EN, PLAIN_DE)):
        for key, text in one.items():
            names = [
                sorted({name for _, name, _, _ in string.Formatter().parse(it) if name})
                for it in (text, other[key])
            ]
            assert names[0] == names[1], key


@pytest.mark.parametrize("language", TEXTS)
def test_no_word_says_more_than_the_measures_do(path: Path, language: str) -> None:
    said = [*TEXTS[language].values(), *PLAIN[language].values()]
    said.append(held(review_page(path, Asked(language=language)))["paragraph"])
    for text in said:
        assert not [word for word in FORBIDDEN if word in text.lower()], text


def test_the_paragraph_has_the_chance_beside_what_was_found(page: bytes) -> None:
    told = held(page)
    accorr = told["synchrony"]["kinds"][0]
    for which in ("met", "never"):
        assert f"{100 * accorr[which]['above']:.0f} of 100" in told["paragraph"]
    assert "By chance it is 5" in told["paragraph"]
    assert told["paragraph"].endswith(PLAIN_EN["end"])


def test_of_one_person_alone_there_is_a_page(tmp_path: Path) -> None:
    head = session_files.header(ID)
    alone = replace(head, persons=head.persons[:1], boards=head.boards[:1])
    rows = [session_files.block(0, first) for first in range(0, 1000, 50)]
    path = session_files.write(tmp_path / f"{ID}.antiphon", [*rows], alone)
    told = held(review_page(path, Asked()))
    assert told["roles"] == ["patient"]
    assert told["synchrony"] is None
    assert list(told["eeg"]["bins"]) == ["patient"]


def agreed(path: Path, *whats: str, roles: tuple[str, ...] = ("patient", "therapist")) -> None:
    with open_notes(path) as notes:
        for role in roles:
            notes.add(
                *(ConsentRow(role, what, given=True, author="T01", made_utc_ns=1) for what in whats)
            )


@pytest.fixture
def shareable(tmp_path: Path) -> Path:
    """With a note that was typed, a transcript and a video; both agreed to film and to share."""
    people = tuple(
        Person(role, code, True, True, True)
        for role, code in (("patient", "P01"), ("therapist", "T01"))
    )
    return full_session(tmp_path / "full", replace(session_files.header(ID), persons=people))


SHARED = Asked(for_sharing=True, labels=("shift",))


def test_strangers_get_no_codes_dates_or_texts(shareable: Path) -> None:
    page = review_page(shareable, SHARED)
    told = held(page)
    assert (told["words"], told["sha256"]) == ([], "")
    assert not [it for it in told["moments"] if it["kind"] == "note"]
    text = page.decode()
    for secret in (
        "P01",
        "T01",
        "R1<",
        "R1 ",
        ID,
        "20261123",
        "2026-11-23",
        "she smiles",
        "lighter now",
    ):
        assert secret not in text, secret
    assert EN["without_words"] in text
    assert EN["without_notes"] in text


def test_words_and_notes_are_shared_when_each_has_agreed_to_it(shareable: Path) -> None:
    agreed(shareable, "transcript", "notes", roles=("patient",))
    assert held(review_page(shareable, SHARED))["words"] == []
    agreed(shareable, "transcript", "notes", roles=("therapist",))
    told = held(review_page(shareable, SHARED))
    assert [it["text"] for it in told["words"]] == ["It is lighter now"]
    assert [it["label"] for it in told["moments"] if it["kind"] == "note"] == ["she smiles"]
    assert [it["name"] for it in told["videos"]] == ["a.mp4"]


def test_what_was_taken_back_is_not_shared_again(shareable: Path) -> None:
    agreed(shareable, "transcript")
    with open_notes(shareable) as notes:
        notes.add(ConsentRow("patient", "transcript", given=False, author="T01", made_utc_ns=2))
        notes.add(ConsentRow("patient", "video", given=False, author="T01", made_utc_ns=2))
    told = held(review_page(shareable, SHARED))
    assert (told["words"], told["videos"]) == ([], [])


def test_without_consent_to_film_there_is_no_video(tmp_path: Path) -> None:
    path = short(tmp_path / f"{ID}.antiphon")
    add_notes(path, videos=("bedside.mp4",))
    page = review_page(path, Asked())
    assert held(page)["videos"] == []
    assert f"sharing. {EN['without_video']}" in " ".join(page.decode().split())
    assert not Elements(page).of("video")


def test_a_page_for_oneself_says_on_whose_consent_it_stands(path: Path, page: bytes) -> None:
    text = " ".join(page.decode().split())
    assert EN["own_use"] in text
    assert "patient P01: EEG, video, sharing; therapist T01: EEG, video, sharing." in text
    with OpenSession(path, "best") as session:
        assert session.id in text
