from sqlalchemy import create_engine

# ruleid: shipway.sqlalchemy.password-in-address
engine = create_engine("postgresql+psycopg://town:example@db.internal/town")
# ruleid: shipway.sqlalchemy.password-in-address
REPLICA = "mysql://root:example@10.0.0.4:3306/town"


class Config:
    # ruleid: shipway.sqlalchemy.password-in-address
    SQLALCHEMY_DATABASE_URI = "postgresql://town:example@db.internal:5432/town"
