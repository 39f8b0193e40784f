package redis

import (
	"context"
	"fmt"
	"math"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

// read returns the next entries, none where there are none for now. Known is how many came before
// them in the stream, -1 where that is not known.
//
// In one step it asks where the group stands, and has it go on. If somebody else has
// read in between, who does not know that the lease is over, then what was given to that one is
// among the pending entries, and is read from there before anything that comes later.
func (l *lane) read(ctx context.Context) (found []entry, known int64, err error) {
	r := l.reader
	if r.sub.Browse {
		return l.look(ctx)
	}
	l.reads.Add(1)
	from := ">"
	if l.pending {
		from = l.cursor.at.String()
	}
	count := l.count
	if r.sub.MaxRecords > 0 {
		count = min(count, r.sub.MaxRecords)
	}
	before, after := goredis.NewRawCmd(ctx, "XINFO", "GROUPS", l.stream), goredis.NewRawCmd(ctx, "XINFO", "GROUPS", l.stream)
	data := goredis.NewRawCmd(ctx, "XREADGROUP", "GROUP", r.sub.Group, consumer, "COUNT", count, "STREAMS", l.stream, from)
	if err := r.together(ctx, "read stream "+l.stream, before, data, after); err != nil {
		return nil, 0, err
	}
	stood, err := groupOf(before.Val(), r.sub.Group)
	if err != nil {
		return nil, 0, r.try("read stream "+l.stream, err)
	}
	stands, err := groupOf(after.Val(), r.sub.Group)
	if err != nil {
		return nil, 0, r.try("read stream "+l.stream, err)
	}
	if l.found, err = entries(data.Val(), l.found[:0]); err != nil {
		return nil, 0, r.try("read stream "+l.stream, err)
	}
	found = l.found
	switch {
	case l.pending && len(found) == 0:
		l.pending, l.settled = false, stood.last
		return nil, 0, nil
	case l.pending:
		for _, e := range found {
			if e.gone {
				return nil, 0, plugins.Permanent(fmt.Errorf("record %s of stream %s was deleted before it was finished; %s", e.id, l.stream, r.wayOut()))
			}
		}
		return found, -1, nil
	case stood.last != l.settled:
		l.pending = true // and all of found is there, too
		return nil, 0, nil
	case len(found) == 0:
		l.lag.Store(0)
		return nil, 0, l.await(ctx, l.settled)
	}
	l.settled = found[len(found)-1].id
	l.lag.Store(stands.lag)
	known = -1
	if n := uint64(len(found)); stands.read >= n {
		known = int64(min(stands.read-n, math.MaxInt64))
	}
	return found, known, nil
}

// await blocks until there is something behind an entry, or for a while.
func (l *lane) await(ctx context.Context, after id) error {
	r := l.reader
	x := goredis.NewRawCmd(ctx, "XREAD", "COUNT", 1, "BLOCK", max(1, r.options.block.Milliseconds()), "STREAMS", l.stream, after.String())
	return r.try("read stream "+l.stream, r.client.Process(ctx, x))
}

// look reads beside all groups.
func (l *lane) look(ctx context.Context) (found []entry, known int64, err error) {
	r := l.reader
	x := goredis.NewRawCmd(ctx, "XREAD", "COUNT", l.count, "STREAMS", l.stream, l.cursor.at.String())
	if err := r.try("read stream "+l.stream, r.client.Process(ctx, x)); err != nil {
		return nil, 0, err
	}
	if l.found, err = entries(x.Val(), l.found[:0]); err != nil {
		return nil, 0, r.try("read stream "+l.stream, err)
	}
	if len(l.found) == 0 {
		return nil, 0, l.await(ctx, l.cursor.at)
	}
	return l.found, -1, nil
}

// groupInfo is what Redis tells about a group.
type groupInfo struct {
	last    id
	pending uint64
	read    uint64 // how many entries of the stream it has read; 0 where that is not known
	lag     int64  // -1 where it is not known
}

// groupOf finds a group in the answer of XINFO GROUPS.
func groupOf(raw []byte, name string) (groupInfo, error) {
	r := reply{raw}
	n, err := r.array()
	if err != nil {
		return groupInfo{}, err
	}
	for range max(n, 0) {
		g, its := groupInfo{lag: -1}, ""
		err := r.fields(func(field string) error {
			switch field {
			case "name", "last-delivered-id":
				text, err := r.text()
				if err != nil {
					return err
				}
				if field == "name" {
					its = string(text)
					return nil
				}
				g.last, err = parseID(text)
				return err
			case "pending", "entries-read", "lag":
				n, ok, err := r.count()
				switch {
				case field == "pending":
					g.pending = n
				case field == "entries-read":
					g.read = n
				case ok:
					g.lag = int64(min(n, 1<<62))
				}
				return err
			}
			return r.skip()
		})
		if err != nil {
			return groupInfo{}, err
		}
		if its == name {
			return g, nil
		}
	}
	return groupInfo{}, serverError("NOGROUP No such consumer group " + strconv.Quote(name))
}

// wayOut says what can be done when records are missing.
func (r *reader) wayOut() string {
	return fmt.Sprintf("to go on without them, forget the positions (onstream state reset, where the pipeline keeps state, and XGROUP DESTROY for the group %q), or read in another group, and set start to where to begin", r.sub.Group)
}
