"""A notice as Slack, a webhook and a terminal get it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.reports.sample_runs import HOSTILE

from shipway.config.tables import Notify
from shipway.notifications.notice import Notice, NoticeEvent, NoticeProblem, notice_lines
from shipway.notifications.slack import mrkdwn, slack_message
from shipway.notifications.webhooks import webhook_requests
from shipway.ports import Changes, Commit, Delivery, WebhookRequest

NOTICE = Notice(
    event=NoticeEvent.ROLLED_BACK,
    application="mycandidate",
    environment="production",
    release="1.4.0+2222222.bbbbbb",
    at=1.8e9,
    before="1.3.9+1111111.aaaaaa",
    cause="the judge rolled it back: it fails 4.1 % of 1,240 requests",
    remedy="Correct the release; its log says more: shipway logs production.",
    changes=Changes((Commit("2222222", "Ann", "Wards are found by <name> & number"),), more=2),
    figures={"requests": "12,550 seen, 51 failed"},
    links={"run": "https://github.com/a/b/actions/runs/1", "receipt": "/srv/x/rollout.html"},
)
TEXT = (
    st.text()
    | st.sampled_from(HOSTILE)
    | st.sampled_from(
        [
            "<!channel>",
            "<@U123>",
            "<https://evil.example|click>",
            "`*_~",
            "&lt;",
            "a\n> b",
            "::error::",
        ]
    )
)


def texts(message: dict[str, Any]) -> list[str]:
    """All that Slack reads as mrkdwn."""
    found = [message["text"]]
    for block in message["blocks"]:
        for one in [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]:
            if one and one["type"] == "mrkdwn":
                assert one["verbatim"] is True
                found.append(one["text"])
    return found


def shown(notice: Notice) -> str:
    return "\n".join(texts(json.loads(slack_message(notice))))


def test_cause_remedy_changes_figures_and_links_are_in_the_message() -> None:
    text = shown(NOTICE)
    assert "*Why:* the judge rolled it back: it fails 4.1 % of 1,240 requests" in text
    assert "*Next:* Correct the release" in text
    assert "• `2222222` Wards are found by &lt;name&gt; &amp; number (Ann)\nand 2 more" in text
    assert "*requests*\n12,550 seen, 51 failed" in text
    assert "<https://github.com/a/b/actions/runs/1|run> · receipt: /srv/x/rollout.html" in text
    assert "production: 1.4.0+2222222.bbbbbb was rolled back" in text


@given(TEXT)
def test_nobodys_text_mentions_links_or_breaks_a_line(text: str) -> None:
    safe = mrkdwn(text)
    assert not re.search(r"[<>`\n\r\x1b]", safe)
    assert re.sub(r"&(amp|lt|gt);", "", safe).count("&") == 0


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=60), TEXT, TEXT, st.dictionaries(TEXT, TEXT))
def test_whatever_people_wrote_only_shipways_own_links_are_links(
    commits: list[tuple[str, str, str]], cause: str, release: str, figures: dict[str, str]
) -> None:
    changes = Changes(tuple(Commit(*one) for one in commits))
    notice = replace(NOTICE, changes=changes, cause=cause, release=release, figures=figures)
    message = json.loads(slack_message(notice))
    brackets = [one for text in texts(message) for one in re.findall(r"<[^>]*>?", text)]
    assert brackets == ["<https://github.com/a/b/actions/runs/1|run>"]
    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        limit = 150 if block["type"] == "header" else 3000
        assert len(block.get("text", {"text": "x"})["text"]) <= limit
        assert len(block.get("fields", ())) <= 10
        assert all(0 < len(one["text"]) <= 2000 for one in block.get("fields", ()))


def test_a_long_list_of_commits_is_cut_and_says_how_much() -> None:
    many = Changes(tuple(Commit("abc1234", "A", "x" * 200) for _ in range(100)), more=5)
    text = shown(replace(NOTICE, changes=many))
    (lines, more) = text.count("• "), re.search(r"and (\d+) more", text)
    assert more and lines + int(more[1]) == 105


def test_a_link_with_hostile_characters_stays_one_link() -> None:
    text = shown(replace(NOTICE, links={"x>|<y": "https://e.example/a>b|c <!here>?a=1&b=2"}))
    link = "<https://e.example/a%3Eb%7Cc%20%3C!here%3E?a=1&amp;b=2|x&gt;|&lt;y>"
    assert text.endswith(link)


def test_what_is_not_on_the_web_is_no_link() -> None:
    text = shown(replace(NOTICE, links={"x": "javascript:alert(1)", "y": "/tmp/<a>"}))
    assert text.endswith("x: javascript:alert(1) · y: /tmp/&lt;a&gt;")


FAILED_RUN = Notice(
    event=NoticeEvent.RUN_FAILED,
    application="web",
    branch="main",
    at=1.8e9,
    cause="1 secret, 1 failed test",
    remedy="Take it back where it is valid.",
    problems=(
        NoticeProblem("secret", "a.py:1: generic-api-key <!channel>", True),
        NoticeProblem("failed test", "tests/test_a.py:4: expected 200, got 404", False),
    ),
    more_problems=("3 more lint errors",),
    figures={"commit": "abcdef1"},
    links={"run": "https://github.com/a/b/actions/runs/1"},
)


def test_a_failed_run_is_told_with_its_problems_in_order_of_weight() -> None:
    message = json.loads(slack_message(FAILED_RUN))
    assert message["text"] == "✖ web, main: the run failed: 1 secret, 1 failed test"
    assert (
        "*What is wrong*\n"
        "• *new* secret: a.py:1: generic-api-key &lt;!channel&gt;\n"
        "• failed test: tests/test_a.py:4: expected 200, got 404\n"
        "and 3 more lint errors"
    ) in shown(FAILED_RUN)
    assert "*Why:*" not in shown(FAILED_RUN)
    assert list(notice_lines(FAILED_RUN)) == [
        "web, main: the run failed: 1 secret, 1 failed test",
        "  next: Take it back where it is valid.",
        "  commit: abcdef1",
        "    secret: new: a.py:1: generic-api-key <!channel>",
        "    failed test: tests/test_a.py:4: expected 200, got 404",
        "    and 3 more lint errors",
        "  run: https://github.com/a/b/actions/runs/1",
    ]


@given(st.lists(st.tuples(TEXT, TEXT, st.booleans()), max_size=70), st.lists(TEXT, max_size=13))
def test_whatever_a_problem_says_links_to_nothing_and_fits(
    rows: list[tuple[str, str, bool]], more: list[str]
) -> None:
    problems = tuple(NoticeProblem(*row) for row in rows)
    notice = replace(FAILED_RUN, problems=problems, more_problems=tuple(m[:30] for m in more))
    message = json.loads(slack_message(notice))
    brackets = [one for text in texts(message) for one in re.findall(r"<[^>]*>?", text)]
    assert brackets == ["<https://github.com/a/b/actions/runs/1|run>"]
    assert all(len(block.get("text", {"text": ""})["text"]) <= 3000 for block in message["blocks"])


def test_a_terminal_gets_the_same() -> None:
    assert list(notice_lines(NOTICE)) == [
        "mycandidate, production: 1.4.0+2222222.bbbbbb was rolled back",
        "  before: 1.3.9+1111111.aaaaaa",
        "  why: the judge rolled it back: it fails 4.1 % of 1,240 requests",
        "  next: Correct the release; its log says more: shipway logs production.",
        "  requests: 12,550 seen, 51 failed",
        "  what changes:",
        "    2222222 Wards are found by <name> & number (Ann)",
        "    and 2 more",
        "  run: https://github.com/a/b/actions/runs/1",
        "  receipt: /srv/x/rollout.html",
    ]


@given(TEXT, TEXT)
def test_a_terminal_gets_no_escapes(cause: str, subject: str) -> None:
    changes = Changes((Commit("1", subject, subject),), undone=True)
    lines = list(notice_lines(replace(NOTICE, cause=cause, changes=changes)))
    assert not any(re.search(r"[\x00-\x1f\x7f-\x9f]", line) for line in lines)


SETTINGS = Notify(
    slack="HOOK",
    slack_token="TOKEN",
    slack_channel="#deploys",
    webhook="URL",
    webhook_secret="KEY",
)
SET = {"HOOK": "https://hooks/1 ", "TOKEN": "xoxb-1", "URL": "https://example.org/x", "KEY": "k"}


def test_every_place_gets_a_letter() -> None:
    slack, token, webhook = webhook_requests(NOTICE, SETTINGS, SET)
    assert (
        isinstance(slack, WebhookRequest)
        and isinstance(token, WebhookRequest)
        and isinstance(webhook, WebhookRequest)
    )
    assert (slack.url, slack.expects_ok) == ("https://hooks/1", False)
    assert token.url == "https://slack.com/api/chat.postMessage"
    assert token.headers["authorization"] == "Bearer xoxb-1" and token.expects_ok
    assert json.loads(token.body)["channel"] == "#deploys"
    assert "channel" not in json.loads(slack.body)
    facts = json.loads(webhook.body)
    assert (facts["event"], facts["changes"]["more"]) == ("rolled back", 2)
    assert webhook.headers["webhook-signature"].startswith("v1,")


def test_a_variable_that_is_not_set_is_a_delivery_that_failed() -> None:
    found = list(webhook_requests(NOTICE, SETTINGS, {"URL": "https://example.org/x"}))
    assert found == [
        Delivery("slack", "the variable HOOK is not set"),
        Delivery("slack token", "the variable TOKEN is not set"),
        Delivery("webhook", "the variable KEY is not set"),
    ]


def test_a_webhook_without_a_secret_is_not_signed() -> None:
    (letter,) = webhook_requests(NOTICE, Notify(webhook="URL"), SET)
    assert isinstance(letter, WebhookRequest) and "webhook-signature" not in letter.headers


def test_without_places_there_are_no_letters() -> None:
    assert list(webhook_requests(NOTICE, Notify(), SET)) == []
