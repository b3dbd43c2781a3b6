import smtplib
import urllib.request

import httpx
import requests


def fetch(address, options):
    one = requests.get(address, timeout=5)
    two = requests.post(address, **options)
    three = httpx.get(address)
    with urllib.request.urlopen(address, timeout=5) as answer:
        four = answer.read()
    return one, two, three, four, smtplib.SMTP("mail.example", timeout=5)


def demanded(container):
    requests = container.get("requests")
    return requests.get("memory")
