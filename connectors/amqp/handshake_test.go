package amqp_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// A server that is killed while somebody connects again looks as if it refused the user. No record is given up for that.
func TestServerThatHangsUpOnReconnect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at   method
		says string
	}{
		"credentials":  {startOK, `the credentials of "guest" are not accepted`},
		"virtual host": {openVhost, "the server hung up when it was asked for the virtual host"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t)
			bus := open(t, config(t, p.addr, nil, nil))
			sink, err := bus.Writer(connectors.Publication{Topic: "a.b"}, bustest.Env("sink.out"))
			if err != nil {
				t.Fatal(err)
			}
			if err := bustest.Give(t, sink, "1"); err != nil {
				t.Fatal(err)
			}
			p.cut(c.at)
			bustest.Eventually(t, "the sink says why there is no connection", func() bool {
				err := bustest.Give(t, sink, "2")
				if err == nil || plugins.IsPermanent(err) {
					t.Fatalf("the record is not to be written again: %v", err)
				}
				return strings.Contains(err.Error(), c.says)
			})
			p.cut(method{})
			if err := bustest.Persist(t, sink, bustest.Batch(bustest.Records("2")...)); err != nil {
				t.Errorf("when the server is there again, the sink says: %v", err)
			}
			if err := sink.(plugins.Closer).Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Before it has worked, a server that hangs up at the credentials has refused them: RabbitMQ does it without a word.
func TestServerThatHangsUpAtFirst(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.cut(startOK)
	bustest.Refused(t, open(t, config(t, p.addr, nil, nil)), bustest.Subscribe("a.b"), `the credentials of "guest" are not accepted: check username and password`)
	p.cut(openVhost) // which it refuses with a reason only
	bustest.Waits(t, open(t, config(t, p.addr, nil, nil)), bustest.Subscribe("a.b"))
}
