from sqlalchemy import select, text

TABLE = "wards"
COLUMNS = "code, name"
ALLOWED = ("wards", "people")


def by_name(session, name):
    return session.execute(text("SELECT * FROM wards WHERE name = :name"), {"name": name}).all()


def by_code(cursor, code):
    cursor.execute("SELECT * FROM wards WHERE code = %s", (code,))
    cursor.execute(f"SELECT {COLUMNS} FROM {TABLE} WHERE code = ?", [code])
    cursor.execute("SELECT * FROM " + TABLE)
    cursor.execute("SELECT * FROM " + "wards")
    return cursor.fetchall()


def by_codes(cursor, codes):
    marks = ", ".join("?" for _ in codes)
    cursor.execute("SELECT * FROM wards WHERE code IN (%s)" % ", ".join(["?"] * len(codes)), codes)
    cursor.execute(f"SELECT * FROM wards WHERE code IN ({marks})", codes)


def all_of(cursor, table):
    if table not in ALLOWED:
        raise ValueError(table)
    cursor.execute(f"SELECT * FROM {table}")


def page(cursor, number: int, size=20):
    cursor.execute(f"SELECT * FROM wards LIMIT 20 OFFSET {number}")
    cursor.execute("SELECT * FROM wards LIMIT {}".format(int(size)))


def by_orm(session, name):
    return session.scalars(select(Ward).where(Ward.name == f"the {name}")).all()


def other(pool, name):
    pool.execute(f"hello {name}")
