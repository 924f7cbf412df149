"""Structured logs: constant event names, fields from one list, one line each.

`configure` is called once, by the program; everything below takes a `Log`. The level can be
changed while the program runs (`Level.set`), which is why the guard is ours: a call below the level
costs a comparison. Whose reconcile a line belongs to is read from the context, so reconcilers need
not pass it on. JSON goes to machines, `console` to people.
"""

import contextlib
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, BinaryIO, Final, cast

import msgspec

from controller.runtime.obs.reconcileid import reconcile_id
from informers.client import CAUSE

# structlog.dev loads rich wherever that is installed, for tracebacks nobody asked for: 100 ms.
_RICH: Final = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]  # None is how the import system says no
try:
    import structlog
finally:
    if _RICH is None:
        del sys.modules["rich"]
    else:
        sys.modules["rich"] = _RICH

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
Event = MutableMapping[str, Any]


class Level:
    """The least that is logged; shared by all logs of the program."""

    __slots__ = ("least", "name")

    def __init__(self, name: str = "info") -> None:
        self.set(name)

    def set(self, name: str) -> None:
        """Log this level and what is above it from now on."""
        if name not in LEVELS:
            raise ValueError(f"{name!r} is no level; say one of {', '.join(LEVELS)}")
        self.name = name
        self.least = LEVELS[name]


class Log:
    """A structured log with a level that can change."""

    __slots__ = ("_logger", "level")

    def __init__(self, logger: Any, level: Level) -> None:  # noqa: ANN401 - structlog's proxies
        self._logger = logger
        self.level = level

    def bind(self, **fields: object) -> "Log":
        """A log that says these fields with every line."""
        return Log(self._logger.bind(**fields), self.level)

    def debug(self, event: str, /, **fields: object) -> None:
        """Tell what only a developer wants to know."""
        if self.level.least <= 10:  # noqa: PLR2004 - LEVELS, spelled out where it is hot
            self._logger.debug(event, **fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Tell what an operator wants to know."""
        if self.level.least <= 20:  # noqa: PLR2004 - as above
            self._logger.info(event, **fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Tell what is wrong and will be tried again."""
        if self.level.least <= 30:  # noqa: PLR2004 - as above
            self._logger.warning(event, **fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Tell what is wrong and needs somebody."""
        self._logger.error(event, **fields)


def configure(format_: str, level: str, *, stream: BinaryIO | None = None) -> Log:
    """The program's log.

    Args:
        format_: `json` or `console`.
        level: The least that is logged, by name.
        stream: Where lines go; standard error by default.
    """
    out = cast("BinaryIO", _Lasting(stream or sys.stderr.buffer))
    render: list[Callable[..., Any]] = [structlog.processors.format_exc_info, _json]
    if format_ == "console":
        render = [structlog.dev.ConsoleRenderer(colors=out.isatty()), _encoded]
    logger = structlog.wrap_logger(
        structlog.BytesLogger(out),
        processors=[
            _whose,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *render,
        ],
        wrapper_class=structlog.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return Log(logger, Level(level))


class _Lasting:
    """Where lines go for as long as anything takes them.

    A terminal that closed, a reader that went or a disk that is full must not keep a program from
    its work, and above all not from ending in good order.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.isatty = out.isatty

    def write(self, line: bytes) -> None:
        """Write it if that can be done."""
        with contextlib.suppress(OSError):
            self._out.write(line)

    def flush(self) -> None:
        """Pass it on if that can be done."""
        with contextlib.suppress(OSError):
            self._out.flush()


def _whose(_logger: object, _method: str, event: Event) -> Event:
    """Say whose reconcile this is, if it is one."""
    cause = CAUSE.get()
    if cause and "controller" not in event:
        controller, _, key = cause.partition("/")
        event["controller"] = controller
        event.setdefault("key", key)
        event["reconcile"] = reconcile_id()
    return event


def _json(_logger: object, _method: str, event: Event) -> bytes:
    if event.get("exc_info", "") is None:
        del event["exc_info"]
    return msgspec.json.encode(event, enc_hook=str)


def _encoded(_logger: object, _method: str, text: str) -> bytes:
    return text.encode()
