import re

from recorder.wall_clock import boot_id, synchronised, utc_ns, utc_text


def test_the_time_of_day_is_in_nanoseconds_of_this_century() -> None:
    assert utc_text(utc_ns()).startswith("20")


def test_text_is_utc_with_seconds() -> None:
    assert utc_text(1_795_406_400_999_999_999) == "2026-11-23T04:00:00Z"


def test_one_boot_has_one_name() -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", boot_id())
    assert boot_id() == boot_id()


def test_the_kernel_says_whether_the_time_of_day_is_disciplined() -> None:
    assert synchronised() in (True, False)
