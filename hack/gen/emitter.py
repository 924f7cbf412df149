"""Write YAML so that the same data always gives the same bytes, and a diff shows one change.

Plain block style: keys in the order given, lists indented under their key, text plain where YAML
reads it back as the same string, paragraphs as a block, all else double-quoted as in JSON.
`Commented` puts lines above a list item; the data stays what a YAML reader sees.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import yaml

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./(][^\n\r\t\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]*")
_BLOCK: Final = re.compile(r"(?:[!-~][ -~]*[!-~]|[!-~])(?:\n\n?(?:[!-~][ -~]*[!-~]|[!-~]))+")
_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@attrs.frozen
class Commented:
    """A list item with a comment above it."""

    comment: str
    item: Any


def emit(documents: Sequence[Any], *, header: str = "") -> str:
    """Return the documents as YAML, the header as comment lines on top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    return comment + "---\n".join("\n".join(_lines(document)) + "\n" for document in documents)


def _lines(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping) and value:
        for key, content in value.items():
            yield from _entry(f"{_scalar(key)}:", content)
    elif isinstance(value, list | tuple) and value:
        for item in value:
            yield from _item(item)
    else:
        yield _scalar(value)


def _entry(key: str, content: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(content, Mapping | list | tuple) and content:
        yield key
        yield from map(_indented, _lines(content))
    elif isinstance(content, str) and _BLOCK.fullmatch(content):
        yield f"{key} |-"
        yield from map(_indented, content.split("\n"))
    else:
        yield f"{key} {_scalar(content)}"


def _indented(line: str) -> str:
    return f"  {line}" if line else line


def _item(item: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(item, Commented):
        yield from (f"# {line}" for line in item.comment.splitlines())
        yield from _item(item.item)
        return
    for number, line in enumerate(_lines(item)):
        yield f"- {line}" if number == 0 else _indented(line)


def _scalar(value: Any) -> str:  # noqa: ANN401 - any JSON scalar or empty collection
    if isinstance(value, float):
        text = repr(value)  # YAML 1.1 takes 1e-05 for text, 1.0e-05 for a number
        return text if "." in text else text.replace("e", ".0e")
    if not isinstance(value, str):
        return json.dumps(list(value) if isinstance(value, tuple) else value)
    return value if _is_plain(value) else _quoted(value)


def _quoted(value: str) -> str:
    """A JSON string, with the few characters escaped that JSON allows and YAML does not."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


@functools.lru_cache(maxsize=4_096)  # field names repeat, and asking the YAML reader is slow
def _is_plain(value: str) -> bool:
    if not _PLAIN.fullmatch(value) or value != value.strip() or ": " in value or " #" in value:
        return False
    if value.endswith(":"):
        return False
    try:
        return bool(yaml.safe_load(value) == value and yaml.safe_load(f"{value}: 1") == {value: 1})
    except yaml.YAMLError:
        return False
