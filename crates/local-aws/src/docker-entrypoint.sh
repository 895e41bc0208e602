#!/bin/sh
# What the public image's entry point does, as far as an emulated RDS asks for it. The version is filled in.
set -e
[ "$1" = postgres ] || exec "$@"
shift
B=/usr/lib/postgresql/@MAJOR@/bin
D=${PGDATA:-/var/lib/postgresql/data}
mkdir -p "$D" /var/run/postgresql
chown -R postgres:postgres "$D" /var/run/postgresql
chmod 700 "$D"
if [ ! -s "$D/PG_VERSION" ]; then
  (umask 077; echo "$POSTGRES_PASSWORD" > /tmp/pw)
  chown postgres:postgres /tmp/pw
  # No syncing: what a container of a test holds is thrown away.
  su postgres -c "$B/initdb -D $D -U '$POSTGRES_USER' --pwfile=/tmp/pw -A scram-sha-256 --no-locale -E UTF8 --no-sync >/dev/null"
  rm /tmp/pw
  echo 'host all all all scram-sha-256' >> "$D/pg_hba.conf"
  su postgres -c "echo 'CREATE DATABASE \"${POSTGRES_DB:-postgres}\"' | $B/postgres --single -D $D postgres >/dev/null" || true
fi
chown -R postgres:postgres "$D"
# Not "$@" after -c: busybox's su would eat the -c options.
exec su postgres -s /bin/sh -c "exec $B/postgres -D $D -c listen_addresses='*' -c fsync=off $*"
