import smtplib
import urllib.request

import httpx
import requests


def fetch(address):
    # ruleid: shipway.network.no-timeout
    one = requests.get(address)
    # ruleid: shipway.network.no-timeout
    two = requests.post(address, json={}, timeout=None)
    # ruleid: shipway.network.no-timeout
    three = httpx.get(address, timeout=None)
    # ruleid: shipway.network.no-timeout
    with urllib.request.urlopen(address) as answer:
        four = answer.read()
    # ruleid: shipway.network.no-timeout
    return one, two, three, four, smtplib.SMTP("mail.example")
