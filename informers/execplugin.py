"""Credential plugins: a program that prints an ExecCredential.

The contract is that of client.authentication.k8s.io, v1 and v1beta1: the request travels in
KUBERNETES_EXEC_INFO (with the cluster if the kubeconfig says provideClusterInfo), the answer is
JSON on standard output with a token, a client certificate, or both, and when they expire.

A manager runs unattended, so a plugin never gets the terminal; one that insists on it is refused
with the way out, and one that hangs is killed with all it started. How often it is asked is
`credentials.Expiring`'s business.
"""

import asyncio
import contextlib
import datetime as dt
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from informers.credentials import Issued, bearer
from informers.errors import ConfigError
from informers.tls import KeyPair

GROUP: Final = "client.authentication.k8s.io"
VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
EXTENSION: Final = f"{GROUP}/exec"
DEADLINE: Final = 60.0
SHOWN: Final = 300


@attrs.frozen(eq=False, repr=False, kw_only=True)
class ExecPlugin:
    """How to run the plugin of one kubeconfig user."""

    command: Sequence[str]
    environment: Mapping[str, str] = attrs.field(repr=False)
    api_version: str
    title: str
    install_hint: str = ""
    cluster: Callable[[], Mapping[str, Any]] | None = None
    deadline: float = DEADLINE

    def __attrs_post_init__(self) -> None:
        """Refuse a contract that we do not speak."""
        if self.api_version not in VERSIONS:
            raise ConfigError(
                f"the credential plugin of {self.title} wants apiVersion {self.api_version!r}",
                remedy=f"it must be one of {', '.join(VERSIONS)}; a newer plugin speaks them",
            )

    async def obtain(self) -> Issued:
        """Run it once and take its answer."""
        output, complaint, code = await self._run()
        if code != 0:
            said = f": {complaint}" if complaint else ""
            raise self._error(f"ended with exit code {code}{said}", remedy=self._try_it)
        try:
            answer = json.loads(output)
        except ValueError as error:
            raise self._error("did not print JSON", remedy=self._try_it) from error
        return self._issued(answer)

    async def _run(self) -> tuple[bytes, str, int]:
        with self._spawn_errors():
            process = await asyncio.create_subprocess_exec(
                *self.command,
                env={**self.environment, "KUBERNETES_EXEC_INFO": json.dumps(self._request())},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(self.deadline):
                output, errors = await process.communicate()
        except TimeoutError as error:
            raise self._error(
                f"gave no answer in {self.deadline:g} s", remedy=self._try_it
            ) from error
        finally:
            await _end(process)
        assert process.returncode is not None
        return output, _last_line(errors), process.returncode

    @contextlib.contextmanager
    def _spawn_errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            hint = " ".join(self.install_hint.split())
            raise self._error(
                "is not installed", remedy=hint or "install it, or name it by its whole path"
            ) from error
        except OSError as error:
            raise self._error(
                f"cannot be run ({error.strerror})", remedy="make it an executable program"
            ) from error

    def _request(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"interactive": False}
        if self.cluster is not None:
            spec["cluster"] = self.cluster()
        return {"apiVersion": self.api_version, "kind": "ExecCredential", "spec": spec}

    def _issued(self, answer: object) -> Issued:
        if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
            raise self._error("printed something else than an ExecCredential", remedy=self._try_it)
        if answer.get("apiVersion") != self.api_version:
            raise self._error(
                f"answered in apiVersion {answer.get('apiVersion')!r}",
                remedy=f"the kubeconfig asks for {self.api_version}: make them agree",
            )
        status = answer.get("status")
        if not isinstance(status, dict):
            raise self._error("printed no status", remedy=self._try_it)
        token = status.get("token")
        pair = self._pair(status)
        if not token and pair is None:
            raise self._error("gave neither a token nor a certificate", remedy=self._try_it)
        title = f"the credential plugin of {self.title}"
        return Issued(
            authorization=bearer(str(token), title=title) if token else None,
            pair=pair,
            expires=self._expiry(status.get("expirationTimestamp")),
        )

    def _pair(self, status: Mapping[str, Any]) -> KeyPair | None:
        certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
        if not certificate and not key:
            return None
        if not certificate or not key:
            raise self._error("gave only half of a certificate and its key", remedy=self._try_it)
        return KeyPair(str(certificate).encode(), str(key).encode())

    def _expiry(self, stamp: object) -> dt.datetime | None:
        if not stamp:
            return None
        try:
            expires = dt.datetime.fromisoformat(str(stamp))
        except ValueError as error:
            raise self._error(
                f"gave the expirationTimestamp {stamp!r}", remedy="it must be RFC 3339"
            ) from error
        return expires if expires.tzinfo else expires.replace(tzinfo=dt.UTC)

    @property
    def _try_it(self) -> str:
        return f"try it by hand: {' '.join(self.command)}"

    def _error(self, what: str, *, remedy: str) -> ConfigError:
        return ConfigError(
            f"credential plugin {self.command[0]} of {self.title} {what}", remedy=remedy
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing behind of a plugin that did not end by itself."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - a child may hold the pipes
    await process.wait()


def _last_line(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines()]
    return next((line[:SHOWN] for line in reversed(lines) if line), "")
