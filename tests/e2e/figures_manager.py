"""The manager program with the Widget and all families that tell figures, as their tests run it."""

import sys

from controller.cmd.manager import main
from reconcilers.penin.family import FAMILY as PENIN
from reconcilers.vertice.family import FAMILY as VERTICE
from tests.kit.widget.family import WIDGET_FAMILY

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], families=(WIDGET_FAMILY, PENIN, VERTICE)))
