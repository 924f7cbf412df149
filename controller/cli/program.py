"""From what was typed to an exit code.

A verb is a module with `add_arguments(parser)` and `async run(session, asked) -> int`, and a line
in `VERBS`. Only the verb that is asked for is imported.
"""

import argparse
import asyncio
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import attrs

from controller.cli.errors import CUT_OFF, INTERRUPTED, NO_ANSWER, WRONG_USE, CommandError
from controller.cli.paint import plain
from controller.cli.screen import Screen
from controller.cli.session import Way, session
from informers.errors import ConfigError, Forbidden, InformersError


@attrs.frozen
class Verb:
    """What a word does, for the list of them, and the module that does it."""

    what: str
    module: str


VERBS: Final[Mapping[str, Verb]] = {
    "status": Verb(
        "phase, conditions and events, of one object or all", "controller.cli.verbs.status"
    ),
    "tree": Verb("what an object owns, and whether that is ready", "controller.cli.verbs.tree"),
    "why": Verb(
        "why an object is not ready, from the cause to the effect", "controller.cli.verbs.why"
    ),
    "ledger": Verb(
        "what was decided about a PeninOmegaCluster, and the proof", "controller.cli.verbs.ledger"
    ),
    "logs": Verb("the logs of all pods that an object owns", "controller.cli.verbs.logs"),
}
_EPILOG: Final = """\
An object is KIND/NAME or KIND NAME: any kind of the server, by short name, singular, plural or with
its group behind it (penin/a, deploy web, deployments.apps/web).

exit codes:
  0    it was told; with --exit-code: and is ready
  1    with --exit-code: it was told, and is not ready
  2    wrong usage: a flag, a kind, a kubeconfig
  3    it cannot be told: no such object, no permission, no server
  130  ended by Ctrl-C
"""


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with the line and its remedy."""
        self.exit(WRONG_USE, f"{self.prog}: {message}: see {self.prog} --help\n")


def main(arguments: Sequence[str], *, name: str) -> int:
    """Run what was typed behind a program's name."""
    asked = parser_for(arguments, name=name).parse_args(arguments)
    screen = Screen.of_process(form=asked.output, colour=asked.color)
    try:
        return asyncio.run(_run(asked, screen))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # such as `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_OFF
    except (CommandError, InformersError) as error:
        return _fail(name, error)


async def _run(asked: argparse.Namespace, screen: Screen) -> int:
    async with session(way_of(asked), screen) as opened:
        code: int = await asked.run(opened, asked)
        screen.out.flush()
        return code


def way_of(asked: argparse.Namespace) -> Way:
    """Return where to ask, from the flags of all verbs."""
    return Way(
        kubeconfig=asked.kubeconfig,
        context=asked.context,
        namespace=asked.namespace,
        everywhere=asked.all_namespaces,
        timeout=asked.request_timeout,
    )


def parser_for(arguments: Sequence[str], *, name: str) -> argparse.ArgumentParser:
    """Return the parser of a command line; of the verbs only those in it are whole."""
    parser = _Parser(
        prog=name,
        description="What resources own, how that is doing, and why. It only reads.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    common(parser, is_outer=True)
    verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=_Parser)
    for word, verb in VERBS.items():
        below = verbs.add_parser(word, help=verb.what, description=verb.what, allow_abbrev=False)
        if word in arguments:
            module: Any = importlib.import_module(verb.module)
            module.add_arguments(below)
            below.set_defaults(run=module.run)
        common(below, is_outer=False)
    return parser


def common(parser: argparse.ArgumentParser, *, is_outer: bool) -> None:
    """Add what every verb takes, before or behind it; behind counts more."""

    def default(value: object) -> Any:  # noqa: ANN401 - as argparse has it
        return value if is_outer else argparse.SUPPRESS

    group = parser.add_argument_group("flags of all verbs")
    add = group.add_argument
    add("--kubeconfig", metavar="FILE", default=default(None), help="instead of KUBECONFIG")
    add("--context", metavar="NAME", default=default(None), help="a context of the kubeconfig")
    add("-n", "--namespace", metavar="NAME", default=default(None), help="that of the context")
    add(
        "-A", "--all-namespaces", action="store_true", default=default(value=False),
        help="in every namespace, where no single object is named",
    )  # fmt: skip
    add(
        "-o", "--output", choices=("text", "json", "yaml"), default=default(None),
        help="text on a terminal, json otherwise",
    )  # fmt: skip
    add(
        "--color", choices=("auto", "always", "never"), default=default("auto"),
        help="auto: on a terminal, unless NO_COLOR is set",
    )  # fmt: skip
    add(
        "--request-timeout", metavar="SECONDS", type=_seconds, default=default(30.0),
        help="how long a single request may take (30)",
    )  # fmt: skip


def _seconds(text: str) -> float:
    value = float(text.removesuffix("s"))
    if not 0 < value <= 3600:  # noqa: PLR2004 - an hour, which is more than any proxy waits
        raise argparse.ArgumentTypeError("say seconds, more than 0 and at most 3600")
    return value


def _fail(name: str, error: CommandError | InformersError) -> int:
    """Tell in one line what ended the command."""
    message = plain(str(error))
    if isinstance(error, Forbidden):
        message += ": ask for a role that allows it"
    sys.stderr.write(f"{name}: {message}\n")
    if isinstance(error, CommandError):
        return error.code
    return WRONG_USE if isinstance(error, ConfigError) else NO_ANSWER
