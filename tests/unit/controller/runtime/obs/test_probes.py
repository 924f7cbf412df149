"""Probes: which check fails, and why."""

import pytest

from controller.runtime.obs.answer import Ask
from controller.runtime.obs.probes import Probes


@pytest.fixture
def probes():
    """Return probes with checks that pass, and one that does not."""
    found = Probes()
    found.live["loop"] = lambda: ""
    found.ready["caches"] = lambda: ""
    found.ready["certs"] = lambda: "expired"
    return found


@pytest.mark.parametrize(
    ("path", "query", "code", "text"),
    [
        ("/livez", {}, 200, "ok\n"),
        ("/healthz", {}, 200, "ok\n"),
        ("/livez", {"verbose": ""}, 200, "[+]loop ok\nlivez check passed\n"),
        ("/readyz", {}, 503, "[+]caches ok\n[-]certs failed: expired\nreadyz check failed\n"),
        ("/readyz/caches", {}, 200, "ok\n"),
        ("/readyz/certs", {}, 503, "[-]certs failed: expired\nreadyz check failed\n"),
        ("/readyz", {"exclude": "certs"}, 200, "ok\n"),
        ("/readyz/nothing", {}, 404, "not found: ask /livez or /readyz\n"),
        ("/", {}, 404, "not found: ask /livez or /readyz\n"),
    ],
    ids=[
        "live",
        "alias",
        "verbose",
        "not ready",
        "one",
        "one fails",
        "without",
        "no check",
        "root",
    ],
)
def test_probes_say_which_check_fails_and_why(probes, path, query, code, text):
    """A failure names its check; a success says ok."""
    answer = probes.answer(Ask(method="GET", path=path, query=query, headers={}, peer="::1"))

    assert (code, text) == (answer.code, answer.body.decode())
