"""`python -m controller manager`: arguments and environment become a config, then it runs."""

import os
import signal
import sys
from collections.abc import Sequence

from controller import app, config
from controller.ending import tell_failure
from controller.families import FAMILIES
from controller.runtime.manager import EXIT_CLEAN, stop_signals
from controller.runtime.obs.log import configure
from controller.runtime.registration import Family
from informers.errors import InformersError


def main(arguments: Sequence[str], *, families: Sequence[Family] = FAMILIES) -> int:
    """Run the manager program, with the families of this build or with others.

    Until the manager itself listens, signals to stop end it as Ctrl-C does: the first process of a
    container would not even be killed by them.
    """
    _open_streams()
    before = {number: signal.getsignal(number) for number in stop_signals()}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        settings = config.load(arguments, os.environ, families=families)
        log = configure(settings.log_format, settings.log_level)
        return app.run_forever(settings, log, families=families)
    except KeyboardInterrupt:
        return EXIT_CLEAN  # before there was anything to end
    except InformersError as error:
        return tell_failure(error)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _open_streams() -> None:
    """Have all three standard streams, be it to nowhere: some start a daemon without.

    A file or a connection that is opened later would be given such a number, and would be written
    to by whatever complains on standard error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the least number that is free, which is this
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
