package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// quota holds the streams of an embedded server to max_file_store and max_memory_store. The
// server would hold to it what groups keep of themselves, too: when it is full, nobody could
// say any more how far he has read, and so nothing would ever become free where what was read
// is dropped. So it is the account that has the bound, and the bound is lifted for the moment
// in which such a text is stored. A table takes the place of the one before: it does not grow.
type quota struct {
	account      *server.Account
	file, memory int64

	mu     sync.Mutex
	lifted int // writes under way
}

const (
	noBound    = 1 << 60   // for the server itself
	spareBytes = 64 << 20  // below what the server takes where it sets its bound itself
	liftBytes  = 256 << 10 // beyond the text that is to be stored: others may come first
)

// newQuota sets the bounds of a server that runs.
func newQuota(s *server.Server, o options) (*quota, error) {
	q := &quota{account: s.GlobalAccount(), file: o.maxFile, memory: o.maxMemory}
	own := q.file == 0
	if own {
		most := s.JetStreamConfig().MaxStore
		q.file = most - min(spareBytes, most/16)
	}
	if err := q.set(q.file, q.memory); err != nil && !own { // there, streams that reserve their bytes leave no room
		return nil, fmt.Errorf("bound the store: %w", err)
	}
	return q, nil
}

func (q *quota) set(file, memory int64) error {
	return q.account.UpdateJetStreamLimits(map[string]server.JetStreamAccountLimits{"": {
		MaxStore: file, MaxMemory: memory, MaxStreams: -1, MaxConsumers: -1, MaxAckPending: -1, MemoryMaxStreamBytes: -1, StoreMaxStreamBytes: -1,
	}})
}

// lift calls f, which stores so many bytes, while there is room for them.
func (q *quota) lift(bytes int, f func() error) error {
	q.mu.Lock()
	q.lifted++
	used, more := q.account.JetStreamUsage(), int64(bytes+liftBytes)
	err := q.set(max(q.file, int64(used.Store)+more), max(q.memory, int64(used.Memory)+more))
	q.mu.Unlock()
	if err == nil {
		err = f()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lifted--; q.lifted == 0 {
		err = errors.Join(err, q.set(q.file, q.memory))
	}
	return err
}

// store is request for what groups keep of themselves: bytes of it.
func (s *session) store(ctx context.Context, bytes int, f func(context.Context) error) error {
	err := s.request(ctx, f)
	if !isFull(err) {
		return err
	}
	s.conn.mu.Lock()
	e := s.conn.embedded
	s.conn.mu.Unlock()
	if e == nil {
		return err
	}
	return e.quota.lift(bytes, func() error { return s.request(ctx, f) })
}

// isFull reports that a server, or an account, has no room for more.
func isFull(err error) bool {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return isFullCode(int(api.ErrorCode))
	}
	said, ok := errors.AsType[*saidError](err)
	return ok && isFullCode(said.code)
}

func isFullCode(code int) bool {
	switch server.ErrorIdentifier(code) {
	case server.JSAccountResourcesExceededErr, server.JSInsufficientResourcesErr, server.JSStorageResourcesExceededErr, server.JSMemoryResourcesExceededErr:
		return true
	}
	return false
}

// roomFor says how to make room.
func (o options) roomFor() string {
	if len(o.servers) > 0 {
		return ": the server, or the account there, has as many bytes as it may: raise that, or let streams drop what is old (max_age or max_bytes); until then it is tried again"
	}
	return ": max_file_store (for streams in memory, max_memory_store) of the connector is used up: raise it, or let streams drop what is old (max_age or max_bytes of the block stream); until then it is tried again"
}
