"""What a manager goes on with from one look to the next."""

import pytest

from reconcilers.vertice.api.scaler import Target
from reconcilers.vertice.scaler.memory import Memories
from reconcilers.vertice.scaler.remembered import Known

WEB = Target(kind="Deployment", name="web")
BEFORE, AFTER = Memories(active_at=1), Memories(active_at=2)


@pytest.mark.parametrize(("current", "memories"), [(10, BEFORE), (14, AFTER), (12, BEFORE)])
def test_what_became_of_a_write_without_an_answer_is_seen(current, memories):
    """It was done if the number is there, and counts for the policies as any other."""
    known = Known(uid="1", target=WEB, memories=BEFORE, tried=(14, AFTER))

    assert memories is known.recalled(current)


def test_without_a_doubt_there_is_one_memory():
    """Whatever the number."""
    assert BEFORE is Known(uid="1", target=WEB, memories=BEFORE).recalled(14)
