"""The apply set: which requests it makes, and which it spares."""

import attrs
import msgspec
import pytest

from controller.runtime.fights import FREE
from controller.runtime.ownership import Doubled, Misplaced, Owner, Taken
from controller.runtime.reconcile import Postponed
from informers.errors import TransportError
from informers.meta.builtin import CONFIG_MAP, NODE, SECRET
from informers.snapshot import seal
from tests.kit.answers import status
from tests.kit.widget.api import WIDGET
from tests.unit.controller.runtime.world import World, picture, thing

pytestmark = pytest.mark.virtual

US, OTHERS = "pentad-t", "pentad-u"
OWNER = Owner(kind=WIDGET, snapshot=picture())


def child(name="c", kind=CONFIG_MAP, **data):
    """Return a desired child."""
    head = {"apiVersion": kind.api_version, "kind": kind.kind}
    return head | {"metadata": {"name": name}, "data": data}


def stored(
    name="c",
    *,
    version=1,
    manager=US,
    controller="u-w",
    holder="w",
    kind=CONFIG_MAP,
    meta=None,
    **data,
):
    """Return a child as the server has it, applied by `manager` if by anybody."""
    fields = {"f:data": {f"f:{key}": {} for key in data}}
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": fields}
    more = {"managedFields": [entry] if manager else [], **(meta or {})}
    if controller:
        owner = {"apiVersion": WIDGET.api_version, "kind": "Widget", "name": holder}
        more["ownerReferences"] = [owner | {"uid": controller, "controller": True}]
    return thing(name, version=version, kind=kind, meta=more, data=data)


_REFERENCE = {"apiVersion": WIDGET.api_version, "kind": "Widget", "name": "w"}
SHARED = [_REFERENCE | {"uid": "u-w"}, _REFERENCE | {"uid": "u-other", "controller": True}]
FAR = child() | {"metadata": {"name": "c", "namespace": "far"}}
GLOBAL = Owner(
    kind=attrs.evolve(WIDGET, namespaced=False), snapshot=picture(meta={"namespace": ""})
)


class Case(World):
    """An apply set over a server that stores what is applied."""

    def __init__(self, *there, kinds=(CONFIG_MAP,)):
        super().__init__()
        self.version = 60
        self.live = {one["metadata"]["name"]: one for one in there}
        self.wire.content["configmaps"] = list(there)
        self.wire.answer = self.serve
        self.children = self.runtime.apply_set("t", kinds)
        self.store = self.children._informers[kinds[0]].store

    def reflecting(self):
        """Begin when all is cached."""
        return super().reflecting(*self.informers)

    def serve(self, request):
        """Store what is applied, show what is asked for, delete what is to go."""
        name = request.path.rpartition("/")[2]
        if request.method == "DELETE":
            gone = self.live.pop(name, None)
            details = {"uid": gone["metadata"]["uid"]} if gone else {}
            return (200, {"kind": "Status", "details": details}) if gone else (404, status(404))
        if request.method == "GET":
            return (200, self.live[name]) if name in self.live else (404, status(404))
        body = msgspec.json.decode(request.body)
        owner = body["metadata"]["ownerReferences"][0]["uid"]
        self.live[name] = self.next(
            name, controller=owner, kind=request.kind, **body.get("data", {})
        )
        return (200, self.live[name])

    def next(self, name="c", **more):
        """Return the child's next version."""
        self.version += 1
        return stored(name, version=self.version, **more)

    def drift(self, name="c", **data):
        """Let somebody else change a field of ours, and our cache see it."""
        self.wire.push(CONFIG_MAP, "MODIFIED", self.next(name, **data))
        return self.clock.sleep(0.1)

    def methods(self):
        """Return the methods of all requests, and begin a new record."""
        found = [request.method for request in self.wire.requests]
        self.wire.requests.clear()
        return found


async def test_a_child_is_applied_once_and_then_only_when_something_changed():
    """Again costs nothing, drift and another wish one request each; each outcome is counted."""
    async with Case().reflecting() as case:
        first = await case.children.apply(OWNER, [child(a="1")])
        [request] = case.wire.requests
        [body] = case.wire.sent("PATCH")
        assert ("application/apply-patch+yaml", "true", US) == (
            request.content_type,
            request.query["force"],
            request.query["fieldManager"],
        )
        assert [OWNER.reference()] == body["metadata"]["ownerReferences"]
        assert (("ConfigMap ns/c",), "61") == (first.applied, first.children[0].resource_version)
        case.methods()

        again = await case.children.apply(OWNER, [child(a="1")])
        assert ((), 1, []) == (again.applied, again.unchanged, case.methods())
        await case.drift(a="2")
        await case.children.apply(OWNER, [child(a="1")])
        assert ["PATCH"] == case.methods()
        await case.children.apply(OWNER, [child(a="3")])
        assert ["PATCH"] == case.methods()

    assert (3, 1, 0) == (case.children.applied, case.children.unchanged, case.children.pruned)


