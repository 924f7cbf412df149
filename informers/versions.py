"""The order of resource versions.

Resource versions of one resource are comparable numbers of any length (KEP-5504); anything else,
such as the text an aggregated API may use, is not. Where two versions do not compare, callers fail
open: they take the newcomer, as clients did before versions were comparable.
"""


def is_comparable(version: str) -> bool:
    """Whether this is a number as the API server writes them: digits, no leading zero, not 0."""
    return version.isascii() and version.isdigit() and version[0] != "0"


def is_older(one: str, other: str) -> bool:
    """Whether `one` provably comes before `other`."""
    if one == other or not (len(one) < len(other) or (len(one) == len(other) and one < other)):
        return False
    return is_comparable(one) and is_comparable(other)


def newest(one: str, other: str) -> str:
    """The later of two versions; the second where they do not compare."""
    return one if is_older(other, one) else other
