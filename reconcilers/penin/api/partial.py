"""Single leaves of a cluster's spec, for kinds that say what should be different and nothing else.

What is not named stays as it is. The limits are those of `spec`.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.quantity import Quantity

_Ratio = Annotated[float, Meta(ge=0, le=1)]


class CaosPlusChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Other settings of the CAOS+ amplification."""

    max_boost: _Ratio | UnsetType = UNSET
    """The most that one step may amplify."""
    kappa: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    """How steep the amplification is."""


class SigmaGuardChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Other gates of Σ-Guard."""

    ece_threshold: _Ratio | UnsetType = UNSET
    """The largest expected calibration error that passes."""
    bias_threshold: Annotated[float, Meta(ge=1)] | UnsetType = UNSET
    """The largest ratio of bias that passes."""


class EvolutionChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Other settings of the evolution."""

    seed: Annotated[int, Meta(ge=0, le=2**53)] | UnsetType = UNSET
    """Makes random choices repeatable."""


class ConfigChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Other settings of PENIN-Ω."""

    budget_daily_usd: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    """US dollars a day; read by Ω-META and the ACFA League."""
    caos_plus: CaosPlusChange | UnsetType = UNSET
    """The CAOS+ amplification; read by Ω-META and SR-Ω∞."""
    sigma_guard: SigmaGuardChange | UnsetType = UNSET
    """The security gates; read by Σ-Guard."""
    evolution: EvolutionChange | UnsetType = UNSET
    """The evolution; read by Ω-META and the ACFA League."""


class SizeChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Another size of one service's pods."""

    cpu: Annotated[Quantity, Meta(examples=["500m"])] | UnsetType = UNSET
    """Cores."""
    memory: Annotated[Quantity, Meta(examples=["512Mi"])] | UnsetType = UNSET
    """Bytes."""
