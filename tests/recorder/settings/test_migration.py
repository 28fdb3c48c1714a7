import tomllib

import pytest

from recorder.settings.file import Config, load
from recorder.settings.migration import main, migrated

OLD = """# what the technician has written
mains_hz = 60.0   # here

[sync.ward]
# the workstation
host = "eeg"
path = "/srv"

[ sync . "other" ]
host = "eeg"
path = "/srv2"
key = "/mine"
"""


def test_a_file_of_before_gets_the_name_and_keeps_the_key_and_every_comment() -> None:
    new = migrated(OLD, "box-3", old_key_is_there=True)
    content = tomllib.loads(new)
    assert content["box"] == "box-3"
    assert content["sync"]["ward"]["key"] == "/etc/antiphon/sync_key"
    assert content["sync"]["other"]["key"] == "/mine"
    left = [line for line in new.splitlines() if line in OLD.splitlines()]
    assert left == OLD.splitlines()
    assert migrated(new, "another", old_key_is_there=True) == new


@pytest.mark.parametrize("text", ["", "# box\n", "box = 'x'\n", "[patient]\nport = '/dev/x'\n"])
def test_where_nothing_is_to_be_done_nothing_is(text: str) -> None:
    named = migrated(text, "box-3", old_key_is_there=True)
    assert named == (text if "box = 'x'" in text else f'box = "box-3"\n{text}')
    assert migrated(text, "", old_key_is_there=False) == text


def test_the_ends_of_lines_stay_as_they_are(tmp_path, capfdbinary) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "antiphon.toml"
    content = b"\xef\xbb\xbfbox = 'x'\r\nmains_hz = 60\r\n"
    file.write_bytes(content)
    main(str(file), "box-3")
    assert capfdbinary.readouterr().out == content
    file.write_bytes(b"\xef\xbb\xbfmains_hz = 60\r\n")
    main(str(file), "box-3")
    new = capfdbinary.readouterr().out
    assert new == b'box = "box-3"\nmains_hz = 60\r\n'
    file.write_bytes(new)
    assert load(file) == Config(box="box-3", mains_hz=60.0)
