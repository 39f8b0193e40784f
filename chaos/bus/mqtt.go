package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/eclipse/paho.golang/paho"
)

func mosquitto() Kind {
	return Kind{
		Name: "mqtt", Server: "Mosquitto", Source: "in", Relayed: true, Redelivers: true, Spools: true,
		Absent: absentProgram("mosquitto"),
		Loses:  "Mosquitto confirms records before it writes them to its file",
		Launch: func(s site) (command, error) {
			host, port, _ := strings.Cut(s.addr, ":")
			file := filepath.Join(s.dir, "mosquitto.conf")
			text := fmt.Sprintf("user root\nlistener %s %s\nallow_anonymous true\npersistence true\npersistence_location %s/\nmax_queued_messages 0\nmax_inflight_messages 1000\n", port, host, s.dir)
			return command{words: []string{"mosquitto", "-c", file}}, os.WriteFile(file, []byte(text), 0o600)
		},
		Connector: func(name, addr string, _ Options) string {
			return fmt.Sprintf(`connector "mqtt" %q {
  url             = %q
  client_id       = "chaos"
  connect_timeout = "2s"
  keep_alive      = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
`, name, "mqtt://"+addr)
		},
		Connect: func(addr, run string) Client { return &mqtt{addr: addr, run: run} },
	}
}

// mqtt is a client of MQTT 5.
type mqtt struct {
	addr, run string
	client    *paho.Client // of what is sent
}

func (m *mqtt) topic(name string) string { return m.run + "/" + strings.ReplaceAll(name, ".", "/") }

// open waits for the server. A client with a name keeps its session.
func (m *mqtt) open(ctx context.Context, name string, received func(paho.PublishReceived) (bool, error)) (*paho.Client, error) {
	for {
		c, err := m.dial(ctx, name, received)
		if err == nil {
			return c, nil
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// keepAlive is so long, in seconds, that a client which has much to read does not take its server for dead: all that it had not
// acknowledged would come to it again.
const keepAlive = 60

func (m *mqtt) dial(ctx context.Context, name string, received func(paho.PublishReceived) (bool, error)) (*paho.Client, error) {
	dialing, stop := context.WithTimeout(ctx, confirmLimit)
	defer stop()
	conn, err := new(net.Dialer).DialContext(dialing, "tcp", m.addr)
	if err != nil {
		return nil, err
	}
	config := paho.ClientConfig{Conn: conn, PacketTimeout: confirmLimit}
	if received != nil {
		config.OnPublishReceived = []func(paho.PublishReceived) (bool, error){received}
	}
	c := paho.NewClient(config)
	expiry, most := uint32(3600), uint16(1000)
	_, err = c.Connect(dialing, &paho.Connect{
		ClientID: name, CleanStart: received == nil, KeepAlive: keepAlive,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: &expiry, ReceiveMaximum: &most},
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// Make implements [Client]: the engine subscribes.
func (m *mqtt) Make(context.Context, string) error { return nil }

func (m *mqtt) Keep(ctx context.Context, topics []string) error {
	c, err := m.subscribe(ctx, topics, func(string, []byte) {})
	if err != nil {
		return err
	}
	return c.Disconnect(&paho.Disconnect{})
}

func (m *mqtt) subscribe(ctx context.Context, topics []string, f func(topic string, text []byte)) (*paho.Client, error) {
	c, err := m.open(ctx, m.run+"-seen", func(p paho.PublishReceived) (bool, error) {
		f(strings.ReplaceAll(strings.TrimPrefix(p.Packet.Topic, m.run+"/"), "/", "."), p.Packet.Payload)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	s := &paho.Subscribe{}
	for _, t := range topics {
		s.Subscriptions = append(s.Subscriptions, paho.SubscribeOptions{Topic: m.topic(t), QoS: 1})
	}
	if _, err := c.Subscribe(ctx, s); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return c, nil
}

// noSubscribers is the answer of a server that has nobody to give a message to.
const noSubscribers = 0x10

func (m *mqtt) Send(ctx context.Context, topic string, messages []Message) (int, error) {
	for tries, from := 1, 0; ; tries++ {
		n, err := m.try(ctx, topic, messages[from:])
		if from += n; err == nil {
			return tries, nil
		}
		m.Close()
		if err := pause(ctx); err != nil {
			return tries, err
		}
	}
}

// try sends one message after the other, and returns how many were confirmed.
func (m *mqtt) try(ctx context.Context, topic string, messages []Message) (n int, err error) {
	if m.client == nil {
		if m.client, err = m.open(ctx, m.run+"-sends", nil); err != nil {
			return 0, err
		}
	}
	for _, message := range messages {
		sending, stop := context.WithTimeout(ctx, confirmLimit)
		answer, err := m.client.Publish(sending, &paho.Publish{QoS: 1, Topic: m.topic(topic), Payload: message.Text})
		stop()
		if err != nil {
			return n, err
		}
		if answer.ReasonCode == noSubscribers {
			return n, errNotConfirmed
		}
		n++
	}
	return n, nil
}

func (m *mqtt) Follow(ctx context.Context, topics []string, f func(topic string, text []byte)) error {
	for ctx.Err() == nil {
		c, err := m.subscribe(ctx, topics, f)
		if err != nil {
			_ = pause(ctx) // and then ctx is looked at
			continue
		}
		select {
		case <-ctx.Done():
			_ = c.Disconnect(&paho.Disconnect{}) // the server may be gone
		case <-c.Done():
		}
	}
	return nil
}

func (m *mqtt) Close() {
	if m.client != nil {
		_ = m.client.Disconnect(&paho.Disconnect{}) // the server may be gone
		m.client = nil
	}
}
