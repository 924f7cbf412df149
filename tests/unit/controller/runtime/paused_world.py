"""A server of one Widget: it takes patches of its status, and knows who set the annotation."""

import msgspec

from tests.unit.controller.runtime.world import thing


class Served:
    """Answers for one Widget, and sends its watch what was changed."""

    def __init__(self, world, *, meta=None, programs=()):
        self.world = world
        self.programs = programs
        self.version = 100
        self.meta, self.status = meta or {}, {}

    def __call__(self, request):
        """Answer a request; Events and the like are taken as they are."""
        if request.kind.plural != "widgets":
            return 201, msgspec.json.decode(request.body)
        if request.method == "PATCH":
            self.status |= msgspec.json.decode(request.body)["status"]
            self.version += 1
        fields = {"f:metadata": {"f:annotations": {"f:pentad.dev/paused": {}}}}
        managed = [{"manager": each, "fieldsV1": fields} for each in self.programs]
        managed.append({"manager": "other", "fieldsV1": {"f:spec": {}}})
        return 200, self.body(managedFields=managed)

    def body(self, **more):
        """Return the Widget as it is."""
        return thing(version=self.version, status=self.status, meta={**self.meta, **more})

    @property
    def said(self):
        """Return status, reason and message of the condition Paused."""
        found = self.status.get("conditions", [])
        return [
            (each["status"], each["reason"], each["message"])
            for each in found
            if each["type"] == "Paused"
        ]
