package kafka_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/kafka"
	"github.com/onstream/onstream/plugins"
)

func TestBadConfigurationsAreRefusedWithARemedy(t *testing.T) {
	t.Parallel()
	sasl := func(kv ...any) plugins.ConfigBlock { return nested(t, "sasl", kv...) }
	secret := plugins.NewSecret("s3cret")
	tests := []struct {
		name   string
		values map[string]any
		blocks []plugins.ConfigBlock
		want   string
	}{
		{"no broker", map[string]any{"bootstrap_servers": []string{}}, nil, "bootstrap_servers: name one broker at least"},
		{"a URL", map[string]any{"bootstrap_servers": []string{"kafka://u:s3cret@broker:9092"}}, nil, "bootstrap_servers: it takes a host and a port"},
		{"no port", map[string]any{"bootstrap_servers": []string{"broker"}}, nil, `"broker" is no host with a port`},
		{"no host", map[string]any{"bootstrap_servers": []string{":9092"}}, nil, "is no host with a port"},
		{"SASL without a block", map[string]any{"security_protocol": "SASL_SSL"}, nil, "security_protocol: SASL_SSL needs a block sasl"},
		{"a block without SASL", map[string]any{"security_protocol": "SSL"}, []plugins.ConfigBlock{sasl("mechanism", "PLAIN", "username", "u", "password", secret)}, "write SASL_SSL, or leave out the block sasl"},
		{"TLS without encryption", map[string]any{"security_protocol": "PLAINTEXT"}, []plugins.ConfigBlock{nested(t, "tls")}, "write SSL, or leave out the block tls"},
		{"no password", nil, []plugins.ConfigBlock{sasl("mechanism", "PLAIN", "username", "u")}, "sasl: PLAIN needs username and password"},
		{"a token for PLAIN", nil, []plugins.ConfigBlock{sasl("mechanism", "PLAIN", "token", secret)}, "a token is for OAUTHBEARER only"},
		{"no token", nil, []plugins.ConfigBlock{sasl("mechanism", "OAUTHBEARER")}, "needs either token or token_file"},
		{"two tokens", nil, []plugins.ConfigBlock{sasl("mechanism", "OAUTHBEARER", "token", secret, "token_file", "token")}, "needs either token or token_file"},
		{"a password for OAUTHBEARER", nil, []plugins.ConfigBlock{sasl("mechanism", "OAUTHBEARER", "token", secret, "password", secret)}, "in place of username and password"},
		{"half a certificate", nil, []plugins.ConfigBlock{nested(t, "tls", "cert_file", "cert.pem")}, "cert_file and key_file belong together"},
		{"rare heartbeats", map[string]any{"heartbeat_interval": 10 * time.Second, "session_timeout": 20 * time.Second}, nil, "heartbeat_interval: it is 10s and a third of session_timeout 6.66"},
		{"idempotence without replicas", map[string]any{"acks": "1"}, nil, "acks: brokers recognise"},
		{"transactions without idempotence", map[string]any{"transactional_id": "t", "enable_idempotence": false}, nil, "enable_idempotence: transactions need it"},
		{"an empty transactional_id", map[string]any{"transactional_id": ""}, nil, "transactional_id: it is empty"},
		{"topics that are never made", nil, []plugins.ConfigBlock{nested(t, "topic", "partitions", int64(3))}, `topic: it says what topics are like`},
	}
	var r plugins.Registry
	if err := kafka.Register(&r); err != nil {
		t.Fatal(err)
	}
	kind, _ := r.Connector("kafka")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			values := map[string]any{"bootstrap_servers": []string{"broker:9092"}}
			for k, v := range tt.values {
				values[k] = v
			}
			err := kind.Check(bustest.Block(kind.Schema, values, tt.blocks...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to tell %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the message tells a secret: %v", err)
			}
		})
	}
}

func TestGoodConfigurationsAreTaken(t *testing.T) {
	t.Parallel()
	tests := map[string][]plugins.ConfigBlock{
		"":               nil,
		"SSL":            {nested(t, "tls")},
		"SASL_PLAINTEXT": {nested(t, "sasl", "mechanism", "SCRAM-SHA-512", "username", "u", "password", plugins.NewSecret("p"))},
		"SASL_SSL":       {nested(t, "sasl", "mechanism", "OAUTHBEARER", "token_file", "token"), nested(t, "tls")},
	}
	for protocol, blocks := range tests {
		values := map[string]any{}
		if protocol != "" {
			values["security_protocol"] = protocol
		}
		connect(t, "broker:9092", values, blocks...)
		connect(t, "[::1]:9092", nil, blocks...)
	}
}

func TestNamesThatKafkaDoesNotHave(t *testing.T) {
	t.Parallel()
	bus := connect(t, "broker:9092", nil)
	for topic, want := range map[connectors.Topic]string{
		"plant/d1":  "names of Kafka topics have no /",
		"plant.ä":   "letters of English, digits, dots, _ and - only",
		"plant.*.ä": "letters of English, digits, dots, _ and - only",
		connectors.Topic(strings.Repeat("x", 250)): "has 249 characters at most, and this one has 250",
	} {
		if _, err := bus.Reader(connectors.Subscription{Topic: topic, Group: "g"}, bustest.Env("source.in")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is read: %v", topic, err)
		}
		if topic.Pattern() {
			continue
		}
		if _, err := bus.Writer(connectors.Publication{Topic: topic}, bustest.Env("sink.out")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is written: %v", topic, err)
		}
	}
}

func FuzzSeek(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 5, 0})
	f.Add([]byte("\x01\x05\x00" + strings.Repeat("x", 16)))
	f.Add([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00" + strings.Repeat("x", 16)))
	bus := connect(f, "broker:9092", nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := bus.Reader(connectors.Subscription{Topic: "a.b", Group: "g"}, bustest.Env("source.in"))
		if err != nil {
			t.Fatal(err)
		}
		p := plugins.Partition{Name: "a.b", ID: 3}
		if err := s.(plugins.Seeker).Seek(map[plugins.Partition]plugins.Position{p: text}); err != nil && !strings.Contains(err.Error(), `the position of partition 3 of "a.b"`) {
			t.Errorf("the message does not say of what: %v", err)
		}
	})
}
