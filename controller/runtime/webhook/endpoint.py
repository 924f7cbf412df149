"""One webhook at work: from the API server's question to the verdict, without any I/O of its own.

It decodes the objects as the type the handler's annotation names, calls the handler and turns what
it returns or raises into an answer. An object that does not decode is refused with the path of the
field, whatever the failure policy: no handler could judge it. What is stored already is another
matter, since refusing would leave nobody able to mend or delete it: see `Admission.old`; and an
object under deletion that does not decode passes, or its finalizers could never be taken off.
"""

import inspect
import typing
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from controller.runtime.registration import Webhook
from controller.runtime.webhook import wire
from controller.runtime.webhook.admission import (
    Admission,
    AdmissionError,
    Denied,
    User,
    WrongHandler,
)
from controller.runtime.webhook.patch import Edit, difference, transplanted
from informers.meta import codec
from informers.meta.errors import DecodeError
from informers.skim import Skim

WARNINGS: Final = 32
WARNING_LETTERS: Final = 256
"""The API server drops warnings beyond a few kilobytes; these bounds keep the first ones whole."""


class _Meta(Struct, frozen=True):
    deletion_timestamp: str | UnsetType | None = msgspec.field(
        name="deletionTimestamp", default=UNSET
    )


class _Deletable(Struct, frozen=True):
    metadata: _Meta = _Meta()


_DELETABLE: Final = Skim(_Deletable)


class Endpoint:
    """Answers for one webhook."""

    def __init__(self, webhook: Webhook) -> None:
        self.webhook = webhook
        self.type = _subject(webhook.handler)
        codec.decoder(self.type)  # a type that cannot be decoded is found here, not under load

    async def judge(self, question: wire.Question) -> wire.Verdict:
        """Decide; whatever the handler raises but `Denied` comes out."""
        try:
            request = self._request(question)
            if request.new is None and (request.old is None or question.new != wire.NOTHING):
                return wire.Verdict(uid=question.uid, allowed=True)
            answer = self.webhook.handler(request)
            if inspect.isawaitable(answer):
                answer = await answer
        except Denied as no:
            return _refusal(question.uid, no)
        if self.webhook.mode == "validate":
            return wire.Verdict(uid=question.uid, allowed=True, warnings=self._warnings(answer))
        return self._mutation(question, request, answer)

    def _request(self, question: wire.Question) -> Admission[Any]:
        user = question.user_info
        return Admission(
            operation=question.operation,
            new=self._new(question),
            old=self._old(question.old),
            name=question.name,
            namespace=question.namespace,
            subresource=question.sub_resource,
            user=User(name=user.username, uid=user.uid, groups=user.groups, extra=user.extra),
            dry_run=bool(question.dry_run),
            uid=question.uid,
        )

    def _new(self, question: wire.Question) -> object:
        if question.new == wire.NOTHING:
            return None
        try:
            return codec.decode(bytes(question.new), self.type)
        except DecodeError as error:
            if _is_deleting(question.new):
                return None
            raise Denied(str(error), reason="BadRequest") from error

    def _old(self, raw: Raw) -> object:
        if raw == wire.NOTHING:
            return None
        try:
            return codec.decode(bytes(raw), self.type)
        except DecodeError:
            return None

    def _warnings(self, answer: object) -> tuple[str, ...] | UnsetType:
        if answer is None:
            return UNSET
        if isinstance(answer, str) or not isinstance(answer, Iterable):
            raise self._wrong(answer, "None or a list of warnings; to refuse, raise Denied")
        return _bounded(answer) or UNSET

    def _mutation(
        self, question: wire.Question, request: Admission[Any], answer: object
    ) -> wire.Verdict:
        edits = self._edits(question, request, answer)
        if not edits:
            return wire.Verdict(uid=question.uid, allowed=True)
        return wire.Verdict(
            uid=question.uid,
            allowed=True,
            patch=wire.as_written(edits),
            patch_type="JSONPatch",
        )

    def _edits(
        self, question: wire.Question, request: Admission[Any], answer: object
    ) -> list[Edit]:
        if answer is None or answer is request.new:
            return []
        if isinstance(answer, list | tuple) and all(isinstance(edit, Edit) for edit in answer):
            return list(answer)
        if request.new is None or not isinstance(answer, type(request.new)):
            raise self._wrong(answer, f"a {codec_name(self.type)}, a list of Edits, or None")
        sent = msgspec.json.decode(question.new)
        return difference(sent, transplanted(sent, _plain(request.new), _plain(answer)))

    def _wrong(self, answer: object, wanted: str) -> AdmissionError:
        return WrongHandler(
            f"the handler of {self.webhook.full_name} returned {answer!r:.80}: return {wanted}"
        )


def _refusal(uid: str, no: Denied) -> wire.Verdict:
    causes = tuple(
        wire.CauseOf(reason=cause.reason, message=cause.message, field=cause.field)
        for cause in no.causes
    )
    return wire.Verdict(
        uid=uid,
        allowed=False,
        status=wire.Refusal(
            message=no.message,
            reason=no.reason,
            code=no.code,
            details=wire.Details(causes=causes) if causes else UNSET,
        ),
        warnings=_bounded(no.warnings) or UNSET,
    )


def _bounded(warnings: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(text)[:WARNING_LETTERS] for text, _ in zip(warnings, range(WARNINGS)))  # noqa: B905 - the shorter one decides


def _plain(value: object) -> Any:  # noqa: ANN401 - as many shapes as JSON has
    """The value as JSON decodes it, sets in order."""
    return msgspec.json.decode(codec.encode(value, sort_keys=True))


def _is_deleting(raw: Raw) -> bool:
    try:
        found = _DELETABLE.decode(bytes(raw)).metadata.deletion_timestamp
    except msgspec.DecodeError:
        return False
    return isinstance(found, str)


def codec_name(kind: Any) -> str:  # noqa: ANN401 - a type, or a generic one
    """How a type is called in messages."""
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _subject(handler: Callable[..., Any]) -> Any:  # noqa: ANN401 - a type, or a generic one
    """The `T` of the handler's `Admission[T]`."""
    function = handler if inspect.isroutine(handler) else type(handler).__call__
    hints = typing.get_type_hints(function)
    parameters = [name for name in inspect.signature(handler).parameters if name in hints]
    first = hints[parameters[0]] if parameters else None
    if typing.get_origin(first) is not Admission:
        name = getattr(handler, "__qualname__", repr(handler))
        raise WrongHandler(
            f"{name} cannot be a webhook's handler: annotate its first parameter as Admission[T], "
            "T being the type of the objects it judges"
        )
    return typing.get_args(first)[0]
