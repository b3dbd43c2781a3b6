from sqlalchemy import text


def by_name(session, name):
    # ruleid: shipway.sqlalchemy.query-put-together
    return session.execute(text(f"SELECT * FROM wards WHERE name = '{name}'")).all()


def by_code(cursor, code):
    query = "SELECT * FROM wards WHERE code = '%s'" % code
    # ruleid: shipway.sqlalchemy.query-put-together
    cursor.execute(query)
    return cursor.fetchall()


def by_number(connection, number):
    # ruleid: shipway.sqlalchemy.query-put-together
    return connection.execute("SELECT * FROM wards WHERE id = " + number)


def remove(connection, table, code):
    # ruleid: shipway.sqlalchemy.query-put-together
    connection.exec_driver_sql("DELETE FROM {} WHERE code = '{}'".format(table, code))


def several(connection, first, second):
    # ruleid: shipway.sqlalchemy.query-put-together
    connection.execute(text("SELECT * FROM wards WHERE a = '" + first + "' AND b = " + second))
