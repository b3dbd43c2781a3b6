"""Notices by mail, chat and payment."""

import os

import requests

MAIL_KEY = os.environ["QUAYSIDE_MAIL_KEY"]
CHAT_TOKEN = "{{SLACK_BOT_TOKEN}}"
PAY_KEY = "{{STRIPE_LIVE_KEY}}"
TEST_PAY_KEY = "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx"


def mail(to, subject, text):
    return requests.post(
        "https://api.sendgrid.com/v3/mail/send",
        headers={"Authorization": f"Bearer {MAIL_KEY}"},
        json={"to": to, "subject": subject, "content": text},
        timeout=10,
    )


def chat(channel, text):
    return requests.post(
        "https://slack.com/api/chat.postMessage",
        headers={"Authorization": f"Bearer {CHAT_TOKEN}"},
        json={"channel": channel, "text": text},
        timeout=10,
    )


def charge(amount, live):
    return requests.post(
        "https://api.stripe.com/v1/charges",
        auth=(PAY_KEY if live else TEST_PAY_KEY, ""),
        data={"amount": amount, "currency": "eur"},
        timeout=10,
    )
