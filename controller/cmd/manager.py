"""`python -m controller manager`: arguments and environment become a config, then it runs."""

import os
import sys
from collections.abc import Sequence

from controller.runtime.manager import EXIT_CONFIG, EXIT_FAILED
from informers.errors import ConfigError, InformersError


def main(arguments: Sequence[str]) -> int:
    """Run the manager program."""
    from controller import app, config  # noqa: PLC0415 - `--help` of other programs stays light
    from controller.runtime.obs.log import configure  # noqa: PLC0415 - as above

    try:
        settings = config.load(arguments, os.environ)
        log = configure(settings.log_format, settings.log_level)
        return app.run_forever(settings, log)
    except ConfigError as error:
        print(f"pentad: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return EXIT_CONFIG
    except InformersError as error:
        print(f"pentad: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - as above
        return EXIT_FAILED
