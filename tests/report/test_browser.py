"""The report in a real browser: sorting, filters and pages work, and what models wrote does nothing."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evaluated import HOSTILE, shortcut_run, write_run

from rungwise.report.evaluation import write_evaluations

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
"""Seconds that the page may take to answer."""
STARTUP = 300_000
"""Milliseconds that the browser may take to start; its driver's own limit is a minute, too little on a busy machine."""


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Headless Chromium that keeps what its console and its network say."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    service = shutil.which("chromedriver")
    if browser is None or service is None:
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason='no selenium: pip install "rungwise[test]"')
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1200,900",
    ):
        options.add_argument(flag)
    options.add_experimental_option("browserStartupTimeout", STARTUP)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    opened.implicitly_wait(0)
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, a shortcut and the solver; the first model is hostile, the second wrong here and there."""
    place = tmp_path_factory.mktemp("browser")
    hostile = {(i, s): text for i, text in enumerate(HOSTILE) for s in range(2)}
    more: dict[str, Any] = {"thinking": {(0, 0): HOSTILE[0]}, "cut_off": {(20, 0), (20, 1)}}
    runs = [
        write_run(place / "a", f"hostile {HOSTILE[0]}", hostile, n=28, **more),
        write_run(place / "b", "mild", {(i, 0): '{"ANSWER": "Yes", "PROB": "0.9876"}' for i in range(5)}, n=28),
        shortcut_run(place / "c", "graph-blind", n=28),
    ]
    write_evaluations(runs, place / "out")
    return place / "out" / "report.html"


@pytest.fixture
def page(driver: Any, report: Path) -> Any:
    """The report, freshly opened, with nothing in the logs."""
    driver.get("about:blank")
    for kind in ("browser", "performance"):
        driver.get_log(kind)
    driver.get(f"file://{report}")
    return driver


def found(page: Any, selector: str) -> list[Any]:
    elements: list[Any] = page.find_elements("css selector", selector)
    return elements


def texts(page: Any, selector: str) -> list[str]:
    """Of all elements at once, seen or not."""
    script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
    told: list[str] = page.execute_script(script, selector)
    return told


def status(page: Any) -> str:
    return texts(page, "#pager [role=status]")[0]


def counted(page: Any, name: str) -> dict[str, list[str]]:
    """Value of a filter -> what its label and, once it is chosen, the line over the list say; all in one call."""
    told: dict[str, list[str]] = page.execute_script(
        """
        const select = document.querySelector(`#filters select[name=${arguments[0]}]`), told = {};
        for (const option of [...select.options].slice(1)) {
          select.value = option.value;
          select.dispatchEvent(new Event("change", { bubbles: true }));
          told[option.value.slice(1)] = [option.text, document.querySelector("#pager [role=status]").textContent];
        }
        return told;
        """,
        name,
    )
    show_all(page)
    return told


def choose(page: Any, name: str, value: str) -> None:
    """Set a filter as its user does."""
    from selenium.webdriver.support.ui import Select

    select = Select(found(page, f"#filters select[name={name}]")[0])
    select.select_by_visible_text(next(o.text for o in select.options if o.text.startswith(f"{value} (")))


def show_all(page: Any) -> None:
    found(page, "#filters button")[0].click()


def lines_of(page: Any) -> list[str]:
    """The lines of the list on this page and all that follow."""
    lines: list[str] = []
    while True:
        lines += texts(page, "#list > li summary")
        following = found(page, "#pager button[name=next]")[0]
        if not following.is_enabled():
            return lines
        following.click()


def errors(page: Any) -> list[str]:
    return [entry["message"] for entry in page.get_log("browser")]


def test_headers_sort_their_columns_by_click_and_by_key(page: Any) -> None:
    first = "document.querySelectorAll('table')[0]"

    def column(number: int) -> list[str]:
        script = f"return [...{first}.tBodies[0].rows].map((r) => r.cells[{number}].textContent)"
        told: list[str] = page.execute_script(script)
        return told

    def sorting(number: int) -> str | None:
        told: str | None = page.execute_script(
            f"return {first}.tHead.rows[0].cells[{number}].getAttribute('aria-sort')"
        )
        return told

    before = column(0)
    published = [name for name in before if name.endswith("(published)")]
    assert before[-len(published) :] == published
    assert len(published) == 12
    buttons = found(page, "table:first-of-type thead button")
    buttons[1].click()
    assert sorting(1) == "descending"
    ours = [float(text.split(" ")[0]) for text in column(1)[: -len(published)]]
    assert ours == sorted(ours, reverse=True)
    assert len(set(ours)) > 2
    assert column(0)[-len(published) :] == published  # other models at another scale stay apart
    buttons[1].click()
    assert sorting(1) == "ascending"
    assert [float(text.split(" ")[0]) for text in column(1)[: -len(published)]] == sorted(ours)
    buttons[0].send_keys("\n")  # by the keyboard
    assert (sorting(0), sorting(1)) == ("ascending", None)
    names = column(0)[: -len(published)]
    assert names == sorted(names, key=str.lower)
    assert errors(page) == []


def test_every_filter_shows_what_it_says(page: Any) -> None:
    data = json.loads(texts(page, "#answers-data")[0])
    answers, items = data["answers"], data["items"]
    assert status(page) == f"{len(answers)} of {len(answers)} answers, page 1 of {-(-len(answers) // 25)}"
    ways = {
        "model": lambda a: data["models"][a["model"]],
        "task": lambda a: items[a["item"]]["task"],
        "outcome": lambda a: a["outcome"],
        "end": lambda a: "cut off" if a["cut"] else "whole",
        "reason": lambda a: a["code"],
        "diagnosis": lambda a: a["kind"] or "none",
        "step": lambda a: a["step"] or "none",
    }
    for name, told in ways.items():
        expected = Counter(told(answer) for answer in answers)
        assert len(expected) > 1, name
        said = counted(page, name)
        assert {value: label for value, (label, _) in said.items()} == {v: f"{v} ({n})" for v, n in expected.items()}
        for value, (_, line) in said.items():
            assert line.startswith(f"{expected[value]} of {len(answers)} answers, page 1"), (name, value)
    assert not found(page, "#filters select[name=suite]")[0].is_displayed()  # there is one suite only
    choose(page, "model", "mild")
    choose(page, "outcome", "wrong")
    assert status(page).startswith("5 of ")
    lines = lines_of(page)
    assert len(lines) == 5
    assert all("✗ wrong" in line and "mild" in line for line in lines)
    assert errors(page) == []


def test_search_and_pages(page: Any) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    data = json.loads(texts(page, "#answers-data")[0])
    everything = lines_of(page)
    assert len(everything) == len(data["answers"]) > 75
    assert len(set(everything)) == len(everything)
    found(page, "#pager button[name=previous]")[0].click()
    pages = -(-len(everything) // 25)
    assert status(page).endswith(f", page {pages - 1} of {pages}")
    field = found(page, "#filters input[type=search]")[0]
    field.send_keys("WINDOW.OWNED=3")
    WebDriverWait(page, PATIENCE).until(lambda _: status(page).startswith("2 of "))
    assert ", page 1 of 1" in status(page)
    found(page, "#list > li summary")[0].click()
    WebDriverWait(page, PATIENCE).until(lambda _: found(page, "#list .answer button"))
    button = found(page, "#list .answer button")[0]
    assert button.text == "all answers to this item"
    button.click()
    assert " answers to item " in status(page)
    same_item = [a for a in data["answers"] if data["items"][a["item"]]["id"] in status(page)]
    assert status(page).startswith(f"{len(same_item)} of ")
    assert len(same_item) == 4  # two samples, one, and the shortcut's
    field.send_keys("zzz no such text")
    WebDriverWait(page, PATIENCE).until(lambda _: status(page).startswith("0 of "))
    assert texts(page, "#list > li") == ["No answer is like this."]
    show_all(page)
    assert status(page).startswith(f"{len(data['answers'])} of ")
    assert errors(page) == []


def test_what_a_model_wrote_does_nothing(page: Any) -> None:
    choose(page, "outcome", "unparsed")
    outputs: list[str] = []
    while True:
        page.execute_script("document.querySelectorAll('#list details').forEach((d) => { d.open = true })")
        page.execute_async_script("setTimeout(arguments[0], 50)")  # "toggle" comes a moment later
        outputs += texts(page, "#list .answer pre")
        following = found(page, "#pager button[name=next]")[0]
        if not following.is_enabled():
            break
        following.click()
    assert HOSTILE[0] in outputs
    assert HOSTILE[2] in outputs
    assert any("\\x202eto left" in text for text in outputs)
    assert page.execute_script("return typeof window.owned") == "undefined"
    assert not found(page, "#list script, #list img, #list iframe, #list svg, #list a")
    assert len(found(page, "script")) == 2
    from selenium.common.exceptions import NoAlertPresentException

    with pytest.raises(NoAlertPresentException):
        page.switch_to.alert  # noqa: B018
    asked = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    urls = [a["params"]["request"]["url"] for a in asked if a["method"] == "Network.requestWillBeSent"]
    assert all(url.startswith(("file://", "about:blank")) for url in urls), urls
    assert errors(page) == []


def test_the_policy_stops_what_slips_in(page: Any) -> None:
    """Were a text to become an element after all, it could neither run nor ask for anything."""
    refused = page.execute_script(
        "try { document.body.innerHTML += '<img src=http://127.0.0.1:9/x.png>' } catch (e) { return e.name }"
    )
    assert refused == "TypeError"
    page.execute_script(
        "const s = document.createElement('img'); s.src = 'http://127.0.0.1:9/y.png'; document.body.append(s)"
    )
    page.execute_async_script("setTimeout(arguments[0], 200)")
    told = errors(page)
    assert any("Content Security Policy" in message and "y.png" in message for message in told), told
