"""Every product family this program hosts, one line each: the whole registration."""

from typing import Final

from controller.runtime.registration import Family

FAMILIES: Final[tuple[Family, ...]] = ()