async def test_a_foreign_change_of_foreign_fields_costs_nothing():
    """Only what our manager owns is compared."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, [child(a="1")])
        theirs = case.next(a="1")
        theirs["data"]["b"] = "theirs"
        case.wire.push(CONFIG_MAP, "MODIFIED", theirs)
        await case.clock.sleep(1)
        case.methods()

        assert 1 == (await case.children.apply(OWNER, [child(a="1")])).unchanged
        assert [] == case.methods()


async def test_somebody_who_was_faster_is_not_mistaken_for_us():
    """The cache shows a later version than our reply: the next look applies again."""
    case = Case()

    def serve(request):
        answer = case.serve(request)
        case.informers.wrote(CONFIG_MAP, *sealed(case.next(a="2")))
        return answer

    case.wire.answer = serve
    async with case.reflecting():
        await case.children.apply(OWNER, [child(a="1")])
        await case.children.apply(OWNER, [child(a="1")])

    assert ["PATCH", "PATCH"] == case.methods()


def sealed(body):
    """Return what an own write is told with."""
    raw = msgspec.json.encode(body)
    return seal(raw), raw


@pytest.mark.parametrize(
    ("there", "pruned", "methods"),
    [
        (stored(), True, ["GET", "DELETE"]),
        (stored(manager=""), False, []),
        (stored(manager="kubectl"), False, []),
        (stored(manager=OTHERS), False, ["GET"]),
        (stored(controller="u-other"), False, []),
        (stored(controller=""), False, []),
        (stored(controller="", meta={"ownerReferences": SHARED}), False, []),
        (stored(meta={"deletionTimestamp": "2030-01-01T00:00:00Z"}), False, []),
    ],
    ids=["ours", "made by hand", "applied by hand", "of another controller", "of another owner",
         "nobody's", "shared and controlled by another", "going already"],
)  # fmt: skip
async def test_only_what_this_set_applied_is_pruned(there, pruned, methods):
    """After a restart the server is asked whose it is, where the cache cannot tell."""
    async with Case(there).reflecting() as case:
        found = await case.children.apply(OWNER, [])

    assert (("ConfigMap ns/c",) if pruned else ()) == found.pruned
    assert methods == case.methods()
    assert pruned == (not case.live)


async def test_another_controllers_child_is_asked_about_once():
    """What is known to be its child costs nothing at the next look; a successor is asked anew."""
    async with Case(stored(manager=OTHERS)).reflecting() as case:
        await case.children.apply(OWNER, [])
        await case.children.apply(OWNER, [])
        assert ["GET"] == case.methods()

        case.wire.push(CONFIG_MAP, "DELETED", stored(version=61))
        case.wire.push(CONFIG_MAP, "ADDED", stored(version=62, a="1"))
        case.live["c"] = stored(version=62, a="1")
        await case.clock.sleep(1)
        assert ("ConfigMap ns/c",) == (await case.children.apply(OWNER, [])).pruned


async def test_what_we_applied_ourselves_is_pruned_unasked():
    """By uid, so that a successor of the same name is safe."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, [child("a"), child("b")])
        case.methods()

        found = await case.children.apply(OWNER, [child("a")])

    assert (("ConfigMap ns/b",), 1) == (found.pruned, found.unchanged)
    [body] = case.wire.sent("DELETE")
    assert {"uid": "u-b"} == body["preconditions"]
    assert ["DELETE"] == case.methods()


async def test_pruning_can_be_left_to_another_time():
    """With prune=False nothing is deleted."""
    async with Case(stored()).reflecting() as case:
        found = await case.children.apply(OWNER, [], prune=False)

    assert ((), []) == (found.pruned, case.methods())


@pytest.mark.parametrize("code", [404, 409], ids=["gone", "a successor"])
async def test_a_child_that_went_meanwhile_is_no_error(code):
    """It is not counted either."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, [child()])
        case.wire.answer = lambda _: (code, status(code))

        await case.children.apply(OWNER, [])

    assert 0 == case.children.pruned


async def test_what_another_object_controls_is_refused():
    """The message says whose it is and what to do; nothing is sent."""
    async with Case(stored(controller="u-other", holder="x")).reflecting() as case:
        with pytest.raises(Taken, match=r"ConfigMap ns/c belongs to Widget x; rename") as caught:
            await case.children.apply(OWNER, [child()])

    assert ("ChildTaken", []) == (caught.value.reason, case.methods())


async def test_what_an_earlier_owner_of_the_name_left_is_waited_for():
    """Nobody has to rename anything: all others are applied, and an Event says what is missing."""
    left = stored(controller="u-before")
    async with Case(left).reflecting() as case:
        with pytest.raises(Postponed, match="a Widget w that was deleted") as caught:
            await case.children.apply(OWNER, [child(), child("d")])
        notice, _, _ = case.runtime.recorder._queue.get_nowait()

    assert (10.0, ["PATCH"]) == (caught.value.seconds, case.methods())
    assert ("Normal", "ChildLeftOver") == (notice.type, notice.reason)


async def test_a_kind_of_the_same_name_in_another_group_is_no_earlier_owner():
    """Another program's Widget of this name is alive for all we know: its child is taken."""
    theirs = stored(controller="u-theirs")
    theirs["metadata"]["ownerReferences"][0]["apiVersion"] = "other.dev/v1"
    async with Case(theirs).reflecting() as case:
        with pytest.raises(Taken):
            await case.children.apply(OWNER, [child()])


