package mqtt

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/onstream/onstream/plugins"
)

// deviceWriter is a sink that publishes through the embedded broker.
type deviceWriter struct {
	*broker
	qos        byte
	retain     bool
	env        plugins.Env
	fixed      string
	names      names
	properties []byte
	boxes      []*box
	published  int   // messages since it was seen that devices have room
	bytes      int64 // of those
}

var (
	_ plugins.Sink   = (*deviceWriter)(nil)
	_ plugins.Opener = (*deviceWriter)(nil)
)

// Open implements [plugins.Opener].
func (w *deviceWriter) Open(ctx context.Context) error { return w.start(ctx) }

// batchAnswer answers a batch when all that read its records have them safe.
type batchAnswer struct {
	left   atomic.Int64
	failed plugins.RowErrors
	err    atomic.Pointer[error]
	done   func(error)
}

func (a *batchAnswer) one(err error) {
	if err != nil {
		a.err.Store(&err)
	}
	if a.left.Add(-1) > 0 {
		return
	}
	switch e := a.err.Load(); {
	case e != nil:
		a.done(*e)
	case len(a.failed) > 0:
		a.done(a.failed)
	default:
		a.done(nil)
	}
}

// Write implements [plugins.Sink].
func (w *deviceWriter) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	if err := w.start(ctx); err != nil {
		return err
	}
	a := &batchAnswer{done: done}
	a.left.Store(1)
	for _, row := range b.Sel {
		err := ctx.Err()
		w.published, w.bytes = w.published+1, w.bytes+perMessage+int64(len(b.Value(row)))
		if p := w.hook.queues.pace(); err == nil && w.qos > 0 && (w.published >= p.every || w.bytes >= p.everyBytes) {
			err = w.hook.room(ctx)
			w.published, w.bytes = 0, 0
		}
		if err != nil {
			a.err.Store(&err)
			break
		}
		if why := w.publish(ctx, b, row, a); why != "" {
			a.failed = append(a.failed, plugins.Failure{Row: row, Code: "write", Msg: why})
		}
	}
	a.one(nil)
	return nil
}

// Flush implements [plugins.Sink].
func (w *deviceWriter) Flush(context.Context) error { return nil }

// publish gives a record to the broker, or says why it cannot be published.
func (w *deviceWriter) publish(ctx context.Context, b *plugins.Batch, row uint32, a *batchAnswer) string {
	name := w.fixed
	if name == "" {
		var err error
		if name, err = w.names.of(b.Topic(row)); err != nil {
			return err.Error()
		}
	}
	var refused string
	if w.properties, refused = appendProperties(w.properties[:0], b, row); refused != "" {
		return refused
	}
	m := publication{topic: []byte(name), payload: b.Value(row), properties: w.properties, qos: w.qos, id: 1}
	if size := publishSize(true, m) + 5; int64(size) > w.config.Int("max_packet_size") {
		return fmt.Sprintf("the record has %d bytes with its topic and headers, and max_packet_size of the connector is %d: raise it", size, w.config.Int("max_packet_size"))
	}
	if w.retain && !w.hook.retained.reserve(packets.Packet{TopicName: name, Payload: m.payload}) {
		return fmt.Sprintf("topic %q: the broker has no room to retain the record: raise max_retained_bytes of the block embedded, or remove some of what is retained", name)
	}
	w.boxes = w.hub.matching(w.boxes[:0], name)
	if len(w.boxes) > 0 {
		a.left.Add(1)
		spread(ctx, w.boxes, m, a.one)
	}
	if atomic.LoadInt64(&w.server.Info.Subscriptions) > 0 || w.retain {
		if err := w.server.InjectPacket(w.inside, packetOf(m, w.retain)); err != nil {
			return fmt.Sprintf("publish to topic %q: %v", name, err)
		}
	}
	return ""
}

// packetOf makes the driver's packet. The broker keeps it, so everything is copied.
func packetOf(m publication, retain bool) packets.Packet {
	pk := packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: m.qos, Retain: retain},
		TopicName:   string(m.topic), Payload: append([]byte(nil), m.payload...),
	}
	if m.qos > 0 {
		pk.PacketID = m.id
	}
	_ = eachProperty(m.properties, func(id byte, value, second []byte) { // they were made here
		switch id {
		case propertyContentType:
			pk.Properties.ContentType = string(value)
		case propertyResponse:
			pk.Properties.ResponseTopic = string(value)
		case propertyCorrelation:
			pk.Properties.CorrelationData = append([]byte(nil), value...)
		case propertyUser:
			pk.Properties.User = append(pk.Properties.User, packets.UserProperty{Key: string(value), Val: string(second)})
		}
	})
	return pk
}
