# shellcheck shell=bash disable=SC2034,SC2154
# PostgreSQL. It does not run as root: then its data belongs to the user that the package makes, in a folder which that user
# can reach wherever ours is.
package=postgresql variable=ONSTREAM_TEST_POSTGRES
programs=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[ "$programs" ] || programs=$(dirname "$(command -v initdb || echo /usr/bin/initdb)")

missing() { [ -x "$programs/initdb" ] || echo "postgresql is not installed; as root: apt-get install postgresql"; }

as=
if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=postgres --regid=postgres --clear-groups"; fi

launch() {
	local data=$home/data
	if [ "$as" ]; then
		[ -s "$home/where" ] || mktemp -d "${TMPDIR:-/tmp}/onstream-postgres.XXXXXX" >"$home/where"
		data=$(cat "$home/where")
		chown postgres "$data"
	fi
	cd / || exit 1
	# shellcheck disable=SC2086 # several words, or none
	if [ ! -e "$data/PG_VERSION" ]; then
		$as "$programs/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --no-sync || exit 1
	fi
	# shellcheck disable=SC2086
	exec $as "$programs/postgres" -D "$data" -h 127.0.0.1 -p "$port" -k '' -c max_connections=200
}

ready() { "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" -t 1; }

free() {
	[ -s "$home/where" ] && rm -rf "$(cat "$home/where")"
	rm -f "$home/where"
}