async def test_what_nobody_controls_is_adopted():
    """The owner reference comes with the apply."""
    async with Case(stored(controller="")).reflecting() as case:
        await case.children.apply(OWNER, [child(a="1")])

    assert ["PATCH"] == case.methods()


@pytest.mark.parametrize(
    ("owner", "desired", "path"),
    [
        (OWNER, child(), "/api/v1/namespaces/ns/configmaps/c"),
        (OWNER, FAR, None),
        (OWNER, child("n", NODE), None),
        (GLOBAL, FAR, "/api/v1/namespaces/far/configmaps/c"),
        (GLOBAL, child("n", NODE), "/api/v1/nodes/n"),
        (GLOBAL, child(), None),
    ],
    ids=[
        "its namespace",
        "another namespace",
        "no namespace",
        "of all namespaces",
        "both without",
        "nowhere",
    ],
)
async def test_children_live_where_their_owner_can_own_them(owner, desired, path):
    """Elsewhere the garbage collector would delete them again and again: that is refused."""
    async with Case(kinds=(CONFIG_MAP, NODE)).reflecting() as case:
        if path:
            await case.children.apply(owner, [desired], prune=False)
        else:
            with pytest.raises(Misplaced, match=r"metadata\.namespace"):
                await case.children.apply(owner, [desired])

    assert ([path] if path else []) == [request.path for request in case.wire.requests]


@pytest.mark.parametrize("namespace", [{}, {"namespace": "ns"}], ids=["the owner's", "named"])
async def test_two_desired_children_of_one_name_are_refused(namespace):
    """Which of the two it should be, only whoever desires them knows; nothing is sent meanwhile."""
    other = child("c", b="2")
    other["metadata"] |= namespace
    async with Case().reflecting() as case:
        with pytest.raises(Doubled, match="ConfigMap ns/c is desired twice by Widget ns/w; give"):
            await case.children.apply(OWNER, [child("a"), child("c", a="1"), other])

    assert [] == case.methods()


async def test_children_of_one_name_and_two_kinds_are_two():
    """Only kind, namespace and name together are an object."""
    async with Case(kinds=(CONFIG_MAP, SECRET)).reflecting() as case:
        done = await case.children.apply(OWNER, [child("c"), child("c", SECRET)])

    assert ("ConfigMap ns/c", "Secret ns/c") == done.applied


async def test_a_kind_that_is_not_owned_is_told_with_the_remedy():
    """Its drift would never be seen."""
    async with Case().reflecting() as case:
        with pytest.raises(LookupError, match=r"v1 Secret .* declare it with owns\(\)"):
            await case.children.apply(OWNER, [child("s", SECRET)])


async def test_a_lost_apply_is_repeated():
    """Nothing is remembered of what has no answer."""
    async with Case().reflecting() as case:
        serve, case.wire.answer = case.wire.answer, lambda _: TransportError("cut")
        with pytest.raises(TransportError):
            await case.children.apply(OWNER, [child()])
        case.wire.answer = serve
        case.methods()

        await case.children.apply(OWNER, [child()])

    assert ["PATCH"] == case.methods()


async def test_a_fight_slows_down_one_child_and_tells_users():
    """Others are as desired meanwhile; the wait is the shortest; one Event tells of it."""
    async with Case().reflecting() as case:
        for number in range(FREE):
            await case.children.apply(OWNER, [child(a="1")])
            await case.drift(a=f"theirs {number}")
        await case.children.apply(OWNER, [child(a="1")])
        await case.drift(a="theirs")
        case.methods()

        with pytest.raises(Postponed, match="ConfigMap ns/c is fought over") as caught:
            await case.children.apply(OWNER, [child(a="1"), child("other")])

        assert ["PATCH"] == case.methods()
        assert case.store.get("ns/other")
        assert 0 < caught.value.seconds <= 1
        notice, _, _ = case.runtime.recorder._queue.get_nowait()
        assert ("Warning", "FightOver") == (notice.type, notice.reason)
        assert case.runtime.recorder._queue.empty()
        assert 1 == case.children.fights.told
        await case.clock.sleep(caught.value.seconds)
        await case.children.apply(OWNER, [child(a="1"), child("other")])
        assert ["PATCH"] == case.methods()


async def test_a_deletion_by_somebody_else_is_made_good():
    """And counts as undoing what was applied; our own pruning does not."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, [child("a"), child("b")])
        await case.children.apply(OWNER, [child("a")])
        assert 0 == len(case.children.fights)

        case.wire.push(CONFIG_MAP, "DELETED", case.next("a"))
        await case.clock.sleep(1)
        found = await case.children.apply(OWNER, [child("a")])

    assert ("ConfigMap ns/a",) == found.applied
    assert 1 == len(case.children.fights)
