"""`Link` headers: RFC 8288, section 3."""

import re
from collections.abc import Iterator
from typing import Final

_NAME: Final = r'[^\s=;,"<>]++'
_VALUE: Final = r'(?:"((?:[^"\\]++|\\.)*+)"|([^\s";,]*+))'
_LINK: Final = re.compile(rf"\s*+<([^>]*+)>((?:\s*+;\s*+{_NAME}(?:\s*+=\s*+{_VALUE})?)*+)", re.DOTALL)
_PARAMETER: Final = re.compile(rf";\s*+({_NAME})(?:\s*+=\s*+{_VALUE})?", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Targets and their parameters, names in lower case; of one that comes twice the first (section 3.3)."""
    at = 0
    while (found := _LINK.match(header, at)) is not None:
        parameters: dict[str, str] = {}
        for name, quoted, plain in _PARAMETER.findall(found[2]):
            parameters.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) or plain)
        yield found[1], parameters
        following = header.find(",", found.end())
        if following < 0:
            return
        at = following + 1


def target(header: str, relation: str) -> str | None:
    """The first target of a relation, as it stands; links of other contexts (`anchor`) are not ours."""
    for address, parameters in links(header):
        names = parameters.get("rel", "").lower().split()
        if relation.lower() in names and "anchor" not in parameters:
            return address
    return None
