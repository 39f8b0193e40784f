# shellcheck shell=bash disable=SC2034,SC2154
# Apache Kafka: one process that is broker and controller (KRaft), of the jars that kafka.pom.xml names.
package="default-jre-headless maven" variable=ONSTREAM_TEST_KAFKA

missing() {
	have java || { echo "there is no Java 17; as root: apt-get install default-jre-headless"; return; }
	[ -e "$home/jars/complete" ] && return
	have mvn || { echo "there is no Maven; as root: apt-get install maven"; return; }
	echo "its jars are missing: scripts/services install kafka fetches them"
}

fetch() {
	[ -e "$home/jars/complete" ] && return
	have mvn && have java || return
	echo "kafka: fetching its jars"
	mkdir -p "$home/jars"
	if timeout 900 mvn -B -q -f "$here/servers/kafka.pom.xml" dependency:copy-dependencies \
		-DoutputDirectory="$home/jars" >"$home/install.log" 2>&1; then
		touch "$home/jars/complete"
	else
		echo "kafka: its jars cannot be fetched; Maven says:" >&2
		tail -n 3 "$home/install.log" >&2
	fi
}

launch() {
	cat >"$home/data/server.properties" <<-TEXT
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@127.0.0.1:$((port + 1))
		listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
		advertised.listeners=PLAINTEXT://127.0.0.1:$port
		controller.listener.names=CONTROLLER
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
		log.dirs=$home/data/log
		num.partitions=4
		auto.create.topics.enable=false
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=4
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		transaction.state.log.num.partitions=4
		group.initial.rebalance.delay.ms=0
	TEXT
	if [ ! -e "$home/data/log/meta.properties" ]; then
		java -Xmx256m -cp "$home/jars/*" kafka.tools.StorageTool format -t onstream-test-cluster- \
			-c "$home/data/server.properties" || exit 1
	fi
	exec java -Xms128m -Xmx768m -XX:+UseSerialGC -cp "$home/jars/*" kafka.Kafka "$home/data/server.properties"
}

# Tests start servers of their own as well, of the same jars.
also() { echo "export ONSTREAM_TEST_KAFKA_JARS=$home/jars"; }

ready() { grep -q 'Kafka Server started' "$home/log"; }
