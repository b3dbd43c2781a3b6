from markupsafe import Markup


def bold(name):
    # ruleid: shipway.jinja.markup-put-together
    return Markup(f"<b>{name}</b>")


def strong(name):
    # ruleid: shipway.jinja.markup-put-together
    return Markup("<strong>" + name + "</strong>")


def both(one, two):
    # ruleid: shipway.jinja.markup-put-together
    return Markup("<i>%s %s</i>" % (one, two)) + Markup("<br>")


def filled(name):
    # ruleid: shipway.jinja.markup-put-together
    return Markup("<i>{}</i>".format(name))
