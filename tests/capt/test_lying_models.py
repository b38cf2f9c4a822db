"""A language model that estimates events: what it says wrong is caught each time, named to it, and reported."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from suites import chat_server as server_module
from suites.chat_server import KEY, MODEL, ChatServer, chat_server

from rungwise.capt.abstraction import restore
from rungwise.capt.estimation import Estimated, Estimator, local, messages
from rungwise.capt.exact import Texts
from rungwise.errors import UserError
from rungwise.suites.endpoint import Asker, Endpoint, EndpointFailure

TEXT = (
    "Imagine a closed world: Rain has a direct effect on mud and wheat. Mud has a direct effect on wheat. For those "
    "who are not rain, the probability of wheat is 30%. For those who are rain, the probability of wheat is 45%. Will "
    "rain decrease the chance of wheat?"
)
HONEST = {"events": [{"name": "rain"}, {"name": "mud"}, {"name": "wheat"}]}
Fake = Callable[[str], str]

LIES: dict[str, tuple[str, set[str]]] = {
    "drops a number": (
        json.dumps({"events": [{"name": "rain"}, {"name": "mud"}, {"name": "wheat", "true": ["wheat is 30%"]}]}),
        {"number"},
    ),
    "leaks a name": (json.dumps({"events": [{"name": "rain"}, {"name": "wheat"}]}), {"survives"}),
    "swaps two events": (
        json.dumps({"events": [
            {"name": "rain", "true": ["chance of wheat"]}, {"name": "mud"},
            {"name": "wheat", "true": ["those who are rain", "will rain"]}]}),
        {"meaning"},
    ),
    "says yes for no": (
        json.dumps({"events": [{"name": "rain", "false": ["those who are rain"], "true": ["those who are not rain"]},
                               {"name": "mud"}, {"name": "wheat"}]}),
        {"meaning"},
    ),
    "merges two events": (json.dumps({"events": [{"name": "rain", "also": ["mud"]}, {"name": "wheat"}]}), {"meaning"}),
    "gives one form twice": (json.dumps({"events": [{"name": "rain"}, {"name": "mud", "also": ["Rain"]}]}), {"forms"}),
    "makes up a name": (json.dumps({"events": [{"name": "hail"}]}), {"reply"}),
    "bad JSON": ('{"events": [{"name": "rain"}', {"reply"}),
    "no JSON": ("The events are rain, mud and wheat.", {"reply"}),
    "another form": ('{"events": {"name": "rain"}}', {"reply"}),
    "no events": ('{"answer": "yes"}', {"reply"}),
    "nested": ("{" + '"a":{' * 2_000 + "}" * 2_001, {"length"}),
    "endless": (json.dumps(HONEST) + " and so on" * 20_000, {"length"}),
    "nothing": ("", {"reply"}),
}  # fmt: skip


def ask(reply: Fake, tries: int = 2) -> Estimated:
    return asyncio.run(Estimator(local(reply), tries=tries, reread=Texts({}).reading).one(TEXT))


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_caught_and_reported(lie: str) -> None:
    text, codes = LIES[lie]
    found = ask(lambda prompt: text)
    assert found.abstraction is None
    assert {fault.code for fault in found.faults} == codes
    assert found.tries == 2


@pytest.mark.parametrize("lie", LIES)
def test_a_model_that_mends_its_ways_is_told_what_was_wrong(lie: str) -> None:
    prompts: list[str] = []

    def reply(prompt: str) -> str:
        prompts.append(prompt)
        return LIES[lie][0] if len(prompts) == 1 else f"<think>{{</think>```json\n{json.dumps(HONEST)}\n```"

    found = ask(reply)
    assert found.abstraction is not None
    assert restore(found.abstraction) == TEXT
    assert found.tries == 2
    assert "can't be used" not in prompts[0]
    assert "Your last reply can't be used: " in prompts[1]


def test_the_model_sees_the_text_and_no_more() -> None:
    system, user = messages(TEXT)
    assert user["content"] == f"The text:\n{TEXT}"
    assert "rain" not in system["content"]


def test_numbers_of_tries_are_bounded() -> None:
    with pytest.raises(UserError, match="tries"):
        Estimator(local(str), tries=0)


def through(server: ChatServer, n: int = 1, timeout: float = 5.0, key: str = KEY) -> list[Estimated]:
    async def run() -> list[Estimated]:
        async with Asker(Endpoint(server.url, MODEL, timeout, key=key)) as asker:
            return await Estimator(asker.ask, tries=2, reread=Texts({}).reading).many([TEXT] * n)

    return asyncio.run(run())


@pytest.fixture
def reply(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what the server answers where it has no trouble."""
    pytest.importorskip("openai")

    def set_reply(text: str) -> None:
        monkeypatch.setattr(server_module._Handler, "_content", lambda self, asked, trouble: text)

    return set_reply


def test_an_honest_endpoint(reply: Callable[[str], None]) -> None:
    reply(json.dumps(HONEST))
    with chat_server() as server:
        assert all(found.abstraction is not None for found in through(server, 6))
        assert {request["messages"][-1]["content"] for request in server.requests} == {f"The text:\n{TEXT}"}


@pytest.mark.parametrize("trouble", ["slow", "drip", "cut", "no choices", "429", "500"])
def test_an_endpoint_in_trouble_is_reported(
    reply: Callable[[str], None], trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rungwise.suites.endpoint.REPEATS", 0)
    reply(json.dumps(HONEST))
    with chat_server(1.0, pause=0.6) as server:
        server.troubles = (trouble,)
        (found,) = through(server, timeout=0.2 if trouble in ("slow", "drip") else 5.0)
    assert found.abstraction is None
    assert {fault.code for fault in found.faults} <= {"endpoint", "reply"}
    assert found.tries == 2


def test_an_endless_reply_is_not_read_to_its_end(reply: Callable[[str], None]) -> None:
    reply(json.dumps(HONEST) + " and so on" * 200_000)
    with chat_server() as server:
        (found,) = through(server)
    assert {fault.code for fault in found.faults} == {"reply"}


def test_a_wrong_key_ends_the_run(reply: Callable[[str], None]) -> None:
    reply(json.dumps(HONEST))
    with chat_server() as server, pytest.raises(ExceptionGroup) as raised:
        through(server, 2, key="wrong")
    assert raised.group_contains(EndpointFailure)
