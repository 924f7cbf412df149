"""The answers of Kubernetes' own Go libraries, recorded by hack/vectors.

Every vector of a section is compared; a test fails with the list of those that differ, input first,
so that a wrong rule shows as the family of inputs it gets wrong.
"""

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from informers.meta.errors import MetaError

_VECTORS = Path(__file__).parent / "vectors"


@functools.cache
def _file(name: str) -> dict[str, list[Any]]:
    return json.loads((_VECTORS / f"{name}.json").read_text())


def recorded(name: str, section: str) -> list[Any]:
    """The vectors of a section; see hack/vectors for the columns."""
    return _file(name)[section]


def differences(
    name: str, section: str, answer: Callable[..., list[Any]], *, inputs: int = 1
) -> Iterator[tuple[Any, Any]]:
    """Vectors whose answers are not ours; an answer that raises is a refusal, recorded as none."""
    for vector in recorded(name, section):
        try:
            ours = answer(*vector[:inputs])
        except MetaError:
            ours = []
        if ours != vector[inputs:]:
            yield vector, ours
