"""The end of a log."""

import pytest

from hack.cluster.logs import tail


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"", 3, ""),
        (b"one\ntwo\nthree\nfour\n", 2, "three\nfour"),
        (b"one\ntwo", 5, "one\ntwo"),
        (b"one\ntwo", 0, ""),
        (b"\xff\xfe\n", 1, "��"),
    ],
    ids=["empty", "end", "short", "none", "not text"],
)
def test_last_lines(tmp_path, content, lines, expected):
    """The asked number of lines from the end, whatever the file holds."""
    log = tmp_path / "log"
    log.write_bytes(content)

    assert expected == tail(log, lines=lines)


def test_huge_log_is_not_read_whole(tmp_path):
    """Only the end of a file is read."""
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, 2)
        file.write(b"\nlast\n")

    assert tail(log, lines=1) == "last"


def test_no_log_is_empty(tmp_path):
    """A component that never wrote anything has an empty log."""
    assert tail(tmp_path / "none", lines=5) == ""
