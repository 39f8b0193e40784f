# shellcheck shell=bash disable=SC2034,SC2154
# Redis, which writes what it has confirmed to its log.
package=redis-server variable=ONSTREAM_TEST_REDIS

missing() { have redis-server || echo "redis-server is not installed; as root: apt-get install redis-server"; }

launch() {
	exec redis-server --bind 127.0.0.1 --port "$port" --dir "$home/data" \
		--appendonly yes --appendfsync everysec --save ''
}

ready() {
	local answer
	{ exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return
	printf 'PING\r\n' >&3
	read -r -t 1 answer <&3
	exec 3>&-
	[[ ${answer-} == +PONG* ]]
}
