"""What the shell offers behind `kubectl pentad`: verbs, kinds, names of objects.

kubectl runs `kubectl_complete-pentad` with the words so far, the last of them unfinished. The
answer is a word on each line, and at the end what the shell is to do with them. A shell that waits
for an answer is told no errors: where nothing can be known, nothing is offered.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Final

from controller.cli.errors import FINE, CommandError
from controller.cli.naming import kind_for
from controller.cli.program import VERBS, common, way_of
from controller.cli.screen import Screen
from controller.cli.session import Session, session
from controller.cli.thing import GROUPS
from informers.errors import InformersError
from informers.meta.kinds import Kind

_NO_SPACE: Final = 2
_NO_FILES: Final = 4
_SECONDS: Final = 5.0
_USUAL: Final = (
    "deployments",
    "statefulsets",
    "daemonsets",
    "replicasets",
    "cronjobs",
    "jobs",
    "pods",
    "services",
)


def main(arguments: Sequence[str]) -> int:
    """Print what may stand in the place of the last word."""
    *before, word = arguments or [""]
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    common(parser, is_outer=True)
    screen = Screen.of_process(form="text", colour="never")
    found, more = [], 0
    try:
        flags, words = parser.parse_known_args(before)
        if not words:
            found = [f"{name}\t{verb.what}" for name, verb in VERBS.items()]
        elif not word.startswith("-") and not any(each.startswith("-") for each in words):
            flags.request_timeout = _SECONDS
            found, more = asyncio.run(_of_server(flags, words[1:], word, screen))
    except (argparse.ArgumentError, CommandError, InformersError):
        pass
    screen.lines([each for each in found if each.startswith(word)])
    screen.lines([f":{_NO_FILES | more}"])
    return FINE


async def _of_server(
    flags: argparse.Namespace, words: Sequence[str], word: str, screen: Screen
) -> tuple[list[str], int]:
    async with session(way_of(flags), screen) as opened:
        resources = (await opened.catalogue()).resources
        kind, slash, _ = word.partition("/")
        if slash:
            names = await _names(opened, kind_for(kind, resources).kind)
            return [f"{kind}/{name}" for name in names], 0
        if words:
            return await _names(opened, kind_for(words[0], resources).kind), 0
        offered = [
            each.kind.plural
            for each in resources
            if each.kind.plural in _USUAL or each.kind.group in GROUPS
        ]
        shorts = [short for each in resources for short in each.short if word]
        return [f"{each}/" for each in dict.fromkeys([*offered, *shorts])], _NO_SPACE


async def _names(opened: Session, kind: Kind) -> list[str]:
    found = await opened.list_one(kind, namespace=opened.namespace, bare=True)
    return [each.meta.name for each in found]
