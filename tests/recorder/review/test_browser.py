"""The page in Debian's Chromium; skipped with its reason where that or Playwright is missing."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.open import OpenSession, open_session
from recorder.review import Asked, review_page
from recorder.review.curves import seconds_of
from recorder.store.note_rows import AlignmentRow
from recorder.store.notes import open_notes
from tests.recorder.review.browser import AXE, Shown, chromium
from tests.recorder.review.films import film
from tests.recorder.review.sessions import MOMENT_S, OFFSET_S, SECONDS, SPOKEN

FRAME_S = 0.04
KINDS = {"mp4": "libx264", "webm": "libvpx-vp9"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def file(path: Path, tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Path:
    """The page, with a video beside it that begins before the session and ends after it."""
    directory = tmp_path_factory.mktemp("page")
    film(directory / "bedside.mp4", SECONDS + 2 * -OFFSET_S)
    (directory / "page.html").write_bytes(review_page(path, Asked()))
    return directory / "page.html"


@pytest.fixture(scope="module")
def shown(browser: Any, file: Path) -> Shown:
    one = Shown(browser, file)
    one.page.wait_for_function("() => document.querySelector('video').readyState > 1")
    return one


def video_time(session_s: float) -> float:
    return (session_s - OFFSET_S) / (1 + 20e-6)


def await_video(shown: Shown, session_s: float) -> None:
    """Until the video stands there, within a frame."""
    shown.page.wait_for_function(
        "t => !document.querySelector('video').seeking"
        " && Math.abs(document.querySelector('video').currentTime - t) < 0.04",
        arg=video_time(session_s),
        timeout=5000,
    )


def test_a_click_on_a_word_puts_everything_there(shown: Shown) -> None:
    button = shown.page.locator("#words button").nth(1)
    button.click()
    await_video(shown, 30.0)
    assert shown.now_s() == pytest.approx(30.0, abs=0.1)
    assert SPOKEN[1] in shown.page.locator("#words .now").inner_text()
    assert button.get_attribute("aria-current") == "true"


def test_a_click_on_a_moment_and_one_on_a_point_do_the_same(shown: Shown) -> None:
    shown.page.locator("#moments button", has_text="R1").click()
    await_video(shown, MOMENT_S)
    picture = shown.page.locator(".picture").first
    box = picture.bounding_box()
    assert box is not None
    picture.click(position={"x": box["width"] / 2, "y": 60})
    at_s = shown.now_s()
    assert 0.3 * SECONDS < at_s < 0.7 * SECONDS
    await_video(shown, at_s)
    cursor = shown.page.locator(".cursor").first.bounding_box()
    assert cursor is not None
    assert cursor["x"] + cursor["width"] / 2 == pytest.approx(box["x"] + box["width"] / 2, abs=2)


def test_all_pictures_have_one_time_axis(shown: Shown) -> None:
    shown.page.locator("#words button").nth(1).click()
    cursors = shown.page.locator(".cursor").all()
    places = [box["x"] for it in cursors if (box := it.bounding_box()) is not None]
    assert len(places) >= 5
    assert max(places) - min(places) < 1


def test_what_plays_is_followed_by_all(shown: Shown) -> None:
    shown.page.locator("#words button").nth(0).click()
    await_video(shown, 10.0)
    shown.page.locator("#play").click()
    shown.page.wait_for_function(
        "() => +document.getElementById('slider').value > 11", timeout=15000
    )
    playing_s, video_s = shown.page.evaluate(
        "[+document.getElementById('slider').value, document.querySelector('video').currentTime]"
    )
    shown.page.locator("#play").click()
    assert video_s == pytest.approx(video_time(playing_s), abs=0.25)
    assert shown.page.evaluate("document.querySelector('video').paused")
    assert SPOKEN[0] in shown.page.locator("#words .now").inner_text()


def test_the_value_told_is_the_measure_at_that_instant(shown: Shown, path: Path) -> None:
    shown.page.locator("#words button").nth(2).click()
    with OpenSession(path, "best") as session:
        found = session.measures("faa", band="alpha", persons=("patient",), channels=("F4", "F3"))
        [at] = np.flatnonzero(seconds_of(session).of(found.t_ns) == 50)
    value = found.value[at, 0]
    assert np.isfinite(value)
    told = shown.page.locator(".key").first.inner_text()
    assert re.search(rf"patient {value:.2f}(\s|$)", told.replace("−", "-")), (told, value)


def test_the_music_is_told_and_another_feature_can_be_chosen(shown: Shown) -> None:
    shown.page.locator("#words button").nth(2).click()
    panel = shown.page.locator(".panel", has_text="Music, as a recording")
    assert re.search(r"loudness, LUFS [−-]3\d\.", panel.locator(".key").inner_text())
    panel.locator("select").select_option(label="brightness, Hz")
    shown.page.wait_for_function(
        "() => [...document.querySelectorAll('.key')]"
        ".some(it => /brightness, Hz 950/.test(it.innerText))"
    )


def test_of_the_chapters_of_one_camera_the_one_is_shown_that_has_a_picture(
    browser: Any, path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    with open_session(copy) as opened, open_notes(copy) as notes:
        assert opened.videos == ()
        for number, name in enumerate(("GX01.mp4", "GX02.mp4")):
            begin = AlignmentRow("cam", name, f"{number}", 100.0 * number, 0.0, 3.0, 40, 1 + number)
            notes.add(replace(begin, begin_s=0.0, end_s=80.0))
            film(tmp_path / name, 80.0)
    (tmp_path / "page.html").write_bytes(review_page(copy, Asked()))
    shown = Shown(browser, tmp_path / "page.html")
    for at_s, seen in ((30, "GX01.mp4"), (90, "GX01.mp4"), (130, "GX02.mp4")):
        shown.page.evaluate(
            "t => document.getElementById('slider').oninput({ target: { value: t } })",
            at_s,
        )
        [video] = [it for it in shown.page.locator("video").all() if it.is_visible()]
        assert (video.get_attribute("src"), video.evaluate("it => it.muted")) == (seen, False)


def test_two_who_never_met_have_other_percentiles_and_curves_of_the_same_kind(
    shown: Shown,
) -> None:
    def above() -> int:
        text = shown.page.locator(".panel").nth(2).locator("p").inner_text()
        [share] = re.findall(r"(\d+) of 100 windows are at or above", text)
        return int(share)

    met = above()
    shown.page.locator("#never").click()
    assert shown.page.locator("#never").get_attribute("aria-pressed") == "true"
    assert "never met" in shown.page.locator("#never-note").inner_text()
    never = above()
    shown.page.locator("#never").click()
    assert above() == met
    assert met > 30 > never
    assert shown.page.locator("#never-note").inner_text() == ""


def test_what_is_rated_is_saved_in_the_form_that_is_read(shown: Shown) -> None:
    page = shown.page
    page.locator("#save").click()
    assert "code" in page.locator("#rated").inner_text()
    page.locator("#rater").fill("R9")
    page.locator("#from").fill("1:40")
    page.locator("#to").fill("1:35")
    page.locator("#add").click()
    assert "not before" in page.locator("#rated").inner_text()
    page.locator("#to").fill("2:05.5")
    page.locator("#comment").fill("he <waves>")
    page.locator("#add").click()
    with page.expect_download() as saving:
        page.locator("#save").click()
    saved = json.loads(Path(saving.value.path()).read_text("utf-8"))
    assert saving.value.suggested_filename.endswith("_R9.ratings.json")
    [interval] = saved["intervals"]
    assert interval == {"begin_s": 100, "end_s": 125.5, "sort": "interest", "text": "he <waves>"}
    assert (saved["schema"], saved["rater"]) == ("antiphon.ratings/1", "R9")
    assert (saved["provenance"], saved["blind"]) == ("rater", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", saved["made_utc"])


def test_all_of_it_goes_by_keys(browser: Any, file: Path) -> None:
    shown = Shown(browser, file)
    keys = shown.page.keyboard
    keys.press("Tab")
    assert shown.page.evaluate("document.activeElement.className") == "skip"
    keys.press("n")  # the first moment
    first_s = shown.now_s()
    assert first_s == pytest.approx(MOMENT_S, abs=0.1)
    keys.press("ArrowRight")
    assert shown.now_s() == pytest.approx(first_s + 5, abs=0.1)
    keys.press("Shift+ArrowLeft")
    assert shown.now_s() == pytest.approx(first_s + 4, abs=0.1)
    keys.press("p")
    assert shown.now_s() == pytest.approx(MOMENT_S + 2, abs=0.1)  # the one before
    keys.press("[")
    keys.press("ArrowRight")
    keys.press("]")
    assert shown.page.locator("#from").input_value() != shown.page.locator("#to").input_value()
    keys.press(" ")
    assert shown.page.locator("#play").get_attribute("aria-pressed") == "true"
    keys.press(" ")
    assert shown.page.locator("#play").get_attribute("aria-pressed") == "false"
    shown.page.locator("#comment").focus()
    keys.type("n p 0")  # typed, not obeyed
    assert shown.page.locator("#comment").input_value() == "n p 0"
    reached = reachable(shown)
    assert {"play", "slider", "never", "add", "save", "rater"} <= reached


def reachable(shown: Shown) -> set[str]:
    """Ids of what is reached by the tabulator."""
    found = set()
    shown.page.evaluate("document.activeElement.blur()")
    for _ in range(90):
        shown.page.keyboard.press("Tab")
        found.add(shown.page.evaluate("document.activeElement.id"))
    return found


@pytest.mark.parametrize("width", [800, 1300])
def test_nothing_stands_out_of_the_page_at_the_side(browser: Any, file: Path, width: int) -> None:
    shown = Shown(browser, file, width)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["en", "de"])
def test_it_prints_to_two_pages(browser: Any, path: Path, tmp_path: Path, language: str) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(review_page(path, Asked(language=language)))
    shown = Shown(browser, file)
    pdf = shown.page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2


def test_there_is_a_table_behind_each_picture(browser: Any, file: Path) -> None:
    shown = Shown(browser, file)
    assert open_tables(shown) == shown.page.locator(".picture").count() >= 6
    for table in shown.page.locator("details .scroll table").all():
        assert len(table.locator("tbody tr").all()) > 2


def open_tables(shown: Shown) -> int:
    shown.page.evaluate("document.querySelectorAll('.panel details').forEach(it => it.open = true)")
    shown.page.wait_for_timeout(200)
    return int(shown.page.locator("details .scroll table").count())


@pytest.mark.parametrize("asked", [Asked(), Asked(language="de"), Asked(blind=True)])
def test_axe_finds_nothing(browser: Any, path: Path, tmp_path: Path, asked: Asked) -> None:
    if not AXE.is_file():
        pytest.skip(f"no axe-core in {AXE}: npm pack axe-core")
    (tmp_path / "page.html").write_bytes(review_page(path, asked))
    shown = Shown(browser, tmp_path / "page.html")
    open_tables(shown)
    shown.page.evaluate(AXE.read_text("utf-8"))
    found = shown.page.evaluate("axe.run()")
    assert [(it["id"], it["nodes"][0]["html"]) for it in found["violations"]] == []
    assert len(found["passes"]) > 10


@pytest.mark.parametrize("form", KINDS)
def test_videos_of_either_kind_play(browser: Any, path: Path, tmp_path: Path, form: str) -> None:
    page = review_page(path, Asked(videos=(("bedside.mp4", f"bedside.{form}"),)))
    (tmp_path / "page.html").write_bytes(page)
    film(tmp_path / f"bedside.{form}", 60.0, KINDS[form])
    shown = Shown(browser, tmp_path / "page.html")
    shown.page.wait_for_function("() => document.querySelector('video').readyState > 1")
    shown.page.locator("#words button").nth(0).click()
    await_video(shown, 10.0)
    shown.page.locator("#words button").nth(2).click()
    assert shown.page.locator("figcaption .state").inner_text() == ""
    shown.page.locator("#moments button").first.click()  # after its end
    assert "no picture" in shown.page.locator("figcaption .state").inner_text()


def test_without_its_video_the_page_asks_for_the_file_and_plays_on(
    browser: Any, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_bytes(review_page(path, Asked()))
    film(tmp_path / "elsewhere.mp4", 60.0)
    shown = Shown(browser, tmp_path / "page.html")
    choose = shown.page.locator(".choose")
    choose.wait_for(state="visible")
    shown.page.locator("#play").click()
    shown.page.wait_for_function(
        "() => +document.getElementById('slider').value > 0.5", timeout=15000
    )
    shown.page.locator("#play").click()
    choose.locator("input").set_input_files(tmp_path / "elsewhere.mp4")
    shown.page.wait_for_function("() => document.querySelector('video').readyState > 1")
    shown.page.locator("#words button").nth(0).click()
    await_video(shown, 10.0)
    assert choose.is_hidden()


def test_no_request_leaves_the_page_and_nothing_complains(shown: Shown) -> None:
    """The last of those that use the page: after everything that they did."""
    outside = [it for it in shown.requests if not it.startswith(("file:", "blob:", "data:"))]
    assert outside == []
    assert shown.complaints == []
    assert {it.rsplit("/", 1)[-1] for it in shown.requests if it.startswith("file:")} == {
        "page.html",
        "bedside.mp4",
    }
