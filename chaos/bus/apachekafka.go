package bus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// kafkaJars is the variable with the folder of the jars of Apache Kafka: those that scripts/services has fetched.
const kafkaJars = "ONSTREAM_TEST_KAFKA_JARS"

// realKafka is Apache Kafka: a server of ours, or the one whose address is known.
func realKafka() Kind {
	where, jars := os.Getenv("ONSTREAM_TEST_KAFKA"), os.Getenv(kafkaJars)
	k := Kind{
		Name: "kafka-real", Server: "Apache Kafka", Source: "in", Shares: true, Transactions: true, Silence: kafkaSilence(6 * time.Second),
		Connector: func(name, addr string, o Options) string { return kafkaConnector(name, addr, o, 6*time.Second) },
		Connect:   connectKafka,
	}
	if jars == "" {
		k.Where, k.Absent = where, absentWithout(kafkaJars+" has no folder, and ONSTREAM_TEST_KAFKA", where)
		return k
	}
	k.Cuts, k.Fronted, k.Ready, k.Absent = true, true, kafkaReady, absentProgram("java")
	k.Launch = func(s site) (command, error) { return launchKafka(s, jars) }
	return k
}

// launchKafka makes the command of a process that is broker and controller. Its data is made ready the first time.
func launchKafka(s site, jars string) (command, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return command{}, err
	}
	controller, err := FreeAddr()
	if err != nil {
		return command{}, err
	}
	file, data := filepath.Join(s.dir, "server.properties"), filepath.Join(s.dir, "log")
	text := fmt.Sprintf(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[2]s
listeners=PLAINTEXT://%[1]s,CONTROLLER://%[2]s
advertised.listeners=PLAINTEXT://%[3]s
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=%[4]s
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
`, s.addr, controller, s.public, data)
	const script = `java=$0 jars=$1 file=$2 data=$3
[ -e "$data/meta.properties" ] || "$java" -Xmx256m -cp "$jars/*" kafka.tools.StorageTool format -t onstream-chaos-server- -c "$file" || exit 1
exec "$java" -Xms128m -Xmx512m -XX:+UseSerialGC -cp "$jars/*" kafka.Kafka "$file"`
	return command{words: []string{"/bin/sh", "-c", script, java, jars, file, data}}, os.WriteFile(file, []byte(text), 0o600)
}

// kafkaReady waits until all partitions have a leader.
func kafkaReady(ctx context.Context, addr string) error {
	client, err := (&kafka{addr: addr}).client()
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	for {
		// Asked about all topics, it tells of those that it has loaded.
		if led(admin.Metadata(ctx)) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func led(m kadm.Metadata, err error) bool {
	if err != nil || len(m.Brokers) == 0 {
		return false
	}
	for _, t := range m.Topics {
		if t.Err != nil {
			return false
		}
		for _, p := range t.Partitions {
			if p.Err != nil || p.Leader < 0 {
				return false
			}
		}
	}
	return true
}
