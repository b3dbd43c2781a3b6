import os

from sqlalchemy import create_engine

engine = create_engine(os.environ["DATABASE_URL"])
other = create_engine("postgresql://town@db.internal/town")
local = create_engine("postgresql://town:town@localhost/town")
memory = create_engine("sqlite:///town.sqlite3")
made = create_engine(f"postgresql://{USER}:{PASSWORD}@db.internal/town")
EXAMPLE = "postgresql://user:<password>@db.internal/town"
