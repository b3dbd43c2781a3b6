"""What gunicorn serves."""

from main import create_app

app = create_app()
