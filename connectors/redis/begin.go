package redis

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// joinStream makes the group stand somewhere in a stream, unless it already does.
func (r *reader) joinStream(ctx context.Context, partition int) error {
	stream := r.stream(partition)
	doing := "read stream " + stream
	if r.from[r.parts[partition]] != nil || !r.options.create || r.sub.Start == connectors.StartCommitted {
		groups := goredis.NewRawCmd(ctx, "XINFO", "GROUPS", stream)
		err := r.client.Process(ctx, groups)
		if err == nil {
			_, err = groupOf(groups.Val(), r.sub.Group)
		}
		text := textOf(err)
		missing := strings.HasPrefix(text, "ERR no such key")
		switch {
		case missing && r.from[r.parts[partition]] != nil && r.wasSomewhere(partition):
			return plugins.Permanent(fmt.Errorf("stream %s at %s is gone, with what was not read of it; %s", stream, r.place, r.wayOut()))
		case missing && !r.options.create:
			return plugins.Permanent(fmt.Errorf("there is no stream %s at %s: make it, correct the topic, or write create = \"if_missing\"", stream, r.place))
		case r.sub.Start == connectors.StartCommitted && (missing || strings.HasPrefix(text, "NOGROUP")):
			return plugins.Permanent(fmt.Errorf("the group %s has read nothing of stream %s at %s yet, and start = \"committed\" asks to go on where it stands: write start = \"earliest\" or \"latest\", or name the group that is meant", r.sub.Group, stream, r.place))
		case err != nil && !missing && !strings.HasPrefix(text, "NOGROUP"):
			return r.try(doing, err)
		}
	}
	err := r.client.XGroupCreateMkStream(ctx, stream, r.sub.Group, r.startID()).Err()
	if strings.HasPrefix(textOf(err), "BUSYGROUP") {
		err = nil // it stands somewhere
	}
	return r.try(doing, err)
}

// wasSomewhere reports whether a checkpoint says that something of a partition was read.
func (r *reader) wasSomewhere(partition int) bool {
	p, err := decodePosition(r.from[r.parts[partition]])
	return err == nil && p.at != id{}
}

// startID returns after which entry a new group begins.
func (r *reader) startID() string {
	switch r.sub.Start {
	case connectors.StartLatest:
		return "$"
	case connectors.StartTimestamp:
		return r.sinceID().String()
	}
	return "0"
}

func (r *reader) sinceID() id {
	ms := (r.sub.Since.UnixNano() + int64(time.Millisecond) - 1) / int64(time.Millisecond)
	if ms <= 0 {
		return id{}
	}
	return id{uint64(ms - 1), math.MaxUint64}
}

// standing is where a group stands in a stream.
type standing struct {
	position position // all before is acknowledged
	last     id       // the last entry that was given to somebody
}

// standing asks where the group stands. What other programs of the group work on is waited for, until
// they are silent for too long.
func (r *reader) standing(ctx context.Context, partition int) (standing, error) {
	stream := r.stream(partition)
	doing := "read stream " + stream
	for told := false; ; {
		if err := r.claim(ctx, stream); err != nil {
			return standing{}, err
		}
		groups := goredis.NewRawCmd(ctx, "XINFO", "GROUPS", stream)
		pending := goredis.NewXPendingCmd(ctx, "XPENDING", stream, r.sub.Group)
		if err := r.together(ctx, doing, groups, pending); err != nil {
			return standing{}, err
		}
		g, err := groupOf(groups.Val(), r.sub.Group)
		if err != nil {
			return standing{}, r.try(doing, err)
		}
		s := standing{position{g.last, g.read}, g.last}
		p := pending.Val()
		if p == nil || p.Count == 0 {
			return s, nil
		}
		first, err := parseID([]byte(p.Lower))
		if err != nil {
			return s, plugins.Permanent(fmt.Errorf("%s: %w", doing, err))
		}
		s.position = position{at: first.before()}
		others := 0
		for name := range p.Consumers {
			if name != consumer {
				others++
			}
		}
		if others == 0 {
			return s, nil
		}
		if !told {
			r.env.Logger.Warn("another program of the group works on records of the stream: it is waited for until it has acknowledged them, or was silent for claim_idle", "stage", r.env.Stage, "stream", stream, "group", r.sub.Group)
			told = true
		}
		if err := pause(ctx, r.options.claimIdle/10); err != nil {
			return s, err
		}
	}
}

// claim takes over what other programs of the group were given and have not acknowledged for
// long.
func (r *reader) claim(ctx context.Context, stream string) error {
	for from := "0-0"; ; {
		_, next, err := r.client.XAutoClaimJustID(ctx, &goredis.XAutoClaimArgs{
			Stream: stream, Group: r.sub.Group, Consumer: consumer, MinIdle: r.options.claimIdle, Start: from, Count: 1000,
		}).Result()
		if strings.HasPrefix(textOf(err), "ERR unknown command") {
			return nil // before Redis 6.2
		}
		if err := r.try("claim records of stream "+stream, err); err != nil {
			return err
		}
		if next == "0-0" || next == "" {
			return nil
		}
		from = next
	}
}

