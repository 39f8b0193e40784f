package nats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// stateStream is what the names of streams begin with in which members of a group leave each other their
// state: one for each source, with a subject for each partition.
const stateStream = "onstream_state_"

// stateSubject is what the subjects of those streams begin with.
const stateSubject = "_ONSTREAM.state."

// stateLog is the log of one partition.
type stateLog struct {
	session *session
	stream  string
	subject string
}

var (
	_ plugins.StateLogs = (*connection)(nil)
	_ plugins.StateLog  = (*stateLog)(nil)
)

// StateLog implements [plugins.StateLogs].
func (c *connection) StateLog(ctx context.Context, name string, p plugins.Partition) (plugins.StateLog, error) {
	s, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	source, part := digest(name), digest(p.Name)
	l := &stateLog{session: s, stream: stateStream + consumerName(shorten(name)) + "-" + source}
	l.subject = stateSubject + source + "." + part + "." + strconv.Itoa(int(p.ID))
	config := jetstream.StreamConfig{
		Name: l.stream, Subjects: []string{stateSubject + source + ".>"}, Description: "state of " + name + ", for who takes its partitions over",
		Storage: jetstream.FileStorage, Replicas: c.options.stream.replicas,
	}
	if s.memory {
		config.Storage = jetstream.MemoryStorage
	}
	if _, err = s.info(ctx, l.stream); !isGone(err) {
		return l, err
	}
	err = s.store(ctx, 0, func(ctx context.Context) error {
		_, err := s.js.CreateStream(ctx, config)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil // somebody else was first
		}
		return err
	})
	if err != nil {
		return nil, s.judge(fmt.Errorf("make stream %s, in which the state of %s is handed over: %w", l.stream, name, err))
	}
	return l, nil
}

// digest returns a short text that stands for a name.
func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

// Append implements [plugins.StateLog]. The server confirms each entry before the next is sent: so what is in
// the log after an error is the first of them.
func (l *stateLog) Append(ctx context.Context, entries ...[]byte) error {
	for _, e := range entries {
		if len(e) > plugins.MaxStateEntry {
			return fmt.Errorf("an entry of %d bytes is more than a log of state takes", len(e))
		}
		err := l.session.store(ctx, len(e), func(ctx context.Context) error {
			_, err := l.session.js.Publish(ctx, l.subject, e)
			return err
		})
		switch {
		case errors.Is(err, natsgo.ErrMaxPayload):
			return plugins.Permanent(fmt.Errorf("state of %d bytes cannot be handed over: raise max_payload of the server to 1 MiB: %w", len(e), err))
		case err != nil:
			return fmt.Errorf("hand over state: %w", err)
		}
	}
	return nil
}

// Read implements [plugins.StateLog].
func (l *stateLog) Read(ctx context.Context, f func(number int64, entry []byte) error) error {
	p := &puller{
		session: l.session, stream: l.stream, name: "read-" + digest(l.subject) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36),
		filters: []string{l.subject}, policy: jetstream.AckNonePolicy, share: 1, passing: true, kick: make(chan struct{}, 1),
	}
	defer func() {
		p.close()
		p.forget(context.WithoutCancel(ctx))
	}()
	last, err := l.last(ctx)
	for next := uint64(1); err == nil && next <= last; {
		if _, err = p.open(ctx, beginning{policy: jetstream.DeliverByStartSequencePolicy, seq: next}); err != nil {
			return err
		}
		if next, err = l.pass(ctx, p, next, last, f); !errors.Is(err, errAgain) {
			return err
		}
		now, again := l.last(ctx) // what is left of them, if somebody has trimmed the log meanwhile
		last, err = min(last, now), again
	}
	return err
}

// pass gives f what a puller brings, up to the last entry, and returns the number of the next one.
func (l *stateLog) pass(ctx context.Context, p *puller, next, last uint64, f func(int64, []byte) error) (uint64, error) {
	for next <= last {
		m, s, err := p.first(ctx)
		if err != nil {
			return next, err
		}
		if m == nil {
			continue
		}
		if s.seq > last {
			return s.seq, nil
		}
		next = s.seq + 1
		if err := f(int64(s.seq), m.Data); err != nil {
			return next, err
		}
		if s.pending == 0 {
			return last + 1, nil
		}
	}
	return next, nil
}

// last returns the number of the newest entry, 0 for none.
func (l *stateLog) last(ctx context.Context) (seq uint64, err error) {
	err = l.session.request(ctx, func(ctx context.Context) error {
		stream, err := l.session.js.Stream(ctx, l.stream)
		if err != nil {
			return err
		}
		m, err := stream.GetLastMsgForSubject(ctx, l.subject)
		if err == nil {
			seq = m.Sequence
		}
		return err
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	return seq, err
}

// Trim implements [plugins.StateLog].
func (l *stateLog) Trim(ctx context.Context, below int64) error {
	if below <= 1 {
		return nil
	}
	err := l.session.request(ctx, func(ctx context.Context) error {
		stream, err := l.session.js.Stream(ctx, l.stream)
		if err != nil {
			return err
		}
		return stream.Purge(ctx, jetstream.WithPurgeSubject(l.subject), jetstream.WithPurgeSequence(uint64(below)))
	})
	if err != nil {
		return fmt.Errorf("forget state that was handed over: %w", err)
	}
	return nil
}

// Close implements [plugins.Closer]. The log stays for who takes the partition over.
func (l *stateLog) Close(context.Context) error { return nil }
