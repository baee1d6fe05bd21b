#!/bin/sh
# Creates Temporal's two databases, or updates them to this version of the server.
# Running it again changes nothing: each command checks what exists.
set -eu
SQL_PASSWORD=$(cat "${TEMPORAL_PASSWORD_FILE:-/run/secrets/temporal_password}")
export SQL_PASSWORD
versioned=${TEMPORAL_SCHEMA:-/etc/temporal/schema/postgresql/v12}

prepare() { # database, folder of its schema
	temporal-sql-tool --db "$1" create
	temporal-sql-tool --db "$1" setup-schema -v 0.0
	temporal-sql-tool --db "$1" update-schema -d "$versioned/$2/versioned"
}

prepare temporal temporal
prepare temporal_visibility visibility
