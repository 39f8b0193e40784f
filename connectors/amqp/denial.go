package amqp

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

// denials are the routing keys with which the server does not let the user publish, and until when that
// is taken for granted. One that is shared is never changed.
type denials map[string]denial

type denial struct {
	reason string
	until  time.Time
}

// denialTime is how long records fail at once after a refusal: it closes the channel, and what is on its
// way is written again. The permission may be granted meanwhile.
const denialTime = 30 * time.Second

// notThisTopic is what RabbitMQ closes a channel with when a routing key is not allowed.
var notThisTopic = regexp.MustCompile(`access to topic '(.*)' in exchange '`)

// learn returns the denials with that of an error, if it is one.
func (d denials) learn(err *amqp091.Error) denials {
	m := notThisTopic.FindStringSubmatch(err.Reason)
	if refusedAccess(err) == nil || m == nil {
		return d
	}
	d = maps.Clone(d)
	if d == nil || len(d) == maxKeys {
		d = denials{}
	}
	d[m[1]] = denial{err.Reason, time.Now().Add(denialTime)}
	return d
}

// of returns why nothing is to be published with a routing key, "" for no reason.
func (d denials) of(key string, now time.Time) string {
	if x, denied := d[key]; denied && now.Before(x.until) {
		return fmt.Sprintf("%s: allow it there (topic permissions), or write to another topic", x.reason)
	}
	return ""
}

// refusedAccess returns the server's error where it says that the user is not allowed something, nil otherwise.
func refusedAccess(err error) *amqp091.Error {
	if e, ok := errors.AsType[*amqp091.Error](err); ok && e.Server && e.Code == amqp091.AccessRefused {
		return e
	}
	return nil
}
