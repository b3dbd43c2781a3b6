import ssl

import httpx
import requests


def fetch(address):
    one = requests.get(address, verify="/etc/town/ca.pem", timeout=5)
    two = httpx.Client(verify=True)
    context = ssl.create_default_context()
    context.verify_mode = ssl.CERT_REQUIRED
    document = parse(address, verify=False)
    return one, two, context, document
