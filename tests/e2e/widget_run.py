"""`make run` with the Widget family, as the processes of these tests run it."""

import sys

from hack.run import main
from tests.kit.widget.family import WIDGET_FAMILY

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], families=(WIDGET_FAMILY,)))
