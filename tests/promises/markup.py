"""Pages as a program reads them: their elements, links and forms, by Python's own HTML parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

SUBMITS = ("submit", "image")


@dataclass(frozen=True)
class Button:
    name: str | None
    value: str
    action: str | None


@dataclass
class Form:
    """`fields` are what a browser would send if nobody touched anything: unticked boxes are left out."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    def submissions(self, *, ticked: bool = False) -> list[tuple[str, dict[str, str]]]:
        """(address, what is sent), once for each button and once for none."""
        fields = dict(self.fields) | (dict(self.boxes) if ticked else {})
        sent = [(self.action, fields)]
        for button in self.buttons:
            own = {button.name: button.value} if button.name else {}
            sent.append((button.action or self.action, fields | own))
        return sent


@dataclass(frozen=True)
class Element:
    tag: str
    attributes: tuple[tuple[str, str], ...]

    @property
    def shape(self) -> tuple[str, ...]:
        """The tag and the names of its attributes: what must not depend on anybody's words."""
        return (self.tag, *sorted(name for name, _ in self.attributes))

    def get(self, name: str) -> str | None:
        return dict(self.attributes).get(name)


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.forms: list[Form] = []
        self.said: list[str] = []
        self.comments: list[str] = []
        self._form: Form | None = None
        self._select: tuple[str, list[str]] | None = None
        self._textarea: str | None = None
        self.feed(html)
        self.close()
        self._end_select()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())

    @property
    def links(self) -> list[str]:
        """Where every element leads or loads from."""
        names = ("href", "src", "action", "formaction", "data-counts", "data-copy", "srcset", "poster", "content")
        found = [element.get(name) for element in self.elements for name in names]
        return [link for link in found if link]

    def shapes(self) -> list[tuple[str, ...]]:
        return [element.shape for element in self.elements]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, tuple((name, value or "") for name, value in attrs))
        self.elements.append(element)
        given = dict(element.attributes)
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._in_form(self._form, tag, given)

    def _in_form(self, form: Form, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text" if tag == "input" else "submit").lower()
        if tag == "button" or (tag == "input" and kind in SUBMITS):
            if kind in SUBMITS:
                form.buttons.append(Button(given.get("name"), given.get("value", ""), given.get("formaction")))
        elif tag == "input" and kind in ("checkbox", "radio"):
            where = form.fields if "checked" in given else form.boxes
            where.append((given["name"], given.get("value", "on")))
        elif tag == "input" and "name" in given:
            form.fields.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self._end_select()
            self._select = (given["name"], [])
        elif tag == "option" and self._select is not None:
            # The chosen one first; without any, a browser takes the first there is.
            self._select[1].insert(0 if "selected" in given else len(self._select[1]), given.get("value", ""))
        elif tag == "textarea":
            self._textarea = given["name"]
            form.fields.append((given["name"], ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._end_select()
        elif tag == "textarea":
            self._textarea = None
        elif tag == "form":
            self._end_select()
            self._form = None

    def _end_select(self) -> None:
        if self._select is not None and self._form is not None:
            name, values = self._select
            self._form.fields.append((name, values[0] if values else ""))
        self._select = None

    def handle_data(self, data: str) -> None:
        self.said.append(data)
        if self._textarea is not None and self._form is not None:
            name, value = self._form.fields[-1]
            self._form.fields[-1] = (name, value + data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)
