"""The WSGI application that gunicorn serves."""

from main import create_app

app = create_app()
