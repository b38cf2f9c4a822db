"""Reports as Markdown and HTML: whatever a text holds, it stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rungwise.report.document import Block, Code, Heading, Pictures, Points, Table, Text, html, markdown

EVIL = '</pre></td><script>alert("1")</script><img src=x onerror=alert(1)>|`*_[a](javascript:x)\x1b[31m'
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)


class Seen(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def blocks(tmp_path: Path) -> list[Block]:
    picture = tmp_path / "a.png"
    picture.write_bytes(PIXEL)
    return [
        Heading(EVIL, 1),
        Text(EVIL),
        Points([EVIL, "b"]),
        Table((EVIL, "x"), [(EVIL, "1"), ("ours", "2")], frozenset({1})),
        Pictures([picture]),
        Code(f"```\n{EVIL}\n````"),
    ]


def test_html_is_one_page_that_loads_and_runs_nothing(blocks: list[Block]) -> None:
    page = html(blocks)
    seen = Seen(page)
    assert not {"script", "link", "iframe", "object"} & set(seen.tags)
    assert seen.tags.count("img") == 1
    names = {name for name, _ in seen.attributes}
    assert not any(name.startswith("on") for name in names)
    assert "href" not in names
    sources = [value for name, value in seen.attributes if name == "src"]
    assert [str(source)[:22] for source in sources] == ["data:image/png;base64,"]
    assert seen.text.count('<script>alert("1")</script>') == 7  # the title twice
    assert "\x1b" not in page
    assert seen.tags.count("tr") == 3
    assert ("class", "aside") in seen.attributes
    assert "default-src 'none'" in page


def test_markdown_keeps_texts_in_their_places(blocks: list[Block]) -> None:
    text = markdown(blocks)
    outside = text.partition("`````text")[0]
    assert "<script" not in outside
    assert "<img" not in outside
    assert r"\[a\](javascript:x)" in outside  # brackets that make no link
    assert not re.search(r"(?<!\\)\]\(javascript", outside)
    assert "\x1b" not in text
    lines = outside.splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 4
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}
    assert "![a](a.png)" in text
    assert text.endswith("`````\n")
