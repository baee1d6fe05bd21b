#!/bin/sh
# Makes the roles of the registry's database, gives the database to its owner, and lets
# owner and programs log in with their passwords; changed passwords come into force by
# running it again. psql's variables (PGHOST and so on) say where, as a superuser.
set -eu
: "${SECRETS:=/run/secrets}" "${ROLES:=/roles}"
PGPASSWORD=$(cat "$SECRETS/database_password")
export PGPASSWORD SECRETS
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file "$ROLES/roles.sql" --file "$ROLES/database.sql"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<'SQL'
SET client_min_messages = warning;
\set owner `cat "$SECRETS/owner_password"`
\set office `cat "$SECRETS/office_password"`
ALTER ROLE cancuoc_owner LOGIN PASSWORD :'owner';
SELECT 'CREATE ROLE cancuoc_office' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cancuoc_office') \gexec
ALTER ROLE cancuoc_office LOGIN PASSWORD :'office';
GRANT cancuoc_programs TO cancuoc_office;
SQL
