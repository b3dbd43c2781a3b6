import ftplib
import smtplib

import httpx
import requests


def fetch(code, password):
    # ruleid: shipway.network.sent-unencrypted
    one = requests.get("http://wards.example/list", timeout=5)
    # ruleid: shipway.network.sent-unencrypted
    two = httpx.get(f"http://wards.example/{code}")
    # ruleid: shipway.network.sent-unencrypted
    three = ftplib.FTP("files.example")
    with smtplib.SMTP("mail.example", timeout=5) as mail:
        # ruleid: shipway.network.sent-unencrypted
        mail.login("town", password)
    return one, two, three
