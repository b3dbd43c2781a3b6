from markupsafe import Markup, escape


def bold(name):
    return Markup("<b>{}</b>").format(name)


def strong(name):
    return Markup("<strong>%s</strong>") % name


def line():
    return Markup("<br>") + Markup("<hr>" + "<br>")


def escaped(name):
    return Markup(f"<b>{escape(name)}</b>")
