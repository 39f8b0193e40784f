package connectors

import (
	"context"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/onstream/onstream/plugins"
)

// watermillSink writes with a Watermill publisher. It answers before it returns: a publisher
// is asked for one thing at a time, so that the order is kept.
type watermillSink struct {
	bus   *watermillBus
	fixed Topic // "" where records have topics of their own
	env   plugins.Env
}

var _ plugins.Sink = (*watermillSink)(nil)

// Write implements [plugins.Sink]. Records that follow each other to one topic are published
// together.
func (s *watermillSink) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	var failed plugins.RowErrors
	var messages []*message.Message
	var topic string
	finished, told := 0, 0 // of Sel, and failures of those
	for k, i := range b.Sel {
		next, err := s.topicOf(b, i)
		if err != nil {
			failed = append(failed, plugins.Failure{Row: i, Code: "write", Msg: err.Error()})
			continue
		}
		if next != topic && len(messages) > 0 {
			if err := s.bus.publish(topic, messages); err != nil {
				return partly(finished, failed[:told], err)
			}
			messages, finished, told = nil, k, len(failed)
		}
		topic = next
		messages = append(messages, outgoing(ctx, b, i))
	}
	if len(messages) > 0 {
		if err := s.bus.publish(topic, messages); err != nil {
			return partly(finished, failed[:told], err)
		}
	}
	if len(failed) > 0 {
		done(failed)
		return nil
	}
	done(nil)
	return nil
}

// partly is the error of a batch of which the first records are done with.
func partly(n int, failed plugins.RowErrors, err error) error {
	if n == 0 {
		return err
	}
	return &plugins.PartialError{Done: n, Failed: failed, Err: err}
}

func (s *watermillSink) topicOf(b *plugins.Batch, i uint32) (string, error) {
	if s.fixed != "" {
		return s.bus.render(s.fixed), nil
	}
	t, err := ParseTopic(string(b.Topic(i)))
	return s.bus.render(t), err
}

// outgoing makes a message of a record that is written. The UUID is that of the message
// which the record was read from, where it was.
func outgoing(ctx context.Context, b *plugins.Batch, i uint32) *message.Message {
	m := message.NewMessageWithContext(ctx, "", append([]byte{}, b.Value(i)...))
	for _, h := range b.HeadersOf(i) {
		name, value := string(h.Name.Of(b.Data)), string(h.Value.Of(b.Data))
		if name == HeaderUUID {
			m.UUID = value
			continue
		}
		m.Metadata[name] = value
	}
	if key := b.Key(i); len(key) > 0 {
		m.Metadata[MetadataKey] = string(key)
	}
	if m.UUID == "" {
		m.UUID = watermill.NewUUID()
	}
	return m
}

// Flush implements [plugins.Sink].
func (s *watermillSink) Flush(context.Context) error { return nil }
