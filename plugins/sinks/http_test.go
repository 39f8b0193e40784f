package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sinks"
)

// server is a fake of what takes records.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	bodies  []string
	headers []http.Header
	// answer is asked with the number of the request; 0 is 200.
	answer func(n int) (status int, header http.Header, body string)
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(b))
	s.headers = append(s.headers, r.Header)
	if s.answer == nil {
		return
	}
	status, header, text := s.answer(len(s.bodies) - 1)
	for k, v := range header {
		w.Header()[k] = v
	}
	if status != 0 {
		w.WriteHeader(status)
	}
	fmt.Fprint(w, text)
}

func (s *server) got() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.bodies, "|")
}

func status(codes ...int) func(int) (int, http.Header, string) {
	return func(n int) (int, http.Header, string) { return codes[min(n, len(codes)-1)], nil, "because" }
}

func TestHTTPBodies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kv   []any
		want string
		typ  string
	}{
		"stream":   {nil, "{1}\n{2}\n{3}\n", "application/x-ndjson"},
		"array":    {[]any{"body", "array"}, "[{1},{2},{3}]", "application/json"},
		"single":   {[]any{"body", "single"}, "{1}|{2}|{3}", "application/json"},
		"cut":      {[]any{"max_records", int64(2)}, "{1}\n{2}\n|{3}\n", "application/x-ndjson"},
		"cut size": {[]any{"max_bytes", int64(10), "body", "array"}, "[{1},{2}]|[{3}]", "application/json"},
		"gzip":     {[]any{"compression", "gzip"}, "{1}\n{2}\n{3}\n", "application/x-ndjson"},
		"headers":  {[]any{"headers", map[string]string{"Content-Type": "text/x", "X-Site": "oslo"}, "method", "PUT"}, "{1}\n{2}\n{3}\n", "text/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment()
			srv := newServer(t)
			s := start(t, "http", env, append([]any{"url", srv.URL, "token", plugins.NewSecret("s3cret")}, c.kv...)...)
			must(t, s, batch(env.Pool, "{1}", "{2}", "{3}"))
			if got := srv.got(); got != c.want {
				t.Errorf("bodies %q, want %q", got, c.want)
			}
			h := srv.headers[0]
			if h.Get("Content-Type") != c.typ || h.Get("Authorization") != "Bearer s3cret" || name == "headers" && h.Get("X-Site") != "oslo" {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestHTTPHidesTheTokenThatAServerRepeats(t *testing.T) {
	t.Parallel()
	env := environment()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "not for "+r.Header.Get("Authorization"), http.StatusForbidden)
	}))
	t.Cleanup(srv.Close)
	s := start(t, "http", env, "url", srv.URL, "token", plugins.NewSecret("s3cret"), "body", "single")
	got := send(t, s, batch(env.Pool, "{1}"))
	text := fmt.Sprint(got)
	var rows plugins.RowErrors
	if errors.As(got, &rows) {
		text += fmt.Sprint([]plugins.Failure(rows))
	}
	if !strings.Contains(text, "not for Bearer (secret)") || strings.Contains(text, "s3cret") {
		t.Errorf("the answer was quoted as %s", text)
	}
}

func TestHTTPGathersBatches(t *testing.T) {
	t.Parallel()
	env := environment()
	srv := newServer(t)
	s := start(t, "http", env, "url", srv.URL, "max_records", int64(5))
	outcomes := make([]outcome, 6)
	for k := range outcomes {
		b := batch(env.Pool, fmt.Sprint(k))
		b.Preamble = []byte("n")
		if err := s.Write(t.Context(), b, outcomes[k].done); err != nil {
			t.Fatal(err)
		}
	}
	if ok, _ := outcomes[4].answered(t); !ok {
		t.Error("a full request was not sent")
	}
	if ok, _ := outcomes[5].answered(t); ok {
		t.Error("a batch was answered for before it was sent")
	}
	last := batch(env.Pool, "x")
	last.Preamble = []byte("m")
	must(t, s, last)
	if got := srv.got(); got != "n\n0\n1\n2\n3\n4\n|n\n5\n|m\nx\n" {
		t.Errorf("bodies %q", got)
	}
	if err := s.Flush(t.Context()); err != nil || len(srv.bodies) != 3 {
		t.Errorf("%v, %d requests", err, len(srv.bodies))
	}
}

func TestHTTPAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		permanent bool
		says      string
	}{
		{200, false, ""},
		{204, false, ""},
		{302, true, "redirects are not followed"},
		{400, true, "400 Bad Request"},
		{401, true, "check token"},
		{404, true, "404"},
		{408, false, "answered 408"},
		{413, true, "lower max_records"},
		{425, false, "answered 425"},
		{429, false, "answered 429"},
		{500, false, `"because"`},
		{503, false, "answered 503"},
	} {
		env := environment()
		srv := newServer(t)
		srv.answer = status(c.status)
		s := start(t, "http", env, "url", srv.URL+"/in?key=s3cret", "token", plugins.NewSecret("s3cret"))
		err := send(t, s, batch(env.Pool, "a", "b"))
		var rejected plugins.RowErrors
		switch {
		case c.says == "":
			if err != nil {
				t.Errorf("%d: %v", c.status, err)
			}
		case errors.As(err, &rejected) != c.permanent || c.permanent && (len(rejected) != 2 || rejected[0].Code != "rejected" || rejected[1].Row != 1):
			t.Errorf("%d: %v", c.status, err)
		case !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%d: error %q, want one that says %q", c.status, err, c.says)
		}
	}
}

func TestHTTPRejectsOnlyWhatTheServerRefuses(t *testing.T) {
	t.Parallel()
	env := environment()
	srv := newServer(t)
	srv.answer = status(200, 422, 200)
	s := start(t, "http", env, "url", srv.URL, "max_records", int64(2))
	var rejected plugins.RowErrors
	err := send(t, s, batch(env.Pool, "a", "b", "c", "d", "e"))
	if !errors.As(err, &rejected) || len(rejected) != 2 || rejected[0].Row != 2 || rejected[1].Row != 3 || srv.got() != "a\nb\n|c\nd\n|e\n" {
		t.Errorf("%v, bodies %q", err, srv.got())
	}
}

func TestHTTPSendsAgainWhatIsNotThrough(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Sleep = func(context.Context, time.Duration) error { return nil }
	srv := newServer(t)
	srv.answer = status(200, 422, 503, 503, 503, 200)
	s := start(t, "http", env, "url", srv.URL, "max_records", int64(2))
	var first, second, again outcome
	a, b := batch(env.Pool, "a"), batch(env.Pool, "b", "c", "d", "e")
	if err := errors.Join(s.Write(t.Context(), a, first.done), s.Write(t.Context(), b, second.done)); err != nil {
		t.Fatal(err)
	}
	if ok, err := first.answered(t); !ok || err != nil {
		t.Errorf("the first batch is through: %v", err)
	}
	var rejected plugins.RowErrors
	_, err := second.answered(t)
	rejected = strike(b, err)
	if len(rejected) != 2 || rejected[0].Row != 1 || rejected[1].Row != 2 || len(b.Sel) != 1 || plugins.IsPermanent(err) {
		t.Errorf("the second batch has a record left: %v, refused %v", err, rejected)
	}
	if err := send(t, s, b); err == nil || strike(b, err) != nil || len(b.Sel) != 1 {
		t.Errorf("the second batch is not through: %v", err)
	}
	if err := s.Write(t.Context(), b, again.done); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := again.answered(t); err != nil {
		t.Errorf("error %v", err)
	}
	if got := srv.got(); got != "a\nb\n|c\nd\n|e\n|e\n|e\n|e\n" {
		t.Errorf("bodies %q", got)
	}
}

// What a batch that was given up left in the sink's memory does not touch the
// next one, which may have its place.
func TestHTTPForgetsABatchThatWasGivenUp(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Sleep = func(context.Context, time.Duration) error { return nil }
	srv := newServer(t)
	srv.answer = status(200, 503, 503, 200)
	s := start(t, "http", env, "url", srv.URL, "body", "single")
	b := batch(env.Pool, "a", "b")
	if err := send(t, s, b); err == nil {
		t.Error("no error")
	}
	b.Data[0], b.Data[2] = 'c', 'd'
	must(t, s, b)
	if got := srv.got(); got != "a|b|b|c|d" {
		t.Errorf("bodies %q", got)
	}
}

