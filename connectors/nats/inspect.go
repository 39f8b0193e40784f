package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// inspected is what the server said about a consumer.
type inspected struct {
	consumer  string
	delivered jetstream.SequenceInfo
	pending   uint64
}

// inspect asks the server how streams and consumers are: how much waits, and whether
// something was taken away before it was read.
func (r *reader) inspect(ctx context.Context) error {
	streams, all := map[string]*jetstream.StreamInfo{}, r.reading()
	type skipped struct{ from, count uint64 }
	gaps := make([]skipped, len(all))
	for i, p := range all {
		gaps[i].from, gaps[i].count = p.gap.take()
	}
	for i, p := range all {
		info := streams[p.stream]
		if info == nil {
			var err error
			if info, err = r.sessionOf().info(ctx, p.stream); err != nil {
				for k, x := range gaps[i:] { // they are looked at when it answers
					if x.count > 0 {
						all[i+k].gap.skip(x.from, x.from+x.count)
					}
				}
				return nil // the reader finds out
			}
			streams[p.stream] = info
		}
		if err := p.closeGap(info, gaps[i].from, gaps[i].count); err != nil {
			return err
		}
		if err := p.inspect(ctx, info); err != nil {
			return err
		}
	}
	return nil
}

// inspect looks at one partition. The stream was asked before the consumer.
func (p *partition) inspect(ctx context.Context, stream *jetstream.StreamInfo) error {
	if n := partitionsOf(stream); n != p.of {
		return plugins.Permanent(fmt.Errorf("stream %s has %s now, and had %d when reading began: the records of a key have moved, so that their order is not known; %s", p.stream, plural(n, "partition"), p.of, p.reader.wayOut()))
	}
	info, err := p.puller.info(ctx)
	if err != nil || info == nil {
		return nil // the reader finds out
	}
	number := info.Delivered.Consumer
	p.lag.Store(int64(info.NumPending + p.progress.behind(number)))
	if info.NumPending == 0 && len(stream.Config.Subjects) > 0 {
		p.progress.idle(number, stream.State.LastSeq)
	}
	before := p.state
	p.state = inspected{info.Name + info.Created.String(), info.Delivered, info.NumPending}
	if before.consumer != p.state.consumer || !keepsAll(stream) {
		return nil
	}
	// So many waited, so many of them came, and so many wait now at most: the others are gone.
	came := number - before.delivered.Consumer
	gone := int64(before.pending) - int64(came) - int64(info.NumPending)
	if gone <= 0 {
		return nil
	}
	if stream.State.FirstSeq <= before.delivered.Stream+1 {
		// They may have been removed after the stream was asked.
		if stream, err = p.reader.sessionOf().info(ctx, p.stream); err != nil {
			p.state = before // it is found out when it answers
			return nil
		}
		if stream.State.FirstSeq <= before.delivered.Stream+1 {
			return nil // others than the first: somebody chose them
		}
	}
	return plugins.Permanent(fmt.Errorf("at least %d records of stream %s were removed (max_age, max_bytes or a purge) before they were read: the stream begins with record %d, and reading was at %d; %s", gone, p.stream, stream.State.FirstSeq, before.delivered.Stream, p.reader.wayOut()))
}

// isGone reports whether there is no such stream.
func isGone(err error) bool { return errors.Is(err, jetstream.ErrStreamNotFound) }
