"""`python -m tests.standin.penin`: a stand-in for a service of a PENIN-Ω cluster, for tests.

It is none of the four services and computes nothing of what they do: it has their ports, their
health and their metrics, and behaves as it is told. It reads what the operator gives to every pod
of a cluster: PENIN_SERVICE, PENIN_PORT, PENIN_CONFIG, PENIN_CLUSTER and PENIN_NAMESPACE.
PENIN_RELEASE is in the image. It says what happens as lines of JSON.
"""

import datetime as dt
import hashlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.standin.penin import behaviour
from tests.standin.penin.account import FOLDER, Account
from tests.standin.penin.service import Service, server

_CYCLE: Final = 1.0


def main(environment: Mapping[str, str]) -> int:
    """Serve until told to end."""
    about = {
        "standIn": True,
        "service": environment.get("PENIN_SERVICE", ""),
        "cluster": environment.get("PENIN_CLUSTER", ""),
        "release": environment.get("PENIN_RELEASE", "dev"),
    }

    def say(event: str, **facts: Any) -> None:
        now = dt.datetime.now(dt.UTC).isoformat()
        print(json.dumps({"time": now, "event": event} | about | facts), flush=True)

    settings = _settings(environment.get("PENIN_CONFIG", ""))
    first = behaviour.of(about["release"], settings)
    if first.crash:
        say("crash")
        return 1
    service = Service(first, about=about, settings=settings, account=_account(environment), say=say)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with server(service, int(environment.get("PENIN_PORT", "8080"))) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        say("serving", port=serving.server_address[1])
        while not over.wait(_CYCLE):
            _cycle(service)
        serving.shutdown()
    say("ended")
    return 0


def _cycle(service: Service) -> None:
    """Do a little, so that what a cycle took is measured and not made up."""
    began = time.perf_counter()
    hashlib.pbkdf2_hmac("sha256", b"penin", b"cycle", 1000)
    service.figures.cycle(time.perf_counter() - began, service.behaviour.gates)


def _settings(path: str) -> dict[str, Any]:
    if not path or not Path(path).is_file():
        return {}
    found: dict[str, Any] = json.loads(Path(path).read_text())
    return found


def _account(environment: Mapping[str, str]) -> Account | None:
    host = environment.get("KUBERNETES_SERVICE_HOST")
    if not host or not (FOLDER / "token").is_file():
        return None
    port = int(environment.get("KUBERNETES_SERVICE_PORT", "443"))
    return Account(host, port, environment.get("PENIN_NAMESPACE", "default"))


if __name__ == "__main__":
    sys.exit(main(os.environ))
