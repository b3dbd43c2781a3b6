import logging

log = logging.getLogger(__name__)


def login(name, password, settings):
    # ruleid: shipway.logs.secret-logged
    log.info("%s signs in with %s", name, password)
    # ruleid: shipway.logs.secret-logged
    logging.debug(f"the key is {settings.secret_key}")
    # ruleid: shipway.logs.secret-logged
    log.warning("wrong: " + password)