func TestHTTPSendsKeys(t *testing.T) {
	t.Parallel()
	env := environment()
	srv := newServer(t)
	s := start(t, "http", env, "url", srv.URL, "body", "single", "idempotent", true, "key", key{}, "headers", map[string]string{"X-Site": "oslo"})
	long := strings.Repeat("k", 1<<10)
	keys := []string{"1", "", "a b", "a\nb", "a\rb", "a\x00b", "a\x7fb", "a\tb", " a", "a ", "größe", long, long + "k", "last"}
	b := batch(env.Pool, keys...) // any values
	b.Keys = b.SpareKeys()
	for _, k := range keys {
		b.Keys = append(b.Keys, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(k))})
		b.Data = append(b.Data, k...)
	}
	var failed plugins.RowErrors
	if err := send(t, s, b); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	bad := map[string]string{}
	for _, f := range failed {
		bad[keys[f.Row]] = f.Code + ": " + f.Msg
	}
	var sent []string
	for _, h := range srv.headers {
		sent = append(sent, h.Get("Idempotency-Key"))
		if h.Get("X-Site") != "oslo" || len(h.Values("Idempotency-Key")) != 1 {
			t.Errorf("headers %v", h)
		}
	}
	if want := []string{"1", "a b", "größe", long, "last"}; !slices.Equal(sent, want) || len(bad) != len(keys)-len(want) {
		t.Errorf("sent %q, failed %q", sent, bad)
	}
	for k, says := range map[string]string{"": "key: the key is empty", "a\nb": "line breaks", " a": "space", long + "k": "1025 bytes"} {
		if !strings.Contains(bad[k], says) {
			t.Errorf("%.10q failed with %q, want one that says %q", k, bad[k], says)
		}
	}
}

// A failure of the network before a record whose key is bad: the one waits,
// and the other is told when its turn has come.
func TestHTTPBadKeysKeepTheirPlace(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Sleep = func(context.Context, time.Duration) error { return nil }
	srv := newServer(t)
	srv.answer = status(200, 503, 503, 200)
	s := start(t, "http", env, "url", srv.URL, "body", "single", "idempotent", true, "key", key{})
	b := batch(env.Pool, "a", "b", "c", "d", "e")
	b.Keys = []plugins.Span{{Off: 0, Len: 1}, {}, {Off: 4, Len: 1}, {}, {Off: 8, Len: 1}}
	err := send(t, s, b)
	if failed := strike(b, err); len(failed) != 1 || failed[0].Row != 1 || len(b.Sel) != 3 {
		t.Fatalf("error %v, failed %v, left %v", err, failed, b.Sel)
	}
	var failed plugins.RowErrors
	if err := send(t, s, b); !errors.As(err, &failed) || len(failed) != 1 || failed[0].Row != 3 {
		t.Errorf("error %v", err)
	}
	if got := srv.got(); got != "a|c|c|c|e" {
		t.Errorf("bodies %q", got)
	}
}

func TestHTTPCapabilities(t *testing.T) {
	t.Parallel()
	k := kind(t, "http", sinks.Streams{})
	if c := k.Capabilities(configure(k.Schema)); c.Idempotent || c.Weakens == "" {
		t.Errorf("%+v", c)
	}
	if c := k.Capabilities(configure(k.Schema, "idempotent", true)); !c.Idempotent || c.Weakens != "" {
		t.Errorf("%+v", c)
	}
}

// key is the expression of a stage's key; what it is stands in the batches.
type key struct{ plugins.Expr }

// However a server flaps: each record is taken or refused once, in order, and
// there is an end.
func TestHTTPOfAFlappingServer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(n int) int{
		"one in fifty": func(n int) int {
			if n%50 == 49 {
				return 500
			}
			return 200
		},
		"flapping":  func(n int) int { return []int{200, 500, 429}[n%3] },
		"refusing":  func(n int) int { return []int{422, 500, 429, 200}[n%4] },
		"rarely up": func(n int) int { return []int{503, 503, 503, 503, 200}[n%5] },
	} {
		for _, kv := range [][]any{{"body", "single"}, {"max_records", int64(3)}, {"max_bytes", int64(20), "body", "array", "compression", "gzip"}} {
			t.Run(fmt.Sprint(name, kv), func(t *testing.T) {
				t.Parallel()
				env := environment()
				env.Sleep = func(context.Context, time.Duration) error { return nil }
				srv := newServer(t)
				codes := []int{}
				srv.answer = func(n int) (int, http.Header, string) {
					codes = append(codes, answer(n))
					return codes[n], nil, ""
				}
				s := start(t, "http", env, append([]any{"url", srv.URL}, kv...)...)
				var want strings.Builder
				refused := 0
				for k := range 6 {
					var values []string
					for i := range 40 {
						values = append(values, fmt.Sprintf("%03d", k*40+i))
						want.WriteString(values[i])
					}
					b := batch(env.Pool, values...)
					var err error
					var rejected plugins.RowErrors
					for tries := 0; ; tries++ {
						if err = send(t, s, b); err == nil || errors.As(err, &rejected) {
							break
						}
						refused += len(strike(b, err))
						if tries == 1000 {
							t.Fatal(err)
						}
					}
					refused += len(rejected)
				}
				var got strings.Builder
				refusedThere := 0
				for i, body := range srv.bodies {
					digits := strings.Map(func(r rune) rune {
						if r < '0' || r > '9' {
							return -1
						}
						return r
					}, body)
					if codes[i] < 429 { // taken or refused
						got.WriteString(digits)
					}
					if codes[i] == 422 {
						refusedThere += len(digits) / 3
					}
				}
				if got.String() != want.String() || refused != refusedThere {
					t.Errorf("taken %s, %d refused, of which %d were told", got.String(), refusedThere, refused)
				}
			})
		}
	}
}

func TestHTTPHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "100000": time.Minute, "": 0, "soon": 0} {
		c := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		env := environment()
		env.Now = c.Now
		var waited time.Duration
		env.Sleep = func(_ context.Context, d time.Duration) error {
			waited += d
			c.add(d)
			return nil
		}
		srv := newServer(t)
		srv.answer = func(n int) (int, http.Header, string) {
			if n > 0 {
				return 0, nil, ""
			}
			return 503, http.Header{"Retry-After": {header}}, ""
		}
		s := start(t, "http", env, "url", srv.URL)
		if err := send(t, s, batch(env.Pool, "a")); err == nil {
			t.Error("no error")
		}
		must(t, s, batch(env.Pool, "a"))
		if waited != want {
			t.Errorf("after %q waited %v, want %v", header, waited, want)
		}
	}
}

func TestHTTPServerIsDown(t *testing.T) {
	t.Parallel()
	env := environment()
	srv := newServer(t)
	s := start(t, "http", env, "url", srv.URL+"/in?key=s3cret")
	srv.Close()
	err := send(t, s, batch(env.Pool, "a"))
	if err == nil || plugins.IsPermanent(err) || !strings.Contains(err.Error(), "/in: ") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
}

func TestHTTPTimeout(t *testing.T) {
	t.Parallel()
	env := environment()
	free := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-free }))
	defer srv.Close()
	defer close(free)
	s := start(t, "http", env, "url", srv.URL, "timeout", 10*time.Millisecond)
	if err := send(t, s, batch(env.Pool, "a")); !errors.Is(err, context.DeadlineExceeded) || plugins.IsPermanent(err) {
		t.Errorf("error %v", err)
	}
}

func TestHTTPPauseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.answer = func(int) (int, http.Header, string) { return 429, http.Header{"Retry-After": {"60"}}, "" }
	env := environment()
	s := start(t, "http", env, "url", srv.URL)
	if err := send(t, s, batch(env.Pool, "a")); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var o outcome
	if err := s.Write(ctx, batch(env.Pool, "a"), o.done); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := o.answered(t); !errors.Is(err, context.Canceled) || len(srv.bodies) != 1 {
		t.Errorf("error %v after %d requests", err, len(srv.bodies))
	}
}

func TestHTTPConfiguration(t *testing.T) {
	t.Parallel()
	k := kind(t, "http", sinks.Streams{})
	header := func(name, value string) []any {
		return []any{"url", "http://a", "headers", map[string]string{name: value}}
	}
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{[]any{"url", "example.com"}, "url", "write it like"},
		{[]any{"url", "ftp://example.com"}, "url", "write it like"},
		{[]any{"url", "http://"}, "url", "write it like"},
		{header("a b", "c"), "headers", "no header"},
		{header("a", "b\nc"), "headers", "no header"},
		{header("content-encoding", "br"), "headers", "compression"},
		{append(header("authorization", "x"), "token", plugins.NewSecret("y")), "headers", "token"},
		{[]any{"url", "http://a", "idempotent", true, "key", key{}}, "idempotent", `body = "single"`},
		{[]any{"url", "http://a", "idempotent", true, "body", "single"}, "idempotent", "set key"},
		{append(header("idempotency-key", "x"), "body", "single", "key", key{}, "idempotent", true), "headers", "idempotent"},
	} {
		wantConfigError(t, k.Check(configure(k.Schema, c.kv...)), c.path, c.says)
	}
	c := configure(k.Schema, "url", "http://a", "body", "array").WithPayload(plugins.Shape{Format: "csv"})
	wantConfigError(t, k.Check(c), "body", "only json")
}
