package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// defaultDuplicates is how long servers remember a Nats-Msg-Id where nothing else is said.
const defaultDuplicates = 2 * time.Minute

// wayOutOf says how to go on where a stage's position is of no use.
func wayOutOf(stage string) string {
	return fmt.Sprintf("bring the stream back; or, to begin with what there is, forget the position (onstream state reset DIR %s) and give the source another group", stage)
}

// checkPlace reports why reading cannot go on at a place of a stream: because the stream is
// another one, or has lost what comes next. Scanned is a number up to which there is
// nothing for the reader, and wayOut what to do. reset says that the stream is one of memory,
// which is begun anew.
func (s *session) checkPlace(ctx context.Context, info *jetstream.StreamInfo, p place, scanned uint64, wayOut string) (reset bool, err error) {
	name := info.Config.Name
	state := info.State
	switch {
	case p.created != info.Created.UnixNano() && info.Config.Storage == jetstream.MemoryStorage:
		return true, nil
	case p.created != info.Created.UnixNano():
		return false, plugins.Permanent(fmt.Errorf("stream %s was made anew at %s, and the position is of one made at %s: what that had after record %d is missing; %s", name, info.Created.UTC().Format(time.RFC3339Nano), time.Unix(0, p.created).UTC().Format(time.RFC3339Nano), p.seq, wayOut))
	case p.partitions != partitionsOf(info):
		return false, plugins.Permanent(fmt.Errorf("stream %s has %s now, and had %d: the records of a key have moved, so that their order is not known; %s", name, plural(partitionsOf(info), "partition"), p.partitions, wayOut))
	case p.seq > state.LastSeq:
		return false, plugins.Permanent(fmt.Errorf("stream %s ends with record %d, and the position is after record %d, of %s: the stream has lost its end, and new records would be taken for those that were read; %s", name, state.LastSeq, p.seq, p.at().Format(time.RFC3339), wayOut))
	case keepsAll(info) && max(p.seq, scanned)+1 < state.FirstSeq:
		return false, plugins.Permanent(fmt.Errorf("stream %s begins with record %d, and the next to read is %d: what was between them was removed (max_age, max_bytes or a purge) before it was read; %s", name, state.FirstSeq, max(p.seq, scanned)+1, wayOut))
	}
	return false, s.checkRecord(ctx, info, p, wayOut)
}

// keepsAll reports whether a stream removes records from its beginning only, and only by its
// limits.
func keepsAll(info *jetstream.StreamInfo) bool {
	return info.Config.Retention == jetstream.LimitsPolicy && info.Config.MaxMsgsPerSubject <= 0
}

// checkRecord sees whether the record before a place is the one that was read: a stream that
// lost its end, and was written to since, has another one.
func (s *session) checkRecord(ctx context.Context, info *jetstream.StreamInfo, p place, wayOut string) error {
	if p.seq < info.State.FirstSeq || p.seq == 0 || p.time == 0 {
		return nil
	}
	var m *jetstream.RawStreamMsg
	err := s.request(ctx, func(ctx context.Context) error {
		stream, err := s.js.Stream(ctx, info.Config.Name)
		if err == nil {
			m, err = stream.GetMsg(ctx, p.seq)
		}
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound), plugins.IsPermanent(err): // it was acknowledged away, or we may not look
		return nil
	case err != nil:
		return err
	case m.Time.UnixNano() != p.time:
		return plugins.Permanent(fmt.Errorf("record %d of stream %s is of %s, and the one that was read is of %s: the stream has lost its end and was written to since, so that some records cannot be told from those that were read; %s", p.seq, info.Config.Name, m.Time.UTC().Format(time.RFC3339Nano), p.at().Format(time.RFC3339Nano), wayOut))
	}
	return nil
}
