import psycopg
from sqlalchemy import create_engine

# ruleid: shipway.sqlalchemy.connection-unencrypted
engine = create_engine("postgresql://town@db.internal/town?sslmode=disable")
# ruleid: shipway.sqlalchemy.connection-unencrypted
other = create_engine(URL, connect_args={"sslmode": "prefer"})
# ruleid: shipway.sqlalchemy.connection-unencrypted
connection = psycopg.connect(host="db.internal", sslmode="allow")
