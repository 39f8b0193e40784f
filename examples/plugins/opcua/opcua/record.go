package opcua

import (
	"context"
	"errors"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/onstream/onstream/plugins"
)

// shape returns the fields of a record.
func shape(nodes []node) plugins.Shape {
	text, at := plugins.Of(plugins.String), plugins.Of(plugins.Time)
	return plugins.Columns(
		plugins.Field{Name: "ts", Type: at},
		plugins.Field{Name: "server", Type: text},
		plugins.Field{Name: "node", Type: text},
		plugins.Field{Name: "value", Type: plugins.Of(common(nodes)).OrNull()},
		plugins.Field{Name: "quality", Type: text},
		plugins.Field{Name: "status", Type: text},
		plugins.Field{Name: "source_time", Type: at.OrNull()},
		plugins.Field{Name: "server_time", Type: at.OrNull()},
		plugins.Field{Name: "gap", Type: plugins.Of(plugins.Bool)})
}

// common returns the kind of the values of all nodes; Any where they differ.
func common(nodes []node) plugins.Kind {
	for _, n := range nodes {
		if n.kind != nodes[0].kind {
			return plugins.Any
		}
	}
	return nodes[0].kind
}

// noNumber is the status of a value that no field can hold, where the server finds it good.
const noNumber = "NoFiniteNumber"

// hand makes records of a notice. A value that is not of its node's type fails.
func (s *source) hand(ctx context.Context, n notice, out plugins.Outlet) error {
	items := make([]*ua.MonitoredItemNotification, 0, len(n.items))
	for _, item := range n.items {
		if item != nil && item.Value != nil && int64(item.ClientHandle) < int64(len(s.nodes)) {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		return nil
	}
	b := out.Batch()
	b.Part, b.Received = plugins.Partition{Name: s.endpoint}, s.env.Now().UnixNano()
	b.SelectAll(len(items))
	b.Times = b.SpareTimes()
	ts := b.NewColumn("ts", plugins.Time)
	server, name := b.NewColumn("server", plugins.String), b.NewColumn("node", plugins.String)
	value := b.NewColumn("value", common(s.nodes))
	quality, status := b.NewColumn("quality", plugins.String), b.NewColumn("status", plugins.String)
	sourceTime, serverTime := b.NewColumn("source_time", plugins.Time), b.NewColumn("server_time", plugins.Time)
	gap := b.NewColumn("gap", plugins.Bool)
	for k, item := range items {
		i, at, d := uint32(k), int(item.ClientHandle), item.Value
		node := s.nodes[at]
		if overflowed(d.Status) {
			s.overflow(at)
		}
		ts.Ints[i] = b.Received
		for _, t := range []struct {
			col *plugins.Column
			has bool
			at  time.Time
		}{{serverTime, d.Has(ua.DataValueServerTimestamp), d.ServerTimestamp}, {sourceTime, d.Has(ua.DataValueSourceTimestamp), d.SourceTimestamp}} {
			if !t.has || !holds(t.at) {
				t.col.SetNull(i)
				continue
			}
			t.col.Ints[i] = t.at.UnixNano()
			ts.Ints[i] = t.at.UnixNano()
		}
		b.Times = append(b.Times, ts.Ints[i])
		server.AppendString(i, s.server)
		name.AppendString(i, node.name)
		word, why := nameOf(d.Status), qualityOf(d.Status)
		v, err := node.value(d)
		switch {
		case err == nil:
			value.SetValue(i, v)
		case errors.Is(err, errNoNumber):
			value.SetNull(i)
			word, why = noNumber, bad
		default:
			value.SetNull(i)
			b.Fail(i, plugins.Failure{Code: "type", Msg: "node " + node.name + ": " + err.Error()})
		}
		quality.AppendString(i, why)
		status.AppendString(i, word)
		gap.Bools[i] = s.gap[at]
	}
	if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
		return err
	}
	for _, item := range items {
		s.gap[item.ClientHandle] = false
	}
	return nil
}

// holds reports whether a field can hold a time.
func holds(t time.Time) bool { return t.Year() > 1678 && t.Year() < 2262 }
