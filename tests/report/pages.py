"""A page as its elements."""

from html.parser import HTMLParser

VOID = ("meta", "br", "input", "link", "img", "hr")


class Page(HTMLParser):
    """The elements of a page in their order, each with the names of those around it."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], text
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and not (tag in VOID or tag not in self.open):
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def all(self, *tags):
        return [attributes for tag, attributes, _ in self.elements if tag in tags]
