import ssl

import httpx
import requests


def fetch(address):
    # ruleid: shipway.network.certificate-unchecked
    one = requests.get(address, verify=False, timeout=5)
    # ruleid: shipway.network.certificate-unchecked
    two = httpx.Client(verify=False)
    session = requests.Session()
    # ruleid: shipway.network.certificate-unchecked
    session.verify = False
    context = ssl.create_default_context()
    # ruleid: shipway.network.certificate-unchecked
    context.check_hostname = False
    # ruleid: shipway.network.certificate-unchecked
    context.verify_mode = ssl.CERT_NONE
    # ruleid: shipway.network.certificate-unchecked
    return one, two, session, ssl._create_unverified_context()
