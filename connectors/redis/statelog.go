package redis

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

// stateBase is what the keys of the streams begin with in which members of a group leave what
// their stages keep.
const stateBase = "onstream:state:"

// stateLog is such a stream. The number of an entry is that of its offset.
type stateLog struct {
	conn   *connection
	stream string
}

var (
	_ plugins.StateLogs = (*connection)(nil)
	_ plugins.StateLog  = (*stateLog)(nil)
)

// stateField is the field of an entry.
const stateField = "state"

// StateLog implements [plugins.StateLogs].
func (c *connection) StateLog(_ context.Context, name string, p plugins.Partition) (plugins.StateLog, error) {
	return &stateLog{c, fmt.Sprintf("%s%s:%s:%d", stateBase, name, p.Name, p.ID)}, nil
}

// Append implements [plugins.StateLog].
func (l *stateLog) Append(ctx context.Context, entries ...[]byte) error {
	commands := make([]goredis.Cmder, len(entries))
	for i, e := range entries {
		if len(e) > plugins.MaxStateEntry {
			return fmt.Errorf("an entry of %d bytes is more than a log of state takes", len(e))
		}
		commands[i] = goredis.NewStringCmd(ctx, "XADD", l.stream, "*", stateField, e)
	}
	if len(commands) == 0 {
		return nil
	}
	return l.conn.durably(ctx, "write stream "+l.stream, commands...)
}

// Read implements [plugins.StateLog].
func (l *stateLog) Read(ctx context.Context, f func(number int64, entry []byte) error) error {
	doing := "read stream " + l.stream
	newest := goredis.NewRawCmd(ctx, "XREVRANGE", l.stream, "+", "-", "COUNT", 1)
	if err := l.conn.try(doing, l.conn.client.Process(ctx, newest)); err != nil {
		return err
	}
	found, err := (&reply{newest.Val()}).entries(nil)
	if err != nil || len(found) == 0 {
		return l.conn.try(doing, err)
	}
	end, from := found[0].id, id{}
	for {
		x := goredis.NewRawCmd(ctx, "XRANGE", l.stream, from.String(), end.String(), "COUNT", stateChunk)
		if err := l.conn.try(doing, l.conn.client.Process(ctx, x)); err != nil {
			return err
		}
		if found, err = (&reply{x.Val()}).entries(found[:0]); err != nil {
			return l.conn.try(doing, err)
		}
		for _, e := range found {
			r, _, err := e.record(stateField, nil)
			if err != nil {
				return l.conn.try(doing, err)
			}
			if err := f(r.Offset, r.Value); err != nil {
				return err
			}
			from = e.id.after()
		}
		if len(found) < stateChunk {
			return nil
		}
	}
}

// stateChunk is how many entries are read at a time.
const stateChunk = 16

// Trim implements [plugins.StateLog].
func (l *stateLog) Trim(ctx context.Context, below int64) error {
	at := id{uint64(max(below, 0)) >> seqBits, uint64(max(below, 0)) & (1<<seqBits - 1)}
	return l.conn.try("trim stream "+l.stream, l.conn.client.XTrimMinID(ctx, l.stream, at.String()).Err())
}

// Close implements [plugins.Closer].
func (l *stateLog) Close(context.Context) error { return nil }
