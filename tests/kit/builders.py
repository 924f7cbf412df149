"""Objects to begin with, as a user would send them: the least there must be, and what a test adds.

They are plain data, so the same one goes through `Rest`, the client under test, or kubectl as JSON.
"""

from typing import Any

from tests.kit.widget.api import WIDGET


def widget(name: str = "w", **spec: Any) -> dict[str, Any]:
    """A Widget with these fields in its spec; one of size 1 is as small as they come."""
    return {
        "apiVersion": WIDGET.api_version,
        "kind": WIDGET.kind,
        "metadata": {"name": name},
        "spec": {"size": 1, **spec},
    }
