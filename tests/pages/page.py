"""What a visitor sees of a response: its elements, tables, fields and the errors beside them."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCKS = {"div", "p", "li", "td", "th", "dt", "dd"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element | str] = []

    def walk(self) -> "Iterator[Element]":
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str = "", class_: str = "", **attributes: str) -> "list[Element]":
        """Those inside (or this one) with the tag, the class and the attributes named; `_` in an attribute's name stands for `-`."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if (not tag or element.tag == tag)
            and (not class_ or class_ in element.attributes.get("class", "").split())
            and all(element.attributes.get(name) == value for name, value in wanted.items())
        ]

    def one(self, *args: Any, **attributes: str) -> "Element":
        found = self.all(*args, **attributes)
        assert len(found) == 1, f"{len(found)} elements with {args} {attributes}"
        return found[0]

    def value(self, field: str) -> str:
        """What stands in a form's field."""
        element = self.one(name=field)
        if element.tag == "select":
            return next((option.attributes["value"] for option in element.all("option") if "selected" in option.attributes), "")
        if element.attributes.get("type") == "checkbox":
            return element.attributes.get("value", "on")
        if element.tag == "textarea":
            return element.raw.removeprefix("\n")  # which the browser leaves out
        return element.attributes.get("value", "")

    @property
    def raw(self) -> str:
        inside = "".join(child.raw if isinstance(child, Element) else child for child in self.children)
        return f" {inside} " if self.tag in BLOCKS else inside

    @property
    def text(self) -> str:
        return " ".join(self.raw.split())


class Page(Element, HTMLParser):
    def __init__(self, response: HttpResponse) -> None:
        Element.__init__(self, "document", {})
        HTMLParser.__init__(self)
        self.response, self.status = response, response.status_code
        self.source = response.content.decode()
        self.open: list[Element] = [self]
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        places = [place for place, element in enumerate(self.open) if element.tag == tag]
        if places:
            del self.open[places[-1] :]

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    @property
    def rows(self) -> list[list[str]]:
        """The table's rows as texts of their cells."""
        return [[cell.text for cell in row.all("td")] for body in self.all("tbody") for row in body.all("tr")]

    @property
    def columns(self) -> list[str]:
        return [cell.text for cell in self.all("th")]

    def column(self, heading: str) -> list[str]:
        place = self.columns.index(heading)
        return [row[place] for row in self.rows]

    @property
    def total(self) -> int:
        return int(self.one(id="list-total").text.replace(",", "").rstrip("+"))

    @property
    def toasts(self) -> list[str]:
        return [note.text for toasts in self.all("div", "toasts") for note in toasts.all("div", "note")]

    def error(self, field: str) -> str:
        """The error beside a field; "" if it has none."""
        return " ".join(error.text for error in self.one(id=f"div_id_{field}").all(class_="invalid-feedback"))

    @property
    def errors(self) -> dict[str, str]:
        """Every field's error, and under "" what concerns the whole form."""
        fields = [element.attributes["id"][7:] for element in self.walk() if element.attributes.get("id", "").startswith("div_id_")]
        found = {field: self.error(field) for field in fields}
        found[""] = " ".join(alert.text for alert in self.all("div", "alert"))
        return {field: error for field, error in found.items() if error}
