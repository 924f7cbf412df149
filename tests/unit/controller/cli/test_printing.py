"""How long ago, how wide, in which colour: the small things of printed text."""

import datetime as dt
import io

import pytest

from controller.cli.age import age, span
from controller.cli.paint import Brush, columns, harmless, plain, width
from controller.cli.screen import Screen
from tests.unit.controller.cli.made import NOW


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (605, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (7 * 3600 + 60, "7h1m"),
        (47 * 3600, "47h"),
        (3 * 86400 + 3600, "3d1h"),
        (8 * 86400, "8d"),
        (400 * 86400, "400d"),
        (800 * 86400, "2y70d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages_are_those_of_kubectl(seconds, expected):
    """The words of apimachinery's HumanDuration."""
    assert expected == span(seconds)


def test_an_age_is_counted_from_a_moment():
    """Without one there is none."""
    assert ("60s", "") == (age(NOW - dt.timedelta(minutes=1), NOW), age(None, NOW))


def test_columns_are_as_wide_as_what_is_in_them():
    """Colours and accents take no room, wide characters take two."""
    red = Brush(is_on=True).paint("ab", "red")

    assert ["ab     c", f"{red}     d", "日本   e"] == columns(
        [["ab", "c"], [red, "d"], ["日本", "e"]]
    )
    assert (2, 1, 4) == (width(red), width("e\u0301"), width("日本"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\n  b", "a b"),
        ("\x1b[31mred", "^[[31mred"),
        ("\x9b2J", "\\u009b2J"),
        ("Ω-META", "Ω-META"),
    ],
)
def test_what_others_wrote_is_one_harmless_line(said, shown):
    """Nothing in it steers the terminal."""
    assert shown == plain(said)


def test_logs_keep_their_colours():
    """And nothing else: no title, no clearing, no cursor."""
    assert "\x1b[31mred\x1b[0m" == harmless("\x1b[31mred\x1b[0m")
    assert "^[]0;title^G^[[2J" == harmless("\x1b]0;title\x07\x1b[2J")


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self):
        """Whether it is one."""
        return True


@pytest.mark.parametrize(
    ("out", "form", "colour", "environ", "expected"),
    [
        (Terminal(), None, "auto", {}, ("text", True)),
        (Terminal(), None, "auto", {"NO_COLOR": "1"}, ("text", False)),
        (Terminal(), None, "auto", {"TERM": "dumb"}, ("text", False)),
        (Terminal(), "json", "auto", {}, ("json", True)),
        (Terminal(), None, "never", {}, ("text", False)),
        (io.StringIO(), None, "auto", {}, ("json", False)),
        (io.StringIO(), "text", "auto", {}, ("text", False)),
        (io.StringIO(), "text", "always", {"NO_COLOR": "1"}, ("text", True)),
    ],
)
def test_form_and_colour_follow_where_it_goes(monkeypatch, out, form, colour, environ, expected):
    """Text with colours on a terminal, JSON for anything else, unless somebody says otherwise."""
    monkeypatch.setattr("sys.stdout", out)

    screen = Screen.of_process(form=form, colour=colour, environ=environ)

    assert expected == (screen.form, screen.brush.is_on)
