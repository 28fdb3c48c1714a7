"""The same two stretches in the file of each program: river from 1 s to 2.5 s, lighter at 4 s."""

import json

from recorder.spans.span import Span

RIVER = Span(1.0, 2.5, "Über den <Fluss>", "Anna")
LIGHTER = Span(4.0, 4.0, "lighter", "Ben")

VTT = """WEBVTT - of the session

NOTE nothing is said
before the first second

STYLE
::cue(v) { color: red }

1
00:01.000 --> 00:00:02.500 align:start
<v.loud Anna>Über den
&lt;Fluss&gt;</v>

00:04.000 --> 00:04.000
<v Ben>light<i>er</i>
"""
SRT = """1
00:00:01,000 --> 00:00:02,500
Über den
&lt;Fluss&gt;

2
00:00:04,000 --> 00:00:04,000
lighter
"""
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 9.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "Anna"
        xmin = 0
        xmax = 9.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1
            text = ""
        intervals [2]:
            xmin = 1
            xmax = 2.5
            text = "Über den <Fluss>"
        intervals [3]:
            xmin = 2.5
            xmax = 9.5
            text = " "
    item [2]:
        class = "TextTier"
        name = "Ben"
        xmin = 0
        xmax = 9.5
        points: size = 1
        points [1]:
            number = 4
            mark = "lighter"
"""
ELAN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-11-29T12:00:00+00:00" FORMAT="3.0" VERSION="3.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/films/room%20a.mp4" MIME_TYPE="video/mp4"
      RELATIVE_MEDIA_URL="./room a.mp4"/>
    <PROPERTY NAME="lastUsedAnnotationId">3</PROPERTY>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2500"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="4000"/>
    <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="Anna">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>Über den &lt;Fluss&gt;</ANNOTATION_VALUE>
    </ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="parent">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE></ANNOTATION_VALUE>
    </ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="ref" PARENT_REF="parent" TIER_ID="Ben">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
      <ANNOTATION_VALUE>lighter</ANNOTATION_VALUE>
    </REF_ANNOTATION></ANNOTATION>
  </TIER>
  <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
  <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" LINGUISTIC_TYPE_ID="ref"
    TIME_ALIGNABLE="false"/>
</ANNOTATION_DOCUMENT>
"""
BORIS = json.dumps(
    {
        "time_format": "hh:mm:ss",
        "project_format_version": "7.0",
        "subjects_conf": {"0": {"key": "1", "name": "Anna", "description": ""}},
        "behaviors_conf": {
            "0": {"type": "State event", "key": "f", "code": "Über den <Fluss>", "modifiers": {}},
            "1": {"type": "Point event", "key": "l", "code": "lighter", "modifiers": {}},
        },
        "observations": {
            "one": {
                "type": "MEDIA",
                "file": {"1": ["C:\\films\\room a.mp4"], "2": []},
                "time offset": 0.0,
                "events": [
                    [1.0, "Anna", "Über den <Fluss>", "", ""],
                    [4, "Ben", "lighter", "", "", 100],
                    [2.5, "Anna", "Über den <Fluss>", "", "", "NA"],
                ],
            }
        },
    },
    ensure_ascii=False,
)
CSV = """Speaker;Begin_s;End_s;Text
Anna;1,0;0:02,5;"Über den
<Fluss>"
Ben;4;4;lighter
"""
TABULAR = """Observation id,Time,Subject,Behavior,Behavior type,Comment,Time offset (s)
one,1.0,Anna,Über den <Fluss>,START,,0.0
one,2.5,Anna,Über den <Fluss>,STOP,,0.0
one,4.0,Ben,lighter,POINT,,0.0
"""
AGGREGATED = """Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\tDuration (s)
one\tAnna\tÜber den <Fluss>\tSTATE\t1.0\t2.5\t1.5
one\tBen\tlighter\tPOINT\t4.0\t4.0\t0
"""
# name of the file: its text
FILES = {
    "a.vtt": VTT,
    "a.srt": SRT,
    "a.TextGrid": TEXTGRID,
    "a.eaf": ELAN,
    "a.boris": BORIS,
    "a.csv": CSV,
    "tabular.csv": TABULAR,
    "aggregated.tsv": AGGREGATED,
}
