"""A local stand-in for StatLine: both routes of version 3, in the shapes that CBS serves.

The rows are handwritten; names of sets, columns, types and links are those of the publisher.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import parse_qs, unquote, urlsplit

from local_server import Answer, Handler, LocalServer, sending, status

Row = dict[str, object]

AREAS = ("NL00", "GM0363", "WK036300", "BU03630000", "BU03630001", "GM0599", "WK059901", "BU05990110", "BU10030363")


def properties(area: str = "WijkenEnBuurten", kind: str = "GeoDetail") -> list[Row]:
    """Return DataProperties with a dimension of areas and two topics."""
    topic = {"odata.type": "Cbs.OData.Topic", "Type": "Topic", "Unit": "aantal", "Datatype": "Long", "Decimals": 0}
    return [
        {"odata.type": f"Cbs.OData.{kind}", "ID": 0, "Type": kind, "Key": area, "Title": "Wijken en buurten"},
        {"odata.type": "Cbs.OData.TopicGroup", "ID": 1, "Type": "TopicGroup", "Key": "", "Title": "Bevolking"},
        topic | {"ID": 2, "ParentID": 1, "Key": "AantalInwoners_5", "Title": "Aantal inwoners"},
    ]


def figures(codes: tuple[str, ...] = AREAS, area: str = "WijkenEnBuurten") -> list[Row]:
    """Return rows of figures as the untyped set gives them: padded text."""
    return [{"ID": n, area: f"{code:<10}", "AantalInwoners_5": f"{100 * n:>8}"} for n, code in enumerate(codes)]


@dataclass
class StatLine:
    """What the server holds and how it behaves.

    `faults` maps the number of a request, counted from 1, to the answer that it gets instead; what `refuses` says yes
    to, given the path and the options, is answered with 500 whenever it is asked.
    """

    sets: dict[str, list[Row]] = field(default_factory=dict)
    page_rows: int = 3
    row_limit: int = 10_000
    modified: str = "2025-03-27T02:00:00"
    faults: dict[int, Answer] = field(default_factory=dict)
    fault_on_data: dict[int, Answer] = field(default_factory=dict)
    link: Callable[[str], object] = lambda address: address
    refuses: Callable[[str, dict[str, str]], bool] = lambda path, options: False
    asked: list[str] = field(default_factory=list)
    moments: list[tuple[float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    data_requests: int = 0

    def __enter__(self) -> StatLine:
        self.server = LocalServer(b"", otherwise=self.answer).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.__exit__(None, None, None)

    @property
    def v3(self) -> str:
        return self.server.address("").rstrip("/")

    @property
    def data_asked(self) -> list[str]:
        """The decoded addresses of the requests for figures."""
        return [a for a in self.asked if re.search("TypedDataSet", a, re.IGNORECASE)]

    def answer(self, handler: Handler) -> None:
        begin = monotonic()
        with self.lock:
            self.asked.append(unquote(handler.path))
            number = len(self.asked)
            figures_now = bool(re.search("TypedDataSet", handler.path, re.IGNORECASE))
            self.data_requests += figures_now
        fault = self.faults.get(number) or (self.fault_on_data.get(self.data_requests) if figures_now else None)
        (fault or self.page)(handler)
        self.moments.append((begin, monotonic()))

    def page(self, handler: Handler) -> None:
        """Answer as the publisher does."""
        parts = urlsplit(handler.path)
        options = {key: values[0] for key, values in parse_qs(parts.query).items()}
        name = parts.path.rsplit("/", 1)[1]
        api = "/odataapi/" in parts.path.lower()
        if self.refuses(parts.path, options):
            return status(500)(handler)
        if name == "$count":
            held = self.sets[parts.path.rsplit("/", 2)[1]]
            rows = [row for row in held if matches(row, options.get("$filter", ""))]
            return sending(b"%d" % len(rows), Content_Type="text/plain")(handler)
        if name not in self.sets:
            return status(404)(handler)
        held = self.sets[name]
        if name == "TableInfos":
            held = [row | {"Modified": self.modified} for row in held]
        rows = [row for row in held if matches(row, options.get("$filter", ""))]
        if api:
            rows = rows[int(options.get("$skip", 0)) :][: int(options.get("$top", 10**9))]
            if len(rows) > self.row_limit or (len(held) > self.row_limit and "$top" not in options):
                return too_many(handler)
            return json_page({"odata.metadata": f"{self.v3}/x/$metadata", "value": rows})(handler)
        start = int(options.get("$skip", 0))
        body: dict[str, object] = {"odata.metadata": f"{self.v3}/x/$metadata", "value": rows[start:][: self.page_rows]}
        if start + self.page_rows < len(rows):
            query = re.sub(r"&?\$skip=\d+", "", parts.query)
            joined = f"{parts.path}?{query}&$skip={start + self.page_rows}".replace("?&", "?")
            body["odata.nextLink"] = self.link(f"{self.v3}{joined}")
        return json_page(body)(handler)


def json_page(body: object) -> Answer:
    """Send a body as the service does."""
    return sending(json.dumps(body).encode(), Content_Type="application/json;odata=minimalmetadata;charset=utf-8")


def too_many(handler: Handler) -> None:
    """Refuse as ``ODataApi`` does above its limit."""
    body = {"odata.error": {"code": "", "message": {"lang": "", "value": "query returns more than 10000 records"}}}
    sending(json.dumps(body).encode(), 500, Content_Type="application/json")(handler)


def matches(row: Row, condition: str) -> bool:
    """Apply a condition of startswith, substringof, or, and."""
    if not condition:
        return True
    for term in set(re.findall(r"(?:startswith|substringof)\([^()]*\)", condition)):
        name, first, second = re.fullmatch(r"(\w+)\(([^,]*),([^,]*)\)", term).groups()  # type: ignore[union-attr]
        field_name, text = (second, first) if name == "substringof" else (first, second)
        value, text = str(row[field_name]), text.strip("'")
        held = value.startswith(text) if name == "startswith" else text in value
        condition = condition.replace(term, str(held))
    assert re.fullmatch(r"(True|False|and|or|[() ])*", condition), condition
    return bool(eval(condition))


def v3_table(**changes: object) -> StatLine:
    """Return a server that holds one table of version 3."""
    sets: dict[str, list[Row]] = {
        "TableInfos": [{"ID": 0, "Title": "Kerncijfers", "Identifier": "85984NED"}],
        "DataProperties": properties(),
        "UntypedDataSet": figures(),
        "TypedDataSet": figures(),
    }
    sets |= changes.pop("sets", {})  # type: ignore[arg-type]
    return StatLine(sets, **changes)  # type: ignore[arg-type]
