"""The CA bundle where the API server looks for it: in the webhook configurations.

Two ways, one per way to run:

- `Injector`: the configurations named `pentad` came with the manifests and lead to a Service. Only
  the `caBundle` of our own entries is set, only where it differs, and only if nobody changed the
  object since it was looked at.
- `Loopback`: `make run` brings configurations of its own, which lead to a port of this machine,
  never block anybody (failure policy Ignore) and are taken away when it ends. After a kill -9 they
  stay, cost a refused connection per request, and the next run takes them over.

The caller looks, then reads what the bundle is, then publishes. In that order an older bundle can
never overwrite a newer one, whichever of several replicas does it.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import attrs
import msgspec

from controller.runtime.controller import Log
from controller.runtime.permissions import MANAGER
from controller.runtime.registration import Webhook
from controller.runtime.webhook.configuration import by_kind, configurations
from controller.runtime.webhook.options import LOOPBACK
from controller.runtime.webhook.patch import Edit, pointer
from controller.runtime.webhook.vault import MANAGER as FIELD_MANAGER
from informers.client import Client
from informers.errors import Conflict, Invalid, NotFound
from informers.meta.builtin import MUTATING_WEBHOOK, VALIDATING_WEBHOOK
from informers.meta.kinds import Kind
from informers.request import DeleteOptions

LOCAL: Final = "pentad-local"
Seen = Mapping[Kind, Any]
"""The configurations as they are, by kind; those that are missing are absent."""
NOT_ALLOWED: Final[Seen] = {}
"""What is seen by somebody who may not look."""


class Publisher(Protocol):
    """Who tells the API server what to trust."""

    async def look(self) -> Seen:
        """What it is told now."""
        ...

    async def publish(self, seen: Seen, bundle: bytes) -> bool:
        """Tell it to trust the bundle; True if it was told exactly that when looked at.

        Raises:
            Conflict: If somebody changed the configurations since.
        """
        ...

    async def withdraw(self) -> None:
        """Leave nothing behind that leads to a program which ends now."""
        ...


@attrs.frozen
class Injector:
    """Sets the caBundle of our entries in the configurations that lead to our Service."""

    client: Client
    webhooks: tuple[Webhook, ...]
    name: str = MANAGER

    async def look(self) -> Seen:
        """Read the configurations, live."""
        return await _read(self.client, by_kind(self.webhooks), self.name)

    async def publish(self, seen: Seen, bundle: bytes) -> bool:
        """Patch those entries that say something else."""
        text = base64.b64encode(bundle).decode()
        stood = True
        for kind, names in self._names().items():
            if kind not in seen:
                continue
            edits = _injections(seen[kind], names, text)
            if edits:
                stood = False
                await _patch(self.client, kind, seen[kind], edits)
        return stood

    async def withdraw(self) -> None:
        """Nothing: the configurations belong to the manifests, and other replicas answer."""

    def _names(self) -> dict[Kind, set[str]]:
        found = by_kind(self.webhooks).items()
        return {kind: {webhook.full_name for webhook in chosen} for kind, chosen in found}


def _injections(found: Any, names: set[str], text: str) -> list[Edit]:  # noqa: ANN401 - JSON
    """What to change so that our entries have this bundle."""
    edits: list[Edit] = []
    for i, entry in enumerate(found.get("webhooks") or []):
        way = entry["clientConfig"]
        if entry["name"] in names and "service" in way and way.get("caBundle") != text:
            path = pointer("webhooks", i)
            edits.append(Edit(op="test", path=f"{path}/name", value=entry["name"]))
            edits.append(Edit(op="add", path=f"{path}/clientConfig/caBundle", value=text))
    return edits


async def _patch(client: Client, kind: Kind, found: dict[str, Any], edits: list[Edit]) -> None:
    meta = found["metadata"]
    guard = Edit(op="test", path="/metadata/resourceVersion", value=meta["resourceVersion"])
    body = msgspec.json.encode([guard, *edits])
    try:
        await client.patch(kind, meta["name"], body, type_="json", manager=FIELD_MANAGER)
    except Invalid as error:
        # How the API server says that a test of a JSON patch failed.
        raise Conflict(error.message, code=error.code) from error


class Loopback:
    """Configurations of this program's own, which lead to it on loopback."""

    def __init__(
        self,
        client: Client,
        webhooks: Iterable[Webhook],
        *,
        port: Callable[[], int],
        log: Log,
        host: str = LOOPBACK,
        name: str = LOCAL,
    ) -> None:
        self._client = client
        self._webhooks = tuple(webhooks)
        self._host = host
        self._port = port
        self._name = name
        self._log = log
        self._is_begun = False
        self._yielded: dict[Kind, tuple[str, ...]] = {}

    @property
    def _base(self) -> str:
        """Where we are; the port is known once the server listens."""
        return f"https://{self._host}:{self._port()}"

    async def look(self) -> Seen:
        """Read what is there, live."""
        return await _read(self._client, (VALIDATING_WEBHOOK, MUTATING_WEBHOOK), self._name)

    async def publish(self, seen: Seen, bundle: bytes) -> bool:
        """Apply the configurations, unless another program has taken them over meanwhile."""
        text = base64.b64encode(bundle).decode()
        wanted = configurations(
            self._webhooks,
            name=self._name,
            way=lambda webhook: {"url": self._base + webhook.path, "caBundle": text},
            failure_policy="Ignore",
        )
        stood = True
        for kind, body in wanted.items():
            there = seen.get(kind)
            if there is not None and _ways(there) == _ways(body):
                continue
            stood = False
            if self._is_begun and there is not None and not self._is_ours(there):
                self._yield_to(kind, there)
                continue
            await self._client.apply(kind, self._name, body, manager=FIELD_MANAGER)
        self._is_begun = True
        return stood

    def _yield_to(self, kind: Kind, found: Any) -> None:  # noqa: ANN401 - JSON
        """Leave it to the program that came later; say so once, as it may be a surprise."""
        urls = tuple(str(way.get("url", "")) for _, way in _ways(found))
        if self._yielded.get(kind) != urls:
            self._yielded[kind] = urls
            self._log.warning("webhook_configuration_taken_over", name=self._name, urls=urls)

    async def withdraw(self) -> None:
        """Delete what leads here."""
        for kind, found in (await self.look()).items():
            if self._is_ours(found):
                meta = found["metadata"]
                how = DeleteOptions(uid=meta["uid"], resource_version=meta["resourceVersion"])
                await self._client.delete(kind, self._name, how)

    def _is_ours(self, found: Any) -> bool:  # noqa: ANN401 - JSON
        urls = [str(way.get("url", "")) for _, way in _ways(found)]
        return all(url.startswith(f"{self._base}/") for url in urls)


def _ways(found: Any) -> list[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - JSON
    """Where each entry leads, and what is trusted there."""
    return sorted((entry["name"], entry["clientConfig"]) for entry in found.get("webhooks") or [])


async def _read(client: Client, kinds: Iterable[Kind], name: str) -> Seen:
    found = {}
    for kind in kinds:
        try:
            found[kind] = msgspec.json.decode((await client.get(kind, name)).raw)
        except NotFound:
            continue
    return found
