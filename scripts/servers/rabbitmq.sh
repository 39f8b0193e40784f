# shellcheck shell=bash disable=SC2034,SC2154
# RabbitMQ, with an epmd of its own: Erlang's directory of nodes would outlive it.
package=rabbitmq-server variable=ONSTREAM_TEST_AMQP
programs=/usr/lib/rabbitmq/bin

missing() {
	[ -x $programs/rabbitmq-server ] && have epmd ||
		echo "rabbitmq-server is not installed; as root: apt-get install rabbitmq-server"
}

launch() {
	local names
	names=$(free_port)
	[ -e "$home/data/names" ] && names=$(cat "$home/data/names")
	echo "$names" >"$home/data/names"
	echo '[].' >"$home/data/plugins"
	echo "listeners.tcp.default = 127.0.0.1:$port" >"$home/data/rabbitmq.conf"
	export HOME=$home/data ERL_EPMD_PORT=$names ERL_EPMD_ADDRESS=127.0.0.1 \
		RABBITMQ_NODENAME=onstream@localhost RABBITMQ_DIST_PORT=$((port + 1)) \
		RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$home/data/rabbitmq \
		RABBITMQ_ENABLED_PLUGINS_FILE=$home/data/plugins RABBITMQ_MNESIA_BASE=$home/data/mnesia \
		RABBITMQ_LOG_BASE=$home/data/log RABBITMQ_PID_FILE=$home/data/pid \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
	epmd -port "$names" -address 127.0.0.1 &
	exec $programs/rabbitmq-server
}

# It listens when it has started.
ready() { answers "$port"; }
