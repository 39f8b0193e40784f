package nats

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// partOf returns what the engine knows a partition by.
func (r *reader) partOf(t target) plugins.Partition {
	name := r.subject
	if isPattern(r.subject) {
		name = t.stream.Config.Name
	}
	return plugins.Partition{Name: name, ID: int32(t.number)}
}

// open makes a partition that begins at a position, nil for none.
func (r *reader) open(a arrival, t target, from plugins.Position) (*partition, error) {
	name := t.stream.Config.Name
	p := &partition{
		reader: r, name: a.name, part: r.partOf(t), stream: name, number: t.number, of: t.of,
		topics: isPattern(r.subject), kick: make(chan struct{}, 1), holds: func() bool { return true }, assure: func(context.Context) error { return nil },
	}
	p.lag.Store(-1)
	p.puller = &puller{
		session: r.sessionOf(), stream: name, name: r.consumer(t), filters: filtersOf(r.subject, t.number, t.of), share: t.of,
		policy: r.ackPolicy(t), config: r.conn.options.consumer, twofold: t.stream.Config.Retention == jetstream.InterestPolicy && !r.sub.Browse, passing: r.sub.Browse, kick: p.kick,
	}
	var at place
	var scanned uint64
	if from == nil {
		b, err := r.beginning()
		if err != nil {
			return nil, err
		}
		p.begin = &b
	} else {
		var err error
		if at, err = decodePlace(from); err != nil {
			return nil, plugins.Permanent(fmt.Errorf("partition %d of %s: %w", t.number, name, err))
		}
		if known, err := decodePlace(a.At); err == nil && known.created == at.created && at.seq >= known.seq {
			scanned = a.Scanned
		}
	}
	p.progress = newProgress(at, scanned, a.At == nil || !slices.Equal(a.At, from), p.kick)
	if p.puller.policy != jetstream.AckNonePolicy {
		p.progress.acknowledge = p.puller.acknowledge
	}
	return p, nil
}

// consumer returns the name of a partition's consumer.
func (r *reader) consumer(t target) string {
	base := r.conn.options.consumer.durable
	if base == "" {
		base = consumerName(shorten(r.sub.Group))
	}
	sum := sha256.Sum256([]byte(r.sub.Group + "\x00" + r.subject))
	name := base + "-" + hex.EncodeToString(sum[:4])
	if t.of > 1 {
		name += "-" + strconv.Itoa(t.number)
	}
	if r.sub.Browse {
		name += "-" + rand.Text()
	}
	return name
}

// ackPolicy returns whether the server keeps track of what is not acknowledged.
func (r *reader) ackPolicy(t target) jetstream.AckPolicy {
	switch {
	case r.sub.Browse:
		return jetstream.AckNonePolicy
	case t.stream.Config.Retention != jetstream.LimitsPolicy:
		return jetstream.AckExplicitPolicy
	case r.conn.options.consumer.ackPolicy == "all":
		return jetstream.AckAllPolicy
	}
	return jetstream.AckNonePolicy
}

var errNowhere = errors.New("start = \"committed\", and the group stands nowhere yet: write start = \"earliest\" or \"latest\" for the first time")

// beginning returns where to begin what has no position.
func (r *reader) beginning() (beginning, error) {
	switch policy := r.conn.options.consumer.deliverPolicy; {
	case r.sub.Browse:
	case policy == "all":
		return beginning{policy: jetstream.DeliverAllPolicy}, nil
	case policy == "new":
		return beginning{policy: jetstream.DeliverNewPolicy}, nil
	case policy == "last":
		return beginning{policy: jetstream.DeliverLastPolicy}, nil
	case policy == "last_per_subject":
		return beginning{policy: jetstream.DeliverLastPerSubjectPolicy}, nil
	}
	switch r.sub.Start {
	case connectors.StartLatest:
		return beginning{policy: jetstream.DeliverNewPolicy}, nil
	case connectors.StartCommitted:
		return beginning{}, plugins.Permanent(fmt.Errorf("%s: %w", strings.TrimSpace(r.sub.Group), errNowhere))
	case connectors.StartTimestamp:
		return beginning{policy: jetstream.DeliverByStartTimePolicy, time: r.sub.Since}, nil
	}
	return beginning{policy: jetstream.DeliverAllPolicy}, nil
}
