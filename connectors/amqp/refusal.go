package amqp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// judge says in words of the pipeline what failed, and marks as
// [plugins.Permanent] what trying again cannot mend.
func (c *connection) judge(doing string, err error) error {
	if err == nil || plugins.IsPermanent(err) {
		return err
	}
	fail := func(remedy string) error {
		return plugins.Permanent(fmt.Errorf("%s at %s: %w: %s", doing, c.place, err, remedy))
	}
	if connectors.TLSRefused(err) {
		return fail("the server's certificate is not trusted, or it speaks no TLS there: set tls.ca_file to the authority that signed it and tls.server_name to the name in it, or write amqp:// in url")
	}
	e, ok := errors.AsType[*amqp091.Error](err)
	if !ok {
		return fmt.Errorf("%s at %s: %w", doing, c.place, err)
	}
	err = refusal{e}
	switch {
	case e == amqp091.ErrSASL:
		return fail("the server does not let in users with passwords: use another port of it")
	case e == amqp091.ErrVhost: // what the driver takes a lost connection for; who refuses the virtual host says so
		return fmt.Errorf("%s at %s: the connection is lost: the server hung up when it was asked for the virtual host, because it stops, or because the user has no access to it", doing, c.place)
	case e == amqp091.ErrCredentials || e.Code == amqp091.AccessRefused && strings.Contains(e.Reason, "Login"):
		return fail(fmt.Sprintf("the credentials of %q are not accepted: check username and password", c.options.username))
	case e.Code == amqp091.AccessRefused:
		return fail("the user is not allowed to do that: grant it (read on the queue, write on the exchange, and with create = \"if_missing\" configure on both), or write create = \"never\"")
	case e.Code == amqp091.NotAllowed:
		return fail("the user has no access to the virtual host, or too many connections: correct it in url or vhost, or grant it")
	case e.Code == amqp091.PreconditionFailed && strings.Contains(e.Reason, "inequivalent arg"):
		return fail("it is there, and was made in another way: write exchange and queue as they are, choose another name, or write create = \"never\"")
	case e.Code == amqp091.PreconditionFailed && strings.Contains(e.Reason, "invalid arg"):
		return fail("the server does not take the queue's arguments: correct them")
	case e.Code == amqp091.CommandInvalid && strings.Contains(e.Reason, "exchange type"):
		return fail("the server has no exchanges of that type: correct exchange.type, or enable the plug-in that has it")
	case e.Code == amqp091.ResourceLocked:
		return fail("somebody else has the queue for itself: choose another one with queue.name")
	case e.Code == amqp091.NotFound && strings.Contains(e.Reason, "down or inaccessible"):
		return fmt.Errorf("%s at %s: %w", doing, c.place, err) // it comes back with its node
	case e.Code == amqp091.NotFound:
		return fail("make it, correct its name, or write create = \"if_missing\"")
	case e.Code == amqp091.PreconditionFailed && strings.Contains(e.Reason, "delivery acknowledgement"):
		return fmt.Errorf("%s at %s: %w: records wait for longer than the server's consumer_timeout, and come again: raise it, or lower prefetch_count", doing, c.place, err)
	}
	return fmt.Errorf("%s at %s: %w", doing, c.place, err)
}

// passing makes an error a temporary one, where it has worked before: a server that is killed while somebody connects
// looks as if it refused the user. Then records wait rather than that they are given up.
func passing(err error) error {
	if plugins.IsPermanent(err) {
		return errors.New(err.Error())
	}
	return err
}

// refusal is an error of the driver's in the words of the server.
type refusal struct{ inner *amqp091.Error }

// Error returns what the server said.
func (r refusal) Error() string {
	if !r.inner.Server {
		return "the connection is lost: " + r.inner.Reason
	}
	return r.inner.Reason
}

// Unwrap returns the driver's error.
func (r refusal) Unwrap() error { return r.inner }

// unreadable are the driver's errors when what answers does not speak AMQP. It passes them
// on as text.
var unreadable = [...]*amqp091.Error{amqp091.ErrFrame, amqp091.ErrFrameTooLarge, amqp091.ErrSyntax, amqp091.ErrUnexpectedFrame}

// judgeDial is judge for an attempt to connect. A server that does not speak AMQP, which is
// most often one that expects TLS, cannot be mended by trying again either.
func (c *connection) judgeDial(err error) error {
	if e, ok := errors.AsType[*amqp091.Error](err); ok && !e.Server && slices.ContainsFunc(unreadable[:], func(x *amqp091.Error) bool { return strings.Contains(e.Reason, x.Reason) }) {
		return plugins.Permanent(fmt.Errorf("connect to %s: what answers does not speak AMQP 0-9-1: use another port, or write amqps:// in url if it expects TLS", c.place))
	}
	return c.judge("connect", err)
}
