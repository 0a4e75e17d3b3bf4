#!/bin/sh
# Brings the schemas of Temporal's two databases to the version of this image. What is
# there already stays, so it runs at every start and is also the upgrade.
# SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD and SQL_PLUGIN say which server.
set -eu
for database in temporal:temporal temporal_visibility:visibility; do
	name=${database%:*}
	echo "schema of $name"
	temporal-sql-tool --database "$name" setup-schema --version 0.0
	temporal-sql-tool --database "$name" update-schema --schema-name "postgresql/v12/${database#*:}"
done
