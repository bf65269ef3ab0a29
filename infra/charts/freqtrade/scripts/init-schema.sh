#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Verifies, as the client itself, that the schema FREQTRADE_SCHEMA of the database DATABASE_URL is there and is where
# the bot's tables will go; creates it where the role may, and says why where it may not.
# Ends with 0, or with 1 and one line of JSON, {"code": …, "exit": 1}, as the container's termination message.
set -eu
: "${DATABASE_URL:?is not set}" "${FREQTRADE_SCHEMA:?is not set}"

exec python3 - <<'PYTHON'
import json
import os
import re
import sys

import psycopg2
from psycopg2 import errors, sql

schema = os.environ["FREQTRADE_SCHEMA"]
# libpq does not know SQLAlchemy's name of the driver.
url = re.sub(r"^postgresql\+\w+://", "postgresql://", os.environ["DATABASE_URL"])


def end(code, reason):
    print(f"init-schema: {code} {reason}", flush=True)
    try:
        with open(os.environ.get("TERMINATION_LOG", "/dev/termination-log"), "w", encoding="ascii") as message:
            json.dump({"code": code, "exit": 1}, message)
    except OSError:
        pass
    sys.exit(1)


def ensure(cursor):
    cursor.execute(
        "SELECT nspname, has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE')"
        " FROM pg_namespace WHERE nspname = %s",
        (schema,),
    )
    row = cursor.fetchone()
    if row is None:
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        print(f"init-schema: created schema {schema}", flush=True)
    elif not row[1]:
        end("database_refused", f"role has no USAGE on schema {schema}: the platform's admin has to grant it")
    cursor.execute("SELECT current_schema()")
    current = cursor.fetchone()[0]
    if current != schema:
        end("database_refused", f"tables would go to schema {current}, not {schema}: the role's search_path is wrong")
    cursor.execute("SELECT to_regclass('trades') IS NOT NULL")
    if row is not None and not row[2] and not cursor.fetchone()[0]:
        end("database_refused", f"role has no CREATE on schema {schema}, and the bot's tables are not there yet")


try:
    connection = psycopg2.connect(url, connect_timeout=5, application_name="init-schema")
except psycopg2.OperationalError as error:
    # psycopg2 gives no SQLSTATE here; its text names host, role and reason, and never the password.
    reason = str(error).strip().splitlines()[-1]
    refused = re.search(r"authentication failed|does not exist|permission denied|too many connections", reason)
    end("database_refused" if refused else "database_unreachable", reason)
except psycopg2.Error as error:
    end("database_refused", f"DATABASE_URL is not understood ({type(error).__name__})")
try:
    with connection, connection.cursor() as cursor:
        ensure(cursor)
except errors.InsufficientPrivilege:
    end("database_refused", f"schema {schema} does not exist, and the role may not create it: run tenant_schema first")
except psycopg2.OperationalError:
    end("database_unreachable", "the connection was lost")
except psycopg2.Error as error:
    end("database_refused", f"SQLSTATE {error.pgcode}")
print(f"init-schema: schema {schema} is ready", flush=True)
PYTHON
