"""Who asks, and may they: TokenReview and SubjectAccessReview, as kube-rbac-proxy does it.

Whoever may `get` the non-resource URL (`/metrics`, `/debug/...`) is let in. Answers are remembered:
a token for a minute, a permission for five, a refusal for half a minute; how many is bounded. What
is remembered is answered without the event loop and without the API server.

The reviews change nothing, so they go through a client without the fence: a standby is scraped too.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import attrs
import msgspec

from controller.runtime.obs.answer import Answer, Ask, say
from controller.runtime.obs.bridge import Bridge, LoopBusy
from informers.client import Client
from informers.errors import Forbidden, InformersError
from informers.request import Request

K = TypeVar("K")
V = TypeVar("V")

TOKEN_SECONDS: Final = 60.0
REFUSED_TOKEN_SECONDS: Final = 10.0
ALLOW_SECONDS: Final = 300.0
DENY_SECONDS: Final = 30.0
REMEMBERED: Final = 1024
REVIEW_SECONDS: Final = 8.0
VERBS: Final[Mapping[str, str]] = {"GET": "get", "HEAD": "get", "PUT": "put", "POST": "post"}


class _User(msgspec.Struct, frozen=True):
    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, list[str]] | None = None


class _TokenStatus(msgspec.Struct):
    authenticated: bool = False
    user: _User = _User()


class _TokenReview(msgspec.Struct):
    status: _TokenStatus


class _AccessStatus(msgspec.Struct):
    allowed: bool = False
    reason: str = ""


class _AccessReview(msgspec.Struct):
    status: _AccessStatus


class Memory(Generic[K, V]):
    """Values that are right for a while; the oldest make room."""

    def __init__(self, now: Callable[[], float], *, bound: int = REMEMBERED) -> None:
        self._now = now
        self._bound = bound
        self._held: dict[K, tuple[float, V]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """What is still right."""
        until, value = self._held.get(key, (0.0, None))
        return value if self._now() < until else None

    def put(self, key: K, value: V, seconds: float) -> None:
        """Remember for some seconds."""
        self._held.pop(key, None)
        while len(self._held) >= self._bound:
            del self._held[next(iter(self._held))]
        self._held[key] = (self._now() + seconds, value)


@attrs.frozen(kw_only=True)
class _Verdict:
    allowed: bool
    reason: str = ""


class Gatekeeper:
    """Lets in whom the API server knows and allows; `refusal` is for threads."""

    def __init__(
        self, client: Client, bridge: Bridge, *, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self.client = client
        self.reviews = 0
        self._bridge = bridge
        self._users: Memory[bytes, _User] = Memory(now)
        self._verdicts: Memory[tuple[bytes, str, str], _Verdict] = Memory(now)

    @property
    def remembered(self) -> int:
        """How many users and permissions are remembered."""
        return len(self._users) + len(self._verdicts)

    async def stop(self) -> None:
        """Close the connections."""
        await self.client.close()

    def refusal(self, ask: Ask) -> Answer | None:
        """Why this is not answered, or None if it is."""
        token = ask.bearer
        if not token:
            return _unauthorized("send a bearer token: Authorization: Bearer TOKEN")
        digest = hashlib.sha256(token.encode()).digest()
        verb = VERBS.get(ask.method, ask.method.lower())
        try:
            user = self._users.get(digest) or self._bridge.wait(
                lambda: self._authenticate(token, digest), seconds=REVIEW_SECONDS
            )
            if not user.username:
                return _unauthorized("the API server does not know this token")
            subject = (_key_of(user), ask.path, verb)
            verdict = self._verdicts.get(subject) or self._bridge.wait(
                lambda: self._authorize(user, subject), seconds=REVIEW_SECONDS
            )
        except Forbidden as error:
            return say(
                f"this program may not review requests: {error.message}\n"
                "grant it that: kubectl apply --server-side -k manifests/rbac/metrics-auth",
                code=500,
            )
        except (InformersError, LoopBusy, TimeoutError) as error:
            return say(f"cannot ask the API server who you are: {error}", code=503)
        if verdict.allowed:
            return None
        why = f": {verdict.reason}" if verdict.reason else ""
        return say(
            f"{user.username} may not {verb} {ask.path}{why}\n"
            f"a ClusterRole with nonResourceURLs [{ask.path}] and verbs [{verb}] allows it",
            code=403,
        )

    async def _authenticate(self, token: str, digest: bytes) -> _User:
        reply = await self._review(
            "authentication.k8s.io", "TokenReview", "tokenreviews", {"token": token}
        )
        status = msgspec.json.decode(reply, type=_TokenReview).status
        user = status.user if status.authenticated else _User()
        self._users.put(digest, user, TOKEN_SECONDS if user.username else REFUSED_TOKEN_SECONDS)
        return user

    async def _authorize(self, user: _User, subject: tuple[bytes, str, str]) -> _Verdict:
        _, path, verb = subject
        spec = {
            "user": user.username,
            "uid": user.uid,
            "groups": user.groups,
            "extra": user.extra or {},
            "nonResourceAttributes": {"path": path, "verb": verb},
        }
        reply = await self._review(
            "authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews", spec
        )
        status = msgspec.json.decode(reply, type=_AccessReview).status
        verdict = _Verdict(allowed=status.allowed, reason=status.reason)
        seconds = ALLOW_SECONDS if verdict.allowed else DENY_SECONDS
        self._verdicts.put(subject, verdict, seconds)
        return verdict

    async def _review(
        self, group: str, kind: str, plural: str, spec: Mapping[str, object]
    ) -> bytes:
        self.reviews += 1
        body = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        request = Request(
            method="POST", path=f"/apis/{group}/v1/{plural}", body=msgspec.json.encode(body)
        )
        response = await self.client.send(request, timeout=REVIEW_SECONDS)
        return response.body


def _key_of(user: _User) -> bytes:
    return hashlib.sha256(msgspec.json.encode(user)).digest()


def _unauthorized(why: str) -> Answer:
    return Answer(code=401, body=f"{why}\n".encode(), headers={"WWW-Authenticate": "Bearer"})
