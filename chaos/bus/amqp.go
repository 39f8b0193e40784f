package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// rabbitExchange is where topics are routing keys.
const rabbitExchange = "amq.topic"

// rabbitProgram is RabbitMQ itself: what packages of it have in the path wants to be another user.
const rabbitProgram = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// rabbitMQ is a server of ours, or the one whose address is known.
func rabbitMQ() Kind {
	k := Kind{
		Name: "amqp", Server: "RabbitMQ", Source: "in", Where: os.Getenv("ONSTREAM_TEST_AMQP"), Relayed: true, Redelivers: true, Spools: true,
		Connector: func(name, addr string, _ Options) string {
			return fmt.Sprintf(`connector "amqp" %q {
  url             = %q
  heartbeat       = "2s"
  connect_timeout = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
`, name, "amqp://"+addr)
		},
		Connect: func(addr, run string) Client { return &amqp{addr: addr, run: run} },
	}
	if k.Where == "" {
		k.Launch, k.Ready, k.Absent = launchRabbit, rabbitReady, absentProgram(rabbitProgram)
	}
	return k
}

// launchRabbit makes the command of a server with an epmd of its own: Erlang's directory of nodes would outlive it.
func launchRabbit(s site) (command, error) {
	names, err := FreeAddr()
	if err != nil {
		return command{}, err
	}
	between, err := FreeAddr()
	if err != nil {
		return command{}, err
	}
	_, namesPort, _ := strings.Cut(names, ":")
	_, betweenPort, _ := strings.Cut(between, ":")
	in := func(name string) string { return filepath.Join(s.dir, name) }
	err = errors.Join(
		os.WriteFile(in("rabbitmq.conf"), []byte("listeners.tcp.default = "+s.addr+"\n"), 0o600),
		os.WriteFile(in("plugins"), []byte("[].\n"), 0o600),
	)
	return command{
		words: []string{"/bin/sh", "-c", `epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & exec "$0"`, rabbitProgram},
		env: []string{
			"HOME=" + s.dir, "ERL_EPMD_PORT=" + namesPort, "ERL_EPMD_ADDRESS=127.0.0.1", "RABBITMQ_NODENAME=chaos@localhost", "RABBITMQ_DIST_PORT=" + betweenPort,
			"RABBITMQ_CONF_ENV_FILE=" + os.DevNull, "RABBITMQ_CONFIG_FILE=" + in("rabbitmq"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"),
			"RABBITMQ_MNESIA_BASE=" + in("mnesia"), "RABBITMQ_LOG_BASE=" + in("log"), "RABBITMQ_PID_FILE=" + in("pid"),
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		},
	}, err
}

// rabbitReady waits until the server lets clients in.
func rabbitReady(ctx context.Context, addr string) error {
	conn, _, err := (&amqp{addr: addr}).open(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

// amqp is a client of RabbitMQ.
type amqp struct {
	addr, run string
	conn      *amqp091.Connection
	channel   *amqp091.Channel
	returned  chan amqp091.Return
}

// open waits for the server.
func (a *amqp) open(ctx context.Context) (*amqp091.Connection, *amqp091.Channel, error) {
	for {
		conn, err := amqp091.DialConfig("amqp://guest:guest@"+a.addr+"/", amqp091.Config{Heartbeat: 5 * time.Second, Dial: amqp091.DefaultDial(confirmLimit)})
		if err == nil {
			ch, err := conn.Channel()
			if err == nil {
				return conn, ch, nil
			}
			_ = conn.Close() // it is of no use
		}
		if err := pause(ctx); err != nil {
			return nil, nil, err
		}
	}
}

// queue is where all that comes out waits.
func (a *amqp) queue() string { return a.run + ".seen" }

// Make implements [Client]: the engine makes the queue.
func (a *amqp) Make(context.Context, string) error { return nil }

func (a *amqp) Keep(ctx context.Context, topics []string) error {
	conn, ch, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := ch.QueueDeclare(a.queue(), true, false, false, false, nil); err != nil {
		return fmt.Errorf("make a queue: %w", err)
	}
	for _, t := range topics {
		if err := ch.QueueBind(a.queue(), a.run+"."+t, rabbitExchange, false, nil); err != nil {
			return fmt.Errorf("bind a queue: %w", err)
		}
	}
	return nil
}

func (a *amqp) Send(ctx context.Context, topic string, messages []Message) (int, error) {
	for tries := 1; ; tries++ {
		err := a.try(ctx, topic, messages)
		if err == nil {
			return tries, nil
		}
		a.Close()
		if err := pause(ctx); err != nil {
			return tries, err
		}
	}
}

func (a *amqp) try(ctx context.Context, topic string, messages []Message) (err error) {
	if a.conn == nil {
		if a.conn, a.channel, err = a.open(ctx); err != nil {
			return err
		}
		if err := a.channel.Confirm(false); err != nil {
			return err
		}
		a.returned = a.channel.NotifyReturn(make(chan amqp091.Return, 1+len(messages)))
	}
	confirming, stop := context.WithTimeout(ctx, confirmLimit)
	defer stop()
	// The queue may not be there yet. When it has taken the first one, it takes the others.
	for _, part := range [][]Message{messages[:1], messages[1:]} {
		var waiting []*amqp091.DeferredConfirmation
		for _, m := range part {
			c, err := a.channel.PublishWithDeferredConfirmWithContext(ctx, rabbitExchange, a.run+"."+topic, true, false,
				amqp091.Publishing{DeliveryMode: amqp091.Persistent, Body: m.Text})
			if err != nil {
				return err
			}
			waiting = append(waiting, c)
		}
		for _, c := range waiting {
			if ok, err := c.WaitContext(confirming); err != nil || !ok {
				return errNotConfirmed
			}
		}
		select {
		case <-a.returned:
			return errNotConfirmed
		default:
		}
	}
	return nil
}

func (a *amqp) Follow(ctx context.Context, _ []string, f func(topic string, text []byte)) error {
	for ctx.Err() == nil {
		conn, ch, err := a.open(ctx)
		if err != nil {
			return nil //nolint:nilerr // it is over
		}
		a.follow(ctx, ch, f)
		_ = conn.Close() // what was not acknowledged comes again
	}
	return nil
}

func (a *amqp) follow(ctx context.Context, ch *amqp091.Channel, f func(topic string, text []byte)) {
	found, err := ch.Consume(a.queue(), "", false, false, false, false, nil)
	if err != nil {
		_ = pause(ctx) // and then ctx is looked at
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case d, ok := <-found:
			if !ok {
				return
			}
			f(strings.TrimPrefix(d.RoutingKey, a.run+"."), d.Body)
			_ = d.Ack(false) // otherwise it comes again
		}
	}
}

func (a *amqp) Close() {
	if a.conn != nil {
		_ = a.conn.Close() // nothing is under way that is not sent again
		a.conn = nil
	}
}
