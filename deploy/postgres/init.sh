#!/bin/sh
# Runs once, when the database volume is new: a role and databases for Handrail, and for
# Temporal, neither of which can read the other's.
set -eu
psql --set=ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname postgres \
	--set=handrail_password="$HANDRAIL_DB_PASSWORD" --set=temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE handrail LOGIN PASSWORD :'handrail_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE handrail OWNER handrail;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT, TEMPORARY ON DATABASE handrail, temporal, temporal_visibility FROM PUBLIC;
SQL
