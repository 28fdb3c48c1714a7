"""Words from a terminal that is not UTF-8: stored, with U+FFFD for what is no text."""

import socket
import subprocess
from pathlib import Path

from recorder.store.reader import SessionReader
from tests.e2e.processes import (
    ANTIPHON,
    antiphon,
    begin,
    begin_session,
    both_stream,
    box,
    ended,
    service,
    told,
    until_status,
)
from tests.e2e.terminals import terminal
from tests.places import ROOT

TYPED = "gr\udcf6\udcdfer"  # how Python stands for the bytes g r F6 DF e r
STORED = "gr\ufffd\ufffder"
SURROUNDINGS = (
    ("LC_ALL=C.UTF-8",),
    ("LC_ALL=C",),
    ("LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"),
    ("PYTHONIOENCODING=latin-1",),
)
LINES = (b"gr\xf6\xdfer", rb"gr\udcf6\udcdfer", rb"gr\ud800\uDFffer", rb"gr\ud83c\ud83c\udfbber")
HEARD = [STORED, STORED, "gr\U000103ffer", "gr\ufffd\U0001f3bber"]


def say(path: str, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(line + b"\n")
        with client.makefile("rb") as answers:
            return answers.readline()


def test_words_in_any_encoding_are_stored(tmp_path: Path) -> None:
    with box(tmp_path) as (_, config), service(config, tmp_path):
        here = ("--socket", config.socket)
        until_status(config.socket_path, both_stream, "both boards stream")
        code, _, complaint = antiphon("start", "--patient", TYPED, *here)
        assert (code, complaint.count("\n")) == (64, 1)
        file = begin_session(config)["file"]
        for variables in SURROUNDINGS:
            for do in ("mark", "note"):
                code, out, complaint = ended(begin(do, TYPED, *here, before=("env", *variables)))
                assert (code, complaint, out[:10]) == (0, "", f"{do} at 00"), variables
        for label in LINES:
            said = say(config.socket, b'{"do": "mark", "label": "%s"}' % label)
            assert b'"ok":true' in said, said
        for saved in (b"\xef\xbb\xbf61.5\r\n", "größe\n62.5\n".encode("latin-1")):
            words = [*ANTIPHON, "feed", TYPED, "--unit", "µV", *here]
            subprocess.run(words, input=saved, check=True, cwd=ROOT)
        no_number = b"1\n\0\xff\n"
        wrong = subprocess.run(words, input=no_number, capture_output=True, cwd=ROOT, check=False)
        assert (wrong.returncode, wrong.stderr.count(b"\n")) == (65, 1)
        with terminal("ui", *here) as screen:
            screen.await_words("therapist")
            screen.look_for_a_moment()
            screen.press("n")
            screen.await_words("no names, please")
            screen.press(f"{TYPED}\r")
            screen.await_words("note at")
            screen.look_for_a_moment()
            screen.press("q")
            screen.await_words("Leave the screen?")
            screen.insist("y", "the recording goes on")
            assert screen.await_end() == 0
        told("stop", *here)
    with SessionReader(Path(file)) as session:
        assert [marker.label for marker in session.markers()] == [STORED] * 4 + HEARD
        notes = session.query("SELECT text FROM event WHERE kind = 'note'")
        [values] = session.measures(STORED)
    assert values.value.tolist() == [61.5, 62.5, 1.0]
    assert notes == [(STORED,)] * 5
