import ftplib
import smtplib

import httpx
import requests


def fetch(code, password, host):
    one = requests.get("https://wards.example/list", timeout=5)
    two = httpx.get(f"http://127.0.0.1:8080/{code}")
    three = requests.get("http://localhost:8080", timeout=5)
    four = httpx.get(f"http://{host}/")
    with smtplib.SMTP("mail.example", timeout=5) as mail:
        mail.starttls()
        mail.login("town", password)
    with smtplib.SMTP_SSL("mail.example", timeout=5) as mail:
        mail.login("town", password)
    return one, two, three, four, ftplib.FTP_TLS("files.example")
