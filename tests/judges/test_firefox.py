"""The page of a session in Debian's Firefox ESR: it loads, draws, and its console is silent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.review import Asked, review_page
from tests.judges.firefox import Firefox, firefox
from tests.recorder.review.films import film
from tests.recorder.review.sessions import OFFSET_S, recorded

# How many of the pictures have something on them that is not white, and how many there are.
DRAWN = """
    const inked = [...document.querySelectorAll('.picture canvas')].map((it) => {
      const { data } = it.getContext('2d').getImageData(0, 0, it.width, it.height);
      let n = 0;
      for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
      return n;
    });
    return [inked.filter((n) => n > 500).length, inked.length];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("page")
    file = directory / "page.html"
    file.write_bytes(review_page(recorded(directory), Asked()))
    film(directory / "bedside.mp4", 60.0)
    return file


def test_the_page_is_drawn_and_nothing_complains(browser: Firefox, page: Path) -> None:
    browser.show(page)
    drawn, pictures = browser.run(DRAWN)
    assert drawn == pictures >= 7
    browser.run("document.querySelectorAll('#words button')[1].click()")
    told = browser.run("return document.getElementById('now').textContent")
    assert told == "0:30.0"
    browser.run("document.getElementById('never').click()")
    assert browser.run("return document.getElementById('never').ariaPressed") == "true"
    browser.picture(page.with_suffix(".png"))
    assert browser.complaints() == []


def test_its_console_would_tell(browser: Firefox, tmp_path: Path) -> None:
    """A page that has a style which its policy does not know, and whose script fails."""
    policy = "default-src 'none'; script-src 'unsafe-inline'"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    bad = tmp_path / "bad.html"
    bad.write_text(
        f"<!doctype html><meta charset=utf-8>{meta}<div id=measures aria-busy=false></div>"
        "<style>p { color: red; }</style><script>nowhere();</script>"
    )
    browser.show(bad)
    told = " ".join(browser.complaints())
    assert "nowhere" in told
    assert "Content-Security-Policy" in told


def test_its_videos_play(browser: Firefox, page: Path) -> None:
    """H.264 needs a decoder of the system, which a bare Debian may not have."""
    browser.show(page)
    state = browser.run(
        """
        const it = document.querySelector('video');
        return new Promise((done) => {
          const tell = () => done([it.readyState, it.error?.code ?? 0]);
          if (it.readyState > 1 || it.error) return tell();
          it.addEventListener('canplay', tell); it.addEventListener('error', tell);
        });
        """
    )
    if state[1]:
        pytest.skip("this Firefox has no decoder for H.264: apt install libavcodec61")
    browser.run("document.querySelectorAll('#words button')[1].click()")
    video_s = browser.run("return document.querySelector('video').currentTime")
    assert video_s == pytest.approx((30.0 - OFFSET_S) / (1 + 20e-6), abs=0.04)
