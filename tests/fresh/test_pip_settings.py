from pathlib import Path

from tests.fresh.pip_settings import PipSettings, of_this_machine, parsed


def test_without_settings_there_is_nothing_to_carry() -> None:
    assert parsed("", {}) == PipSettings({}, ())


def test_settings_become_variables_and_what_they_name_is_brought_along(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    (tmp_path / "index" / "simple").mkdir(parents=True)
    told = (
        f":env:.cert='{tmp_path}/ca.pem'\n"
        "global.cert='/overruled.pem'\n"
        f"global.extra-index-url='file://{tmp_path}/index/simple\\nhttps://example.org/simple'\n"
        "install.no-compile='true'\n"
    )
    assert parsed(told, {"https_proxy": "http://proxy:3128"}) == PipSettings(
        {
            "PIP_CERT": f"{tmp_path}/ca.pem",
            "PIP_EXTRA_INDEX_URL": f"file://{tmp_path}/index/simple https://example.org/simple",
            "PIP_NO_COMPILE": "true",
            "https_proxy": "http://proxy:3128",
        },
        (tmp_path / "ca.pem", tmp_path / "index"),
    )


def test_this_machines_settings_are_read() -> None:
    assert all(path.exists() for path in of_this_machine().paths)
