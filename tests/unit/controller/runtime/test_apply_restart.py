"""The apply set after a restart: what is as it would be applied is known again."""

import pytest

from tests.unit.controller.runtime.test_apply import OWNER, US, Case, child, stored

pytestmark = pytest.mark.virtual

WHOLE = {"f:ownerReferences": {'k:{"uid":"u-w"}': {}}}


def whole(**data):
    """Return a child as the server has it after we applied it, with all that we claim of it."""
    fields = {"f:metadata": WHOLE, "f:data": {f"f:{key}": {} for key in data}}
    entry = {"manager": US, "operation": "Apply", "fieldsV1": fields}
    meta = {"managedFields": [entry], "ownerReferences": [OWNER.reference()]}
    return stored(controller="", meta=meta, **data)


async def test_what_an_earlier_process_applied_is_known_again():
    """After a restart, a child that is as wanted costs nothing, and drift of it is still seen."""
    async with Case(whole(a="1")).reflecting() as case:
        found = await case.children.apply(OWNER, [child(a="1")])
        assert ((), 1, []) == (found.applied, found.unchanged, case.methods())

        await case.drift(a="2")
        await case.children.apply(OWNER, [child(a="1")])
        assert ["PATCH"] == case.methods()


async def test_what_an_earlier_process_applied_otherwise_is_applied():
    """After a restart, what is wanted now counts."""
    async with Case(whole(a="1", b="1")).reflecting() as case:
        await case.children.apply(OWNER, [child(a="1")])

    assert ["PATCH"] == case.methods()


async def test_the_order_of_fields_is_no_wish():
    """What was rendered here and what the server stored of it are the same."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, [child(a="1", b="2")])
        found = await case.children.apply(OWNER, [child(b="2", a="1")])

    assert ((), ["PATCH"]) == (found.applied, case.methods())
