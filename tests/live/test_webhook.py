"""Messages to a real HTTP server that answers as Slack and Discord do."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tests.live.hooks import Chat, chat
from tidemark.core.errors import Problem
from tidemark.live.webhook import Webhook, body_of


@pytest.fixture
def server() -> Iterator[Chat]:
    with chat() as running:
        yield running


def sender(address: str) -> tuple[Webhook, list[float], list[str]]:
    slept: list[float] = []
    said: list[str] = []
    return Webhook(SecretStr(address), slept.append, said.append), slept, said


def test_a_text_is_posted_as_slack_takes_it(server: Chat) -> None:
    webhook, slept, said = sender(server.address)
    webhook.send("A <b> & c")
    assert server.taken == [{"text": "A &lt;b&gt; &amp; c"}]
    assert (slept, said) == ([], [])


def test_a_busy_server_is_asked_again_when_it_says(server: Chat) -> None:
    server.script = [(429, {"Retry-After": "7"}), (429, {"Retry-After": "0.5"})]
    webhook, slept, said = sender(server.address)
    webhook.send("once")
    assert (server.texts, slept) == (["once"], [7.0, 0.5])
    assert said[0] == "the webhook did not take a message (HTTP 429); the next try is in 7 s"


def test_a_failing_server_is_asked_again_ever_later(server: Chat) -> None:
    server.script = [(500, {}), (502, {}), (503, {}), (429, {"Retry-After": "soon"}), (429, {"Retry-After": "86400"})]
    webhook, slept, _ = sender(server.address)
    webhook.send("once")
    assert (server.texts, slept) == (["once"], [1.0, 2.0, 4.0, 8.0, 60.0])


def test_a_proxy_that_asks_for_a_password_is_named(server: Chat) -> None:
    server.script = [(407, {})]
    webhook, slept, said = sender(server.address)
    webhook.send("once")
    why = "the proxy asks for a user and a password (HTTP 407)"
    assert (server.texts, slept) == (["once"], [1.0])
    assert said == [f"the webhook did not take a message ({why}); the next try is in 1 s"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_for_good_is_a_problem_without_the_address(server: Chat, status: int) -> None:
    server.script = [(status, {})]
    webhook, slept, _ = sender(server.address)
    with pytest.raises(Problem) as refused:
        webhook.send("x")
    assert refused.value.what == f"the webhook refused a message (HTTP {status})"
    assert "secret" not in f"{refused.value.what}{refused.value.hint}{refused.value!r}{refused.value.__context__!r}"
    assert slept == []


def test_a_server_that_is_away_is_tried_again_without_showing_its_address() -> None:
    with chat() as gone:
        address = gone.address
    slept: list[float] = []
    said: list[str] = []

    def wait(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Webhook(SecretStr(address), wait, said.append).send("x")
    assert slept == [1.0, 2.0]
    assert all("refused" in line and "secret" not in line for line in said)


def test_a_server_that_does_not_answer_is_left_and_tried_again(server: Chat) -> None:
    server.script = [(0, {}), (1, {})]
    slept: list[float] = []
    said: list[str] = []
    Webhook(SecretStr(server.address), slept.append, said.append, timeout=0.2).send("once")
    assert (server.texts, slept) == (["once"], [1.0, 2.0])
    assert said == [
        "the webhook did not take a message (no answer came in time); the next try is in 1 s",
        "the webhook did not take a message (the connection was cut); the next try is in 2 s",
    ]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_refusal_and_no_message_is_lost_on_the_way(server: Chat, status: int) -> None:
    server.script = [(status, {"Location": server.address})]
    with pytest.raises(Problem, match=f"HTTP {status}"):
        sender(server.address)[0].send("x")
    assert (server.requests, server.taken) == (1, [])


def test_discord_takes_its_own_form_and_its_limits_hold(server: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.root)  # the way to a server of that name
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.script = [(429, {"Retry-After": "3"}), (204, {})]
    webhook, slept, _ = sender("http://discord.com/api/webhooks/1/secret-token")
    webhook.send("@everyone look")
    assert server.taken == [{"content": "@everyone look", "allowed_mentions": {"parse": []}}]
    assert slept == [3.0]


def test_discord_gets_its_own_form_and_mentions_no_user() -> None:
    for address in ("https://discord.com/api/webhooks/1/x", "https://canary.discord.com/api/webhooks/1/x"):
        assert body_of(address, "@everyone") == {"content": "@everyone", "allowed_mentions": {"parse": []}}
    for address in (
        "https://discord.com/api/webhooks/1/x/slack",
        "https://notdiscord.com/x",
        "https://hooks.slack.com/x",
    ):
        assert body_of(address, "hi") == {"text": "hi"}


def test_a_long_text_is_cut_to_what_both_take(server: Chat) -> None:
    sender(server.address)[0].send("x" * 5000)
    assert len(server.texts[0]) == 1900


@pytest.mark.parametrize("address", ["", "hooks.slack.com/x", "ftp://x/y", "https://"])
def test_what_is_no_address_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(Problem, match="TIDEMARK_WEBHOOK_URL is no address"):
        sender(address)
