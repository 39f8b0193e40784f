# shellcheck shell=bash disable=SC2034,SC2154
# NATS with JetStream.
package=nats-server variable=ONSTREAM_TEST_NATS

missing() { have nats-server || echo "nats-server is not installed; as root: apt-get install nats-server"; }

launch() { exec nats-server -a 127.0.0.1 -p "$port" -js -sd "$home/data"; }

ready() {
	local hello
	{ read -r -t 1 hello <"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && [[ $hello == INFO* ]]
}
