package nats

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/plugins"
)

// session is a client of a server. But for one that is to be used once, it connects again by
// itself, until it is closed or the server does not want it any more.
type session struct {
	conn   *connection
	nc     *natsgo.Conn
	js     jetstream.JetStream
	api    string // what subjects of the JetStream API begin with
	memory bool   // the server keeps nothing on disk
	solo   bool   // nobody outside this process can reach the server
	once   bool   // it ends when its connection is lost; see link
	closed chan struct{}

	mu       sync.Mutex
	dead     error // why it will not connect any more
	watchers []watcher
	refused  []refusal
}

// watcher is told what becomes of a session, from a goroutine of its own client: it must
// not block.
type watcher interface {
	// cut says that the connection was lost, or is closed: what had no answer
	// will get none.
	cut(error)
	// restored says that there is a connection again.
	restored()
	// forbidden says that the server does not let us publish to a subject.
	forbidden(subject string, err error)
}

// refusal is something that the server has told us not to do.
type refusal struct {
	at  time.Time
	err error
}

func (s *session) watch(w watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, w)
}

func (s *session) unwatch(w watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = slices.DeleteFunc(s.watchers, func(x watcher) bool { return x == w })
}

// tell calls f for all watchers.
func (s *session) tell(f func(watcher)) {
	s.mu.Lock()
	all := slices.Clone(s.watchers)
	s.mu.Unlock()
	for _, w := range all {
		f(w)
	}
}

// err returns why the session is over, nil while it is not.
func (s *session) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// disconnected, reconnected, ended and failed are what the client calls.
func (s *session) disconnected(_ *natsgo.Conn, err error) {
	if err == nil {
		err = natsgo.ErrDisconnected
	}
	if !s.once {
		s.conn.lost(err)
	}
	s.tell(func(w watcher) { w.cut(err) })
}

func (s *session) reconnected(*natsgo.Conn) {
	s.conn.again()
	s.tell(func(w watcher) { w.restored() })
}

func (s *session) ended(nc *natsgo.Conn) {
	defer close(s.closed)
	err := nc.LastError()
	if err == nil {
		err = natsgo.ErrConnectionClosed
	}
	err = s.conn.explain(err)
	if !s.once {
		err = plugins.Permanent(err)
	}
	s.mu.Lock()
	s.dead = err
	s.mu.Unlock()
	s.tell(func(w watcher) { w.cut(err) })
}

// forbiddenPublish finds the subject in the server's words.
var forbiddenPublish = regexp.MustCompile(`(?i)permissions violation for publish to "([^"]*)"`)

func (s *session) failed(_ *natsgo.Conn, _ *natsgo.Subscription, err error) {
	if !errors.Is(err, natsgo.ErrPermissionViolation) {
		return // what else there is shows in what it does: a gap in a consumer's records
	}
	s.mu.Lock()
	s.refused = append(s.refused[max(0, len(s.refused)-15):], refusal{time.Now(), err})
	s.mu.Unlock()
	if found := forbiddenPublish.FindStringSubmatch(err.Error()); found != nil {
		s.tell(func(w watcher) { w.forbidden(found[1], err) })
	}
}

// requestTime bounds a request to the JetStream API.
const requestTime = 5 * time.Second

// inFlight is a request that ends with the connection it was sent over: it will get no answer.
type inFlight struct{ end context.CancelCauseFunc }

func (r *inFlight) cut(err error)           { r.end(errUnanswered{err}) }
func (r *inFlight) restored()               {}
func (r *inFlight) forbidden(string, error) {}

// errUnanswered says that the connection was lost before the answer came.
type errUnanswered struct{ error }

// Error says what was lost, and why.
func (e errUnanswered) Error() string {
	return "no answer before the connection was lost: " + e.error.Error()
}

// Unwrap returns why it was.
func (e errUnanswered) Unwrap() error { return e.error }

// request calls f with a time limit, and explains its error. It does not outlast the
// connection; what it asked for may have been done. A request that the server has
// forbidden gets no answer; the error is then [plugins.Permanent].
func (s *session) request(ctx context.Context, f func(context.Context) error) error {
	if err := s.err(); err != nil {
		return err
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	connected, end := context.WithCancelCause(limited)
	defer end(nil)
	r := &inFlight{end}
	s.watch(r)
	defer s.unwatch(r)
	err := f(connected)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.err() != nil:
		return s.err()
	}
	if cut, ok := errors.AsType[errUnanswered](context.Cause(connected)); ok && errors.Is(err, context.Canceled) {
		return s.conn.explain(cut)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refused {
		if r.at.After(began) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, natsgo.ErrTimeout)) {
			return plugins.Permanent(s.conn.explain(r.err))
		}
	}
	return s.conn.explain(err)
}

// stop closes the session, and waits until its client has ended.
func (s *session) stop() {
	s.nc.Close()
	<-s.closed
}

// jetstreamPrefix returns what subjects of the JetStream API of a domain begin with.
func jetstreamPrefix(domain string) string {
	if domain == "" {
		return "$JS.API."
	}
	return "$JS." + strings.TrimSuffix(domain, ".") + ".API."
}
