import psycopg
from sqlalchemy import create_engine

engine = create_engine("postgresql://town@db.internal/town?sslmode=verify-full")
other = create_engine(URL, connect_args={"sslmode": "verify-full"})
connection = psycopg.connect(host="db.internal", sslmode="verify-ca")
