# shellcheck shell=bash disable=SC2034,SC2154
# mongo-java-server, which speaks the protocol of MongoDB and keeps its data in a file of H2, of the jars that
# mongo.pom.xml names. It has no change streams, no users and no TLS. Of its own it confirms what it has in memory only; Mongo.java
# has it write first. With MONGODB_URI, tests go to that deployment instead.
package="default-jdk-headless maven" variable=ONSTREAM_TEST_MONGO

# fetched succeeds when everything is there, and of today.
fetched() { [ -e "$home/jars/complete" ] && [ ! "$here/servers/Mongo.java" -nt "$home/jars/complete" ]; }

missing() {
	have java || { echo "there is no Java 17; as root: apt-get install default-jdk-headless"; return; }
	fetched && return
	have mvn || { echo "there is no Maven; as root: apt-get install maven"; return; }
	have javac || { echo "there is no Java compiler; as root: apt-get install default-jdk-headless"; return; }
	echo "its jars are missing: scripts/services install mongo fetches them"
}

fetch() {
	fetched && return
	have mvn && have javac || return
	echo "mongo: fetching its jars"
	mkdir -p "$home/jars"
	if timeout 900 mvn -B -q -f "$here/servers/mongo.pom.xml" dependency:copy-dependencies \
		-DoutputDirectory="$home/jars" >"$home/install.log" 2>&1 &&
		javac -cp "$home/jars/*" -d "$home/jars" "$here/servers/Mongo.java" >>"$home/install.log" 2>&1; then
		touch "$home/jars/complete"
	else
		echo "mongo: its jars cannot be fetched; Maven says:" >&2
		tail -n 3 "$home/install.log" >&2
	fi
}

launch() { exec java -Xms128m -Xmx768m -XX:+UseSerialGC -cp "$home/jars:$home/jars/*" Mongo "$port" "$home/data/store"; }

# Tests start servers of their own as well, of the same jars: java -cp JARS:JARS/* Mongo PORT FILE.
also() {
	echo "export ONSTREAM_TEST_MONGO_JARS=$home/jars"
	if [ -z "${MONGODB_URI:-}" ]; then
		echo "mongo-java-server has no users, TLS, time series and replica set: these, and change streams but for those of its own, are tested with stand-ins; MONGODB_URI names a MongoDB that has them" >&2
	fi
}

ready() { grep -q 'mongo listens' "$home/log"; }
