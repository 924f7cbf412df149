"""The registration of the Widget family: what a family's `family.py` looks like."""

from typing import Final

from controller.runtime.registration import (
    ControllerSpec,
    Family,
    MatchCondition,
    Permission,
    Webhook,
)
from informers.meta.builtin import CONFIG_MAP
from tests.kit.widget.api import WIDGET, Widget
from tests.kit.widget.gadget import Gadget, OldGadget
from tests.kit.widget.reconciler import NAME, set_up
from tests.kit.widget.webhooks import default_labels, refuse_huge

WIDGET_FAMILY: Final = Family(
    name="widget",
    kinds=(Widget, OldGadget, Gadget),
    controllers=(ControllerSpec(name=NAME, set_up=set_up),),
    webhooks=(
        Webhook(name="refuse-huge", kind=WIDGET, mode="validate", handler=refuse_huge),
        Webhook(
            name="default-labels",
            kind=WIDGET,
            mode="mutate",
            handler=default_labels,
            operations=("CREATE",),
            failure_policy="Ignore",
            match_conditions=(
                MatchCondition(name="without-labels", expression="!has(object.spec.labels)"),
            ),
        ),
    ),
    permissions=(
        Permission.change(WIDGET, reason="The finalizer of a Widget is put on and taken off."),
        Permission.own(CONFIG_MAP, reason="A Widget owns ConfigMaps, as many as spec.children."),
    ),
)
