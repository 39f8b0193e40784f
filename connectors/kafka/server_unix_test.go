//go:build unix

package kafka_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors/bustest"
)

// strict is an Apache Kafka of a test's own that lets in the user u, with the password of the tests, and
// allows nobody anything but who comes over its plain address.
type strict struct {
	plain, sasl, tls string // where it listens
	authority        string // the file with its certificate
}

// startStrict starts one, or skips the test where there is none to start.
func startStrict(t *testing.T) strict {
	t.Helper()
	jars := bustest.Server(t, "ONSTREAM_TEST_KAFKA_JARS")
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("there is no Java to start a server with")
	}
	dir := t.TempDir()
	cert, key := bustest.Certificate(t)
	var both []byte
	for _, file := range []string{key, cert} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	store, config := filepath.Join(dir, "store.pem"), filepath.Join(dir, "server.properties")
	s := strict{plain: bustest.Nowhere(t), sasl: bustest.Nowhere(t), tls: bustest.Nowhere(t), authority: cert}
	controller := bustest.Nowhere(t)
	listeners := fmt.Sprintf("PLAINTEXT://%s,SASL_PLAINTEXT://%s,SSL://%s", s.plain, s.sasl, s.tls)
	lines := []string{
		"process.roles=broker,controller", "node.id=1", "controller.quorum.voters=1@" + controller,
		"listeners=" + listeners + ",CONTROLLER://" + controller, "advertised.listeners=" + listeners,
		"controller.listener.names=CONTROLLER",
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256",
		fmt.Sprintf("listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_u=%q;", bustest.Password),
		"listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + store,
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:ANONYMOUS",
		"log.dirs=" + filepath.Join(dir, "log"), "offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1",
		"auto.create.topics.enable=false", "group.initial.rebalance.delay.ms=0", "",
	}
	for file, text := range map[string][]byte{store: both, config: []byte(strings.Join(lines, "\n"))} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	java := func(args ...string) *exec.Cmd {
		c := exec.Command("java", append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-cp", jars + "/*"}, args...)...)
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return c
	}
	if out, err := java("kafka.tools.StorageTool", "format", "-t", "onstream-strict-test--", "-c", config).CombinedOutput(); err != nil {
		t.Fatalf("the storage is not set up: %v\n%s", err, out)
	}
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	server := java("kafka.Kafka", config)
	server.Stdout, server.Stderr = said, said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // it may have ended
		_ = server.Wait()         // how it ended is not what is tested
		_ = said.Close()
	})
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text, _ := os.ReadFile(said.Name()) // it may not have said anything yet
		if strings.Contains(string(text), "Kafka Server started") {
			return s
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not start: %s", text)
		}
	}
}
