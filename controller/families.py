"""Every product family this program hosts, one line each: the whole registration."""

from typing import Final

from controller.runtime.registration import Family
from reconcilers.penin import family as penin
from reconcilers.vertice import family as vertice

FAMILIES: Final[tuple[Family, ...]] = (penin.FAMILY, vertice.FAMILY)
