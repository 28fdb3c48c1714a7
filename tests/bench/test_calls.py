"""What is read out of strace's table."""

from tests.bench.calls import read

TABLE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 58.92    1.234567         123      1520       121 futex
 20.10    0.421000          52       800           read
  0.00    0.000000           0        12           fdatasync
------ ----------- ----------- --------- --------- ----------------
100.00    1.655567          71      2332       121 total
"""


def test_calls_are_counted_by_name_the_most_frequent_first() -> None:
    assert list(read(TABLE).items()) == [("futex", 1520), ("read", 800), ("fdatasync", 12)]


def test_what_is_no_table_has_no_calls() -> None:
    assert read("strace: attach: Operation not permitted") == {}
