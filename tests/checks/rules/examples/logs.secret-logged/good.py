import logging

log = logging.getLogger(__name__)


def login(name, password, settings):
    log.info("%s signs in", name)
    log.info("the password has %d letters", len(password))
    log.debug("password policy: %s", settings.password_policy)
    audit.record(name, password)


def ask(client):
    request = client.get("/wards")
    log.info("answered %s", request.data)
