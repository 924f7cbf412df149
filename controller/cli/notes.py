"""Events: what happened to an object, in the words of whoever it happened to."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from controller.cli.reading import moment, number, text
from controller.cli.thing import Thing

_LONG_AGO: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


@attrs.frozen(kw_only=True)
class Note:
    """An event."""

    uid: str
    type: str
    reason: str
    message: str
    count: int
    last: dt.datetime | None

    @classmethod
    def of(cls, event: Thing) -> "Note":
        """Read an Event, of whichever of its two forms."""
        body = event.body
        times = (
            moment(body, "series", "lastObservedTime"),
            moment(body, "lastTimestamp"),
            moment(body, "eventTime"),
            moment(body, "firstTimestamp"),
        )
        return cls(
            uid=text(body, "involvedObject", "uid"),
            type=text(body, "type"),
            reason=text(body, "reason"),
            message=text(body, "message"),
            count=max(number(body, "series", "count"), number(body, "count"), 1),
            last=next((each for each in times if each), event.created),
        )


def by_object(events: Iterable[Thing]) -> Mapping[str, Sequence[Note]]:
    """Return what happened to each object, the latest last."""
    found: dict[str, list[Note]] = defaultdict(list)
    for note in latest_last(Note.of(each) for each in events):
        found[note.uid].append(note)
    return found


def latest_last(notes: Iterable[Note]) -> list[Note]:
    """Return events in the order in which they happened last."""
    return sorted(notes, key=lambda each: each.last or _LONG_AGO)