// open goes to where the lane begins, once.
func (l *lane) open(ctx context.Context) error {
	if l.begin == (beginning{}) {
		return nil
	}
	at, stands := l.begin.at, l.begin.standing
	if err := l.reader.inspect(ctx, l.stream, at); err != nil {
		return err
	}
	if at.at != stands.position.at {
		if err := l.reader.goTo(ctx, l.stream, at); err != nil {
			return err
		}
		stands.last = at.at
	}
	l.cursor, l.pending, l.settled = at, at.at != stands.last, stands.last
	l.mu.Lock()
	l.done = at.at
	l.mu.Unlock()
	l.begin = beginning{}
	return nil
}

// goTo makes the group stand where a checkpoint says: what is before counts as read.
func (r *reader) goTo(ctx context.Context, stream string, at position) error {
	doing := "go to record " + at.at.String() + " of stream " + stream
	for {
		found, err := r.client.XPendingExt(ctx, &goredis.XPendingExtArgs{
			Stream: stream, Group: r.sub.Group, Start: "-", End: at.at.String(), Count: maxAcks, Consumer: consumer,
		}).Result()
		if err := r.try(doing, err); err != nil {
			return err
		}
		if len(found) == 0 {
			break
		}
		ids := make([]id, len(found))
		for i, x := range found {
			if ids[i], err = parseID([]byte(x.ID)); err != nil {
				return plugins.Permanent(fmt.Errorf("%s: %w", doing, err))
			}
		}
		if err := r.xack(ctx, stream, ids); err != nil {
			return err
		}
	}
	args := []any{"XGROUP", "SETID", stream, r.sub.Group, at.at.String()}
	if at.count > 0 {
		err := r.client.Do(ctx, append(args, "ENTRIESREAD", at.count)...).Err()
		if !isServers(err) {
			return r.try(doing, err)
		}
	} // Redis before 7 does not count
	return r.try(doing, r.client.Do(ctx, args...).Err())
}

// streamInfo is what Redis tells about a stream.
type streamInfo struct {
	length  uint64
	last    id
	added   uint64 // how many entries ever were; 0 where it does not tell
	missing bool
}

// info asks about a stream.
func (r *reader) info(ctx context.Context, stream string) (s streamInfo, err error) {
	x := goredis.NewRawCmd(ctx, "XINFO", "STREAM", stream)
	if err = r.client.Process(ctx, x); err == nil {
		raw := reply{x.Val()}
		err = raw.fields(func(field string) (err error) {
			switch field {
			case "length":
				s.length, _, err = raw.count()
			case "entries-added":
				s.added, _, err = raw.count()
			case "last-generated-id":
				var text []byte
				if text, err = raw.text(); err == nil {
					s.last, err = parseID(text)
				}
			default:
				err = raw.skip()
			}
			return err
		})
	}
	if strings.HasPrefix(textOf(err), "ERR no such key") {
		return streamInfo{missing: true}, nil
	}
	return s, r.try("look at stream "+stream, err)
}

// inspect sees whether everything behind a position is there.
func (r *reader) inspect(ctx context.Context, stream string, at position) error {
	s, err := r.info(ctx, stream)
	if err != nil || at.at == (id{}) {
		return err
	}
	switch {
	case s.missing:
		return plugins.Permanent(fmt.Errorf("stream %s at %s is gone, with what was not read of it; %s", stream, r.place, r.wayOut()))
	case s.last.less(at.at):
		return plugins.Permanent(fmt.Errorf("stream %s ends with record %s, and the position is after record %s: the stream was made anew or has lost its end; %s", stream, s.last, at.at, r.wayOut()))
	case at.count > 0 && s.added > 0 && s.added-min(s.added, s.length) > at.count:
		return plugins.Permanent(fmt.Errorf("at least %d records of stream %s were removed (maxlen, XTRIM or XDEL) before they were read; %s", s.added-s.length-at.count, stream, r.wayOut()))
	}
	return nil
}

// browse reads what is there and what comes, beside all groups.
func (r *reader) browse(ctx context.Context, fail context.CancelCauseFunc, out plugins.Outlet) error {
	for p := range r.parts {
		l := newLane(r, nil, lease{partition: p})
		switch r.sub.Start {
		case connectors.StartLatest:
			s, err := r.info(ctx, l.stream)
			if err != nil {
				fail(err)
			}
			l.cursor.at = s.last
		case connectors.StartTimestamp:
			l.cursor.at = r.sinceID()
		}
		r.mu.Lock()
		r.lanes[p] = l
		r.mu.Unlock()
		l.start(ctx, fail, out)
	}
	<-ctx.Done()
	for p, l := range r.lanes {
		l.stop()
		r.forget(p)
	}
	return context.Cause(ctx)
}
