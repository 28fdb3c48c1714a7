"""What one format has that others have not, and where it is refused."""

import json
import re
from typing import Any

import pytest

from recorder.spans.boris import read_boris
from recorder.spans.elan import read_elan
from recorder.spans.span import Span, clock, seconds_of
from recorder.spans.subtitles import read_srt, read_vtt
from recorder.spans.table import read_table
from recorder.spans.textgrid import read_textgrid
from tests.recorder.spans.samples import BORIS, CSV, ELAN, LIGHTER, RIVER, SRT, TABULAR, TEXTGRID


def test_each_voice_of_a_cue_is_a_span() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nNow\n<v A>one</v> <v B &amp; C>two <b>three</b>\n"
    assert [(it.tier, it.text) for it in read_vtt(text).spans] == [
        ("", "Now"),
        ("A", "one"),
        ("B & C", "two three"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("00:01.000 --> 00:02.000\nx", "line 1: WebVTT begins with WEBVTT"),
        ("WEBVTT\n\nx\ny\n", "line 3: no line of times"),
        ("WEBVTT\n\n1\n00:01.000 --> 00:72.000\nx", "line 4: '00:72.000' is no time"),
        ("WEBVTT\n\n00:01.000 -->\nx", "line 3: '' is no time"),
    ],
)
def test_vtt_is_refused_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_vtt(text)


def test_srt_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match="line 7: 'x' is no time"):
        read_srt(SRT.replace("00:00:04,000 --> ", "x --> "))


def test_a_short_textgrid_is_the_same_as_a_long_one() -> None:
    numbers = re.sub(r"^\s*(?:.*?[=?]|.*:)\s*$", "", TEXTGRID, flags=re.MULTILINE)
    short = "\n".join(re.sub(r"^.*?[=?] ", "", line).strip() for line in numbers.splitlines())
    assert "=" not in short
    assert read_textgrid(short) == read_textgrid(TEXTGRID)


def test_a_textgrid_doubles_its_quotation_marks() -> None:
    [first, _] = read_textgrid(TEXTGRID.replace("<Fluss>", '""Fluss""')).spans
    assert first.text == 'Über den "Fluss"'


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("size = 2", "size = 3", "ends before all of its intervals"),
        ("size = 2", "size = 1e400", "inf is no number of tiers"),
        ("size = 2", "size = 1.5", "1.5 is no number of tiers"),
        ("TextTier", "Cochleagram", "'Cochleagram' is no kind of tier"),
        ("xmin = 1\n", "", "a number is expected"),
    ],
)
def test_a_textgrid_that_is_none_is_refused(was: str, becomes: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        read_textgrid(TEXTGRID.replace(was, becomes))


def test_elan_says_which_video_its_times_are_of() -> None:
    assert read_elan(ELAN).media == "room a.mp4"
    assert read_elan(ELAN.replace('RELATIVE_MEDIA_URL="./room a.mp4"', "")).media == "room%20a.mp4"


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("<ANNOTATION_DOCUMENT", "<!DOCTYPE a><ANNOTATION_DOCUMENT", "no document type"),
        ('TIME_UNITS="milliseconds"', 'TIME_UNITS="NTSC-frames"', "times are in NTSC-frames"),
        ('TIME_VALUE="2500"', "", "'Über den <Fluss>' has no time of its own: align it"),
        ('TIME_VALUE="2500"', 'TIME_VALUE="soon"', "no number of milliseconds"),
        ('ANNOTATION_REF="a2"', 'ANNOTATION_REF="a3"', "refers to 'a3', not there"),
        ('ANNOTATION_REF="a2"', "", "refers to '', not there"),
        ("ANNOTATION_DOCUMENT", "DOCUMENT", "no file of ELAN"),
    ],
)
def test_elan_is_refused(was: str, becomes: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_elan(ELAN.replace(was, becomes))


def boris(**changed: Any) -> str:
    project = json.loads(BORIS)
    project["observations"]["one"].update(changed)
    return json.dumps(project)


def test_boris_tells_the_video_and_the_comment() -> None:
    event = [4, "Ben", "lighter", "", "at\nlast"]
    found = read_boris(boris(events=[event]))
    assert (found.media, found.session) == ("room a.mp4", "one")
    assert found.spans == (Span(4.0, 4.0, "lighter: at last", "Ben"),)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"events": [[1, "", "Über den <Fluss>", "", ""]]}, "begins at 0:01.0 and does not end"),
        ({"events": [["NA", "", "lighter", "", ""]]}, "is no event"),
        ({"events": [[1e300, "", "lighter", "", ""]]}, "is no event"),
        ({"type": "LIVE"}, "LIVE observation: its times are of no video"),
        ({"file": {"1": ["a.mp4", "b.mp4"]}}, "several videos one after the other"),
    ],
)
def test_boris_is_refused(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_boris(boris(**changed))


def test_of_several_observations_one_is_asked_for() -> None:
    project = json.loads(BORIS)
    project["observations"]["two"] = project["observations"]["one"] | {"events": []}
    with pytest.raises(ValueError, match="--observation, of: 'one', 'two'"):
        read_boris(json.dumps(project))
    assert read_boris(json.dumps(project), "one").spans == (RIVER, LIGHTER)
    with pytest.raises(ValueError, match="which observation"):
        read_boris(json.dumps(project), "three")


def test_a_table_may_have_a_duration_and_a_comment() -> None:
    [span] = read_table("onset,duration,trial_type,comment\n1.5,2,MOI,lighter now\n").spans
    assert span == Span(1.5, 3.5, "MOI: lighter now")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("begin_s,end_s,label\n", "a table without rows"),
        ("begin_s,end_s,name\n1,2,x\n", "no column is a text: text or label or sort"),
        ("end_s,label\n2,x\n", "no column is a begin"),
        ("begin_s,label\n2,x\n", "no column is an end or a duration"),
        ("begin_s,end_s,label\n1,,x\n", "line 2: '' is no time"),
        ("\nbegin_s,end_s,label\n1,2,x,y\n", "line 3: more cells than columns"),
        ("begin_s,Begin_S,end_s,label\n1,1,2,x\n", "two columns are called 'begin_s'"),
        ('begin_s,end_s,label\n1,2,"x\n', "unexpected end of data"),
        (TABULAR.replace("STOP", "START"), "line 3: 'START' of 'Über den <Fluss>' is out of turn"),
        (TABULAR.replace("one,2.5", "x,2.5").replace(",STOP", ",POINT"), "does not end"),
        (TABULAR.replace("POINT,,0.0", "POINT,,5.0"), "is not 0: times would be moved"),
    ],
)
def test_a_table_that_is_not_clear_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_table(text)


def test_an_empty_line_in_front_and_a_column_without_a_name_do_no_harm() -> None:
    assert read_table("\n" + CSV).spans == (RIVER, LIGHTER)
    assert read_table("begin_s,end_s,label,\n1,2,x,\n").spans == (Span(1, 2, "x"),)


@pytest.mark.parametrize(
    ("text", "seconds"), [("12,5", 12.5), (" 1:02.5", 62.5), ("01:00:02.5", 3602.5), ("-3", -3)]
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "nan", "1e999", "1:60", "1:-2", "1:2:3:4", "1" * 99])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        seconds_of(text)


def test_a_time_is_told_as_people_say_it() -> None:
    assert [clock(s) for s in (12.54, 3723.46, -1)] == ["0:12.5", "1:02:03.5", "-0:01.0"]
