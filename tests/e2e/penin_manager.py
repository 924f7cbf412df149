"""The manager program with the Widget and the PENIN-Ω family, as tests of its figures run it."""

import sys

from controller.cmd.manager import main
from reconcilers.penin.family import FAMILY
from tests.kit.widget.family import WIDGET_FAMILY

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], families=(WIDGET_FAMILY, FAMILY)))
