"""`python -m hack.gen [generate|verify]`: write the generated files, or fail when they differ."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from controller.families import FAMILIES
from hack.gen import tree
from hack.gen.errors import GenerationError
from tests.kit.widget.family import WIDGET_FAMILY

ROOT: Final = Path(__file__).resolve().parents[2]
TARGETS: Final = (
    tree.Target(
        families=FAMILIES,
        manifests=PurePosixPath("manifests"),
        docs=PurePosixPath("docs/reference"),
    ),
    tree.Target(
        families=(WIDGET_FAMILY,),
        manifests=PurePosixPath("tests/kit/widget/manifests"),
        docs=PurePosixPath("tests/kit/widget/manifests/docs"),
        runtime=False,
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Run one command; 1 when the tree is not what the types say."""
    parser = argparse.ArgumentParser(prog="python -m hack.gen", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("generate", "verify"), default="generate")
    command = parser.parse_args(arguments).command
    try:
        return _generate() if command == "generate" else _verify()
    except GenerationError as error:
        print(f"cannot generate: {error}", file=sys.stderr)
        return 1


def _generate() -> int:
    changed = tree.write(TARGETS, root=ROOT)
    for path in changed:
        print(f"changed {path}")
    print(f"generated files: {len(changed)} changed")
    return 0


def _verify() -> int:
    if difference := tree.differences(TARGETS, root=ROOT):
        print(difference, end="")
        print("generated files are not up to date: run `make generate`", file=sys.stderr)
        return 1
    print("generated files are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
