package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

const (
	// longestPause is how long a server's Retry-After is honoured at most.
	longestPause = time.Minute
	// shortPause is what a server gets that took other requests since it last
	// failed.
	shortPause = 100 * time.Millisecond
)

type httpSink struct {
	url     string
	method  string
	headers http.Header
	timeout time.Duration
	client  *http.Client
	env     plugins.Env
	token   plugins.Secret
	keyed   bool // requests carry the keys of their records
	body    requestBody

	waiting   []waitingBatch
	records   int // in those
	bytes     int
	notBefore time.Time // the server asked for a pause
	flowing   bool      // the last request was answered for good
}

// waitingBatch is a batch that is not answered for yet.
type waitingBatch struct {
	b      *plugins.Batch
	done   func(error)
	next   int               // index in Sel of the first row without an answer of the server
	failed plugins.RowErrors // what the server has refused of it
}

func (w *waitingBatch) through() bool { return w.next == len(w.b.Sel) }

var (
	_ plugins.Sink   = (*httpSink)(nil)
	_ plugins.Closer = (*httpSink)(nil)
)

// Write implements [plugins.Sink].
func (s *httpSink) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	s.waiting = append(s.waiting, waitingBatch{b: b, done: done})
	s.records += len(b.Sel)
	for _, i := range b.Sel {
		s.bytes += int(b.Values[i].Len)
	}
	if s.records >= s.body.maxRecords || s.bytes >= s.body.maxBytes {
		s.send(ctx)
	}
	return nil
}

// Flush implements [plugins.Sink].
func (s *httpSink) Flush(ctx context.Context) error {
	s.send(ctx)
	return nil
}

// Close implements [plugins.Closer].
func (s *httpSink) Close(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

// send sends all that waits, and answers for it. After a failure that another
// try may mend, what has no answer of the server is to come again.
func (s *httpSink) send(ctx context.Context) {
	failure := s.sendWaiting(ctx)
	waiting := s.waiting
	s.waiting, s.records, s.bytes = nil, 0, 0
	for k := range waiting {
		w := &waiting[k]
		switch {
		case w.next == 0 && !w.through():
			w.done(failure)
		case !w.through():
			w.done(&plugins.PartialError{Done: w.next, Failed: w.failed, Err: failure})
		case len(w.failed) > 0:
			w.done(w.failed)
		default:
			w.done(nil)
		}
	}
}

// sendWaiting sends the rows that wait, in order, up to the first failure.
func (s *httpSink) sendWaiting(ctx context.Context) error {
	s.body.begin()
	for k := range s.waiting {
		w := &s.waiting[k]
		for _, row := range w.b.Sel {
			if s.body.add(k, w.b, row) {
				continue
			}
			if err := s.postPatiently(ctx); err != nil {
				return err
			}
			s.body.begin()
			s.body.add(k, w.b, row)
		}
	}
	if len(s.body.rows) == 0 {
		return nil
	}
	return s.postPatiently(ctx)
}

// postPatiently sends the body. A failure after requests that went through is
// no reason for the engine's growing back-off: such a request has another try
// after a short pause.
func (s *httpSink) postPatiently(ctx context.Context) error {
	err := s.post(ctx)
	if err != nil && s.flowing && ctx.Err() == nil {
		if soon := s.env.Now().Add(shortPause); s.notBefore.Before(soon) {
			s.notBefore = soon
		}
		err = s.post(ctx)
	}
	s.flowing = err == nil
	return err
}

// post sends the body. Records that the server refuses are noted; an error is
// one that another try may mend.
func (s *httpSink) post(ctx context.Context) error {
	if s.keyed {
		if err := checkIdempotencyKey(s.key()); err != nil {
			s.answered("key", err)
			return nil
		}
	}
	if err := s.env.Wait(ctx, s.notBefore.Sub(s.env.Now())); err != nil {
		return err
	}
	err := s.request(ctx)
	if err != nil && !plugins.IsPermanent(err) {
		return err
	}
	s.answered("rejected", err)
	return nil
}

// answered notes what became of the records of the body: they are through, or
// failed for good.
func (s *httpSink) answered(code string, err error) {
	for _, r := range s.body.rows {
		w := &s.waiting[r.batch]
		w.next++
		if err != nil {
			w.failed = append(w.failed, plugins.Failure{Row: r.row, Code: code, Msg: err.Error()})
		}
	}
}

// key returns the key of the only record of the body.
func (s *httpSink) key() []byte {
	r := s.body.rows[0]
	return s.waiting[r.batch].b.Key(r.row)
}

func (s *httpSink) request(ctx context.Context) error {
	body, err := s.body.bytes()
	if err != nil {
		return plugins.Permanent(fmt.Errorf("compress: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.method, s.url, bytes.NewReader(body))
	if err != nil {
		return plugins.Permanent(fmt.Errorf("send to %s: %w", s.place(), err))
	}
	req.Header = s.headers
	if s.keyed {
		req.Header = s.headers.Clone()
		req.Header.Set(idempotencyKey, string(s.key()))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // it repeats the URL, with all that is secret in it
		}
		return fmt.Errorf("send to %s: %w", s.place(), err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // so much that the connection can be used again
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil // the records are taken, whatever became of the rest of the answer
	}
	if err != nil {
		said = nil
	}
	if token := s.token.Reveal(); token != "" { // some servers repeat what they were sent
		said = bytes.ReplaceAll(said, []byte(token), []byte(s.token.String()))
	}
	return s.judge(resp, said)
}

// judge tells apart what another try may mend.
func (s *httpSink) judge(resp *http.Response, said []byte) error {
	err := fmt.Errorf("send to %s: the server answered %s %q", s.place(), resp.Status, strings.ToValidUTF8(string(clip(said)), "?"))
	switch code := resp.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		s.notBefore = s.env.Now().Add(retryAfter(resp.Header.Get("Retry-After"), s.env.Now()))
		return err
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return plugins.Permanent(fmt.Errorf("%w: check token and headers", err))
	case code == http.StatusRequestEntityTooLarge:
		return plugins.Permanent(fmt.Errorf("%w: lower max_records or max_bytes", err))
	case code >= 300 && code < 400:
		return plugins.Permanent(fmt.Errorf("%w: redirects are not followed, set url to where it leads", err))
	default:
		return plugins.Permanent(err)
	}
}

// retryAfter returns how long a server wants to be left alone.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestPause)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, at.Sub(now)), longestPause)
	}
	return 0
}

// place is the URL as far as it may be shown: what follows the path, or names
// a user, may be secret.
func (s *httpSink) place() string {
	u, err := url.Parse(s.url)
	if err != nil {
		return "the URL"
	}
	return u.Scheme + "://" + u.Host + u.Path
}
