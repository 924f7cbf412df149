"""What all accounts of a scaler have in common: how pods are counted, how long a text may be."""

from reconcilers.vertice.api.decision import MOST_TEXT


def pods(number: int) -> str:
    """Return so many pods in words."""
    return "1 pod" if number == 1 else f"{number} pods"


def short(text: str) -> str:
    """Return as much of a text as a status holds."""
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 2] + " …"
