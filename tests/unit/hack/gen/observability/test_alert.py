"""An alert can fire, says what its result knows, and leads to its section of the runbook page."""

import attrs
import pytest

from controller.runtime.obs.declared import gauge
from hack.gen.errors import GenerationError
from hack.gen.observability.alert import RUNBOOKS, Alert, Rules, check_runbooks
from hack.gen.observability.files import RULES
from hack.gen.observability.sources import Source

ALERT = Alert(
    name="TooMany",
    expr="max by (who) (left) > 3",
    wait="5m",
    severity="warning",
    summary="{{ $labels.who }} has too many",
    description="They are {{ $value }}.",
)
MADE = Rules(
    name="r", sources=(Source(declared=(gauge("left", "Left.", "who"),)),), alerts=(ALERT,)
)
PAGE = "# Alerts\n\nWhat they mean.\n\n## TooMany\n**Means.** Many.\n\n**Do.** Take some.\n"


def changed(**changes):
    """Return the rules with a changed alert."""
    return attrs.evolve(MADE, alerts=(attrs.evolve(ALERT, **changes),))


def test_an_alert_carries_all_that_people_need():
    """Severity, texts, and where to read on."""
    ((rule,),) = (group["rules"] for group in MADE.groups())

    assert ("TooMany", "5m", {"severity": "warning"}) == (
        rule["alert"],
        rule["for"],
        rule["labels"],
    )
    assert {"summary", "description", "runbook_url"} == rule["annotations"].keys()
    assert f"{RUNBOOKS}#toomany" == rule["annotations"]["runbook_url"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expr": "right > 3"}, "nobody tells 'right'"),
        ({"expr": "max by (whom) (left) > 3"}, "no label 'whom'"),
        ({"expr": "max by (job) (left) > 3"}, "speaks of 'who'"),
        ({"description": "In {{ $labels.pod }}"}, "speaks of 'pod'.*it has who"),
    ],
    ids=["series", "label", "summary", "description"],
)
def test_an_alert_cannot_name_what_nobody_tells(changes, says):
    """In its expression as in its texts."""
    with pytest.raises(GenerationError, match=says):
        changed(**changes).groups()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("# Alerts\n", "says nothing of TooMany"),
        (PAGE.replace("**Do.**", "Do"), r"TooMany.*with \*\*Do\.\*\*$"),
        (f"{PAGE}\n## TooFew\n**Means.** x\n", "there is no alert TooFew"),
    ],
    ids=["no section", "half a section", "one too many"],
)
def test_page_and_alerts_belong_together(page, says):
    """A section for each, saying what it means and what to do, and none beyond."""
    check_runbooks([MADE], PAGE)
    with pytest.raises(GenerationError, match=says):
        check_runbooks([MADE], page)


def test_names_of_alerts_are_unique():
    """One page has a section for each."""
    names = [alert.name for rules in RULES for alert in rules.alerts]

    assert len(names) == len({*names})
