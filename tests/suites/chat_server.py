"""A small OpenAI-compatible server on 127.0.0.1 that rewords by templates of its own, mostly well.

It knows nothing of problems: it takes the numbered sentences out of the request and turns each of them round.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

KEY = "sk-very-secret-0123456789"
MODEL = "parrot"

TROUBLES = (
    "numbers", "negated", "direction", "short", "not JSON", "no choices", "429", "500", "slow", "key", "thought", "cut",
    "drip",
)  # fmt: skip
"""What may be wrong with a reply; "thought" is nothing wrong: a model that thinks aloud first. Beside these there
is "broken": the body is no JSON."""


def reworded(sentence: str) -> str:
    """The same in other words."""
    body = sentence[:-1]
    small = body[:1].lower() + body[1:]
    if found := re.fullmatch(r"When (.+), the chance that (.+) is (\d\.\d{4})", body):
        return f"The probability that {found[2]} is {found[3]}, given that {found[1]}."
    if found := re.fullmatch(r"The chance that (.+) is (\d\.\d{4})", body):
        return f"There is a {found[2]} chance that {found[1]}."
    if found := re.fullmatch(r"(.+) directly affects (.+)", small):
        return f"{found[2][:1].upper()}{found[2][1:]} is directly influenced by {found[1]}."
    if found := re.fullmatch(r"Work out (.+)", body):
        return f"Determine {found[1]}."
    if found := re.fullmatch(r"If (.+), (would .+)", body):
        return f"{found[2][:1].upper()}{found[2][1:]} if {found[1]}?"
    if found := re.fullmatch(r"(.+) can be (.+)", small):
        return f"There is {found[1]}, which may be {found[2]}."
    return f"Overall, {small}{sentence[-1]}"


class ChatServer(ThreadingHTTPServer):
    """Counts what it did; ``share`` of the replies have a trouble."""

    daemon_threads = True

    def __init__(self, share: float, delay: float = 0.0, pause: float = 1.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.share, self.delay, self.pause = share, delay, pause
        self.dice, self.lock = Random(0), threading.Lock()
        self.did: Counter[str] = Counter()
        self.refuse: int | None = None
        self.troubles: tuple[str, ...] = TROUBLES
        self.spoiled: set[str] = set()
        self.requests: list[dict[str, Any]] = []
        self.write: Callable[[list[dict[str, str]]], str] | None = None
        """What to answer to these messages, in place of sentences turned round."""
        self.reply: Callable[[], tuple[dict[str, Any], str]] | None = None
        """Fields of the message and the reason why it ended, in place of that."""
        self.most: int | None = None
        """Requests in work at a time; others are refused with 429."""
        self.busy = 0
        self.answered: Counter[str] = Counter()
        """Whole and good replies by the last message."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def do_POST(self) -> None:
        with self.server.lock:
            self.server.busy += 1
            full = self.server.most is not None and self.server.busy > self.server.most
        try:
            self._answer(full)
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def _answer(self, full: bool) -> None:
        server = self.server
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with server.lock:
            server.requests.append(request)
            trouble = "none"
            if server.dice.random() < server.share:  # each trouble in its turn
                spoiled = server.did.total() - server.did["none"] - server.did["full"]
                trouble = server.troubles[spoiled % len(server.troubles)]
            trouble = "full" if full else trouble
            server.did[trouble] += 1
        time.sleep(server.delay)
        if server.refuse:
            message = f"No. Your header was {self.headers['Authorization']}."
            self._send(server.refuse, {"error": {"message": message}})
        elif self.path != "/v1/chat/completions" or self.headers["Authorization"] != f"Bearer {KEY}":
            self._send(401, {"error": {"message": "Wrong path or key."}})
        elif trouble in ("429", "500", "full"):
            self._send(500 if trouble == "500" else 429, {"error": {"message": "Try again."}})
        else:
            if trouble == "slow":
                time.sleep(server.pause)
            content = self._content(request["messages"][-1]["content"], trouble)
            content = server.write(request["messages"]) if server.write else content
            fields, ended = server.reply() if server.reply else ({"content": content}, "stop")
            choices = [{"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": ended}]
            usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
            body = {"id": "x", "model": MODEL, "choices": [] if trouble == "no choices" else choices, "usage": usage}
            if trouble == "none":
                with server.lock:
                    server.answered[request["messages"][-1]["content"]] += 1
            self._send(200, body, trouble)

    def _content(self, asked: str, trouble: str) -> str:
        sentences = re.findall(r"^\d+\. (.+)$", asked, re.M)
        out = [reworded(sentence) for sentence in sentences]
        bad = list(out)
        if trouble == "numbers":
            bad = [re.sub(r"\d\.(\d{4})", lambda f: f"0.{(int(f[1]) + 1) % 10_000:04d}", wording) for wording in out]
        elif trouble == "negated":
            bad = [re.sub(r"\bis directly\b", "is not directly", wording) for wording in out]
        elif trouble == "direction":
            bad = [wording.replace("more likely", "less likely") for wording in out]
        elif trouble == "key":
            bad[0] = f"{bad[0]} {KEY}"
        self.server.spoiled |= set(bad) - set(out)
        if trouble == "short":
            return json.dumps(bad[:-1])
        if trouble == "not JSON":
            return "Sure! Here they are: " + "\n".join(out)
        if trouble == "thought":
            return f"<think>[so] many of them</think>```json\n{json.dumps(out)}\n```"
        return json.dumps(bad)

    def _send(self, status: int, body: dict[str, Any], trouble: str = "") -> None:
        data = json.dumps(body).encode()
        if trouble == "broken":
            data = data[:-2]
        if trouble in ("cut", "drip"):
            self.close_connection = True
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:9])
            for i in range(10 if trouble == "drip" else 0):
                time.sleep(self.server.pause / 5)
                self.wfile.write(data[9 + i : 10 + i])
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status in (429, 500):
            self.send_header("Retry-After", "0")
            self.send_header("retry-after-ms", "5")
        self.wfile.flush()
        self._headers_buffer.append(b"\r\n" + data)  # in one packet: two would wait for each other
        self.flush_headers()


@contextmanager
def chat_server(share: float = 0.0, **options: float) -> Iterator[ChatServer]:
    """A server in a thread of this process."""
    server = ChatServer(share, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
