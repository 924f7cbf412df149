"""The command's answers to what cannot be."""

import os
import shutil

import pytest

from hack.images.__main__ import main


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """Let there be no image."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "use one of pentad, penin-service"),
        (["redis", "--as", "a.test/redis:1"], "--load CLUSTER"),
        (["redis", "tools", "--load", "x", "--as", "a.test/redis:1"], "one image"),
    ],
)
def test_a_wrong_word_is_told_with_the_remedy(arguments, message, capsys):
    """One line, and the exit code that says it was asked for something that cannot be."""
    assert 2 == main(arguments)
    assert message in capsys.readouterr().err


def test_who_is_not_root_is_told(monkeypatch, capsys):
    """Before anything is fetched."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert 2 == main(["redis"])
    assert "needs root" in capsys.readouterr().err


def test_what_is_missing_is_told_with_what_installs_it(monkeypatch, capsys):
    """All of it at once."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    assert 1 == main(["redis"])
    assert "apt-get install buildah dpkg mmdebstrap util-linux" in capsys.readouterr().err
