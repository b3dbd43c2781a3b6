from jinja2 import Environment, FileSystemLoader

# ruleid: shipway.jinja.escaping-not-on
environment = Environment(loader=FileSystemLoader("templates"))
# ruleid: shipway.jinja.escaping-not-on
empty = Environment()
