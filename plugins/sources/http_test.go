package sources_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sources"
)

// serve starts a source on a free port of the loopback and returns its URL.
func serve(t *testing.T, o *outlet, env plugins.Env, kv ...any) string {
	t.Helper()
	s := start(t, "http", env, append([]any{"listen", "127.0.0.1:0"}, kv...)...)
	return serving(t, s, o)
}

func serving(t *testing.T, s plugins.Source, o *outlet) string {
	t.Helper()
	background(t, s, o)
	addressed := s.(interface{ Addr() net.Addr })
	for addressed.Addr() == nil {
		time.Sleep(time.Millisecond)
	}
	return "http://" + addressed.Addr().String()
}

// client is one that leaves no connection behind.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

type request struct {
	method string // POST unless given
	path   string
	body   string
	header map[string]string
}

// send returns the status, the header and the body of the answer.
func send(t *testing.T, url string, r request) (int, http.Header, string) {
	t.Helper()
	if r.method == "" {
		r.method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, url+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func TestHTTPBodies(t *testing.T) {
	t.Parallel()
	type header = map[string]string
	gz := string(compressions[".gz"]([]byte(`{"z":1}`)))
	for name, c := range map[string]struct {
		body    string
		header  header
		status  int
		says    string
		records string
	}{
		"object":            {` {"a":1} `, nil, 200, `{"accepted":1}`, `{"a":1}`},
		"printed object":    {"{\n  \"a\": \"x\\ny z\"\n}\n", nil, 200, `{"accepted":1}`, `{"a":"x\ny z"}`},
		"lines":             {"{\"a\":1}\n\n{\"a\":2}\n", nil, 200, `{"accepted":2}`, `{"a":1} {"a":2}`},
		"lines by type":     {"{\"b\":1}\n{\"a\":2}", header{"Content-Type": "application/x-ndjson; charset=utf-8"}, 200, `{"accepted":2}`, `{"b":1} {"a":2}`},
		"byte order mark":   {"\ufeff{\"a\":1}\n{\"a\":2}\n", nil, 200, `{"accepted":2}`, `{"a":1} {"a":2}`},
		"two on one line":   {"{\"seq\":24}{\"seq\":25}", nil, 400, "line 1 of the body is not valid JSON at offset 10", ``},
		"a line that fails": {"{\"a\":1}\n\n{\"a\":2,,}\n", nil, 400, "line 3 of the body is not valid JSON at offset 7", ``},
		"a line of another": {"{\"a\":1}\n[]\n", nil, 400, "line 2 of the body is not an object", ``},
		"array":             {`[{"a":1} , {"a":[2,"]"]}]`, nil, 200, `{"accepted":2}`, `{"a":1} {"a":[2,"]"]}`},
		"printed array":     {"[\n {\"a\": 1},\n {}\n]", nil, 200, `{"accepted":2}`, `{"a":1} {}`},
		"empty array":       {`[]`, nil, 200, `{"accepted":0}`, ``},
		"gzip":              {gz, header{"Content-Encoding": "gzip"}, 200, `{"accepted":1}`, `{"z":1}`},
		"broken gzip":       {gz[:len(gz)-4], header{"Content-Encoding": "gzip"}, 400, "could not be read", ``},
		"no gzip":           {`{}`, header{"Content-Encoding": "gzip"}, 400, "not compressed with gzip", ``},
		"brotli":            {`{}`, header{"Content-Encoding": "br"}, 415, "gzip", ``},
		"empty":             {" \n", nil, 400, "the body is empty", ``},
		"malformed object":  {`{"a":1`, nil, 400, "not valid JSON", ``},
		"malformed array":   {`[{"a":1}`, nil, 400, "not valid JSON", ``},
		"array of scalars":  {`[{"a":1},2]`, nil, 400, "element 2 of the array is not an object", ``},
		"scalar":            {`7`, nil, 400, "is to be a JSON object", ``},
		"deep":              {strings.Repeat("[", 1500), nil, 400, "the body", ``},
		"no UTF-8":          {"{\"a\":\"\xff\"}", nil, 400, "UTF-8", ``},
		"idempotency key":   {`[{"a":1},{"a":2}]`, header{"Idempotency-Key": "k1", "Other": "x"}, 200, `{"accepted":2}`, `{"a":1} {"a":2}`},
		"too large":         {`{"a":"` + strings.Repeat("x", 3000) + `"}`, nil, 413, "2000 bytes", ``},
		"too large in gzip": {string(compressions[".gz"](bytes.Repeat([]byte(" "), 1<<20))), header{"Content-Encoding": "gzip"}, 413, "2000 bytes", ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutlet()
			url := serve(t, o, environment(), "max_body", int64(2000))
			status, head, body := send(t, url, request{path: "/", body: c.body, header: c.header})
			if status != c.status || !strings.Contains(body, c.says) || head.Get("Content-Type") != "application/json" {
				t.Errorf("answer %d %q, want %d %q", status, body, c.status, c.says)
			}
			if got := o.values(); got != c.records {
				t.Errorf("records %q, want %q", got, c.records)
			}
			for _, r := range o.records {
				if name == "idempotency key" && r.headers != "Idempotency-Key=k1;" || name != "idempotency key" && r.headers != "" {
					t.Errorf("headers %q", r.headers)
				}
			}
		})
	}
}

func TestHTTPRefusals(t *testing.T) {
	t.Parallel()
	o := newOutlet()
	url := serve(t, o, environment(), "path", "/in", "token", plugins.NewSecret("s3cret"))
	good := map[string]string{"Authorization": "Bearer s3cret"}
	for _, c := range []struct {
		request
		status int
		header string
	}{
		{request{path: "/out", header: good}, 404, ""},
		{request{path: "/in", method: http.MethodGet, header: good}, 405, "Allow"},
		{request{path: "/in", body: "{}"}, 401, "WWW-Authenticate"},
		{request{path: "/in", body: "{}", header: map[string]string{"Authorization": "Bearer s3cre"}}, 401, "WWW-Authenticate"},
		{request{path: "/in", body: "{}", header: map[string]string{"Authorization": "s3cret"}}, 401, "WWW-Authenticate"},
		{request{path: "/in", method: http.MethodPut, body: "{}", header: good}, 200, ""},
	} {
		status, head, body := send(t, url, c.request)
		if status != c.status || c.header != "" && head.Get(c.header) == "" || strings.Contains(body, "s3cret") {
			t.Errorf("%+v: answer %d %v %q", c.request, status, head, body)
		}
	}
	if got := o.values(); got != "{}" {
		t.Errorf("records %q", got)
	}
}

func TestHTTPOfAStreamFormat(t *testing.T) {
	t.Parallel()
	env := environment()
	env.Framing.Preamble = true
	k := kind(t, "http", sources.Streams{})
	s, err := k.New(configure(k.Schema, "listen", "127.0.0.1:0").WithPayload(plugins.Shape{Format: "csv"}), env)
	if err != nil {
		t.Fatal(err)
	}
	o := newOutlet()
	url := serving(t, s, o)
	if status, _, body := send(t, url, request{body: "x,y\n1,2\n3,4"}); status != 200 || body != "{\"accepted\":2}\n" {
		t.Errorf("answer %d %q", status, body)
	}
	if status, _, body := send(t, url, request{body: "x,y\n"}); status != 200 || body != "{\"accepted\":0}\n" {
		t.Errorf("answer %d %q", status, body)
	}
	if o.values() != "1,2 3,4" || o.records[0].preamble != "x,y" {
		t.Errorf("records %+v", o.records)
	}
}

func TestHTTPAnswersOnceThePipelineHas(t *testing.T) {
	t.Parallel()
	handed := make(chan plugins.Delivery, 1)
	o := newOutlet()
	o.hand = func(_ context.Context, d plugins.Delivery) error {
		handed <- d
		return nil
	}
	url := serve(t, o, environment())
	type answer struct {
		status int
		header http.Header
	}
	post := func() chan answer {
		answered := make(chan answer, 1)
		go func() {
			status, header, _ := send(t, url, request{body: "{}"})
			answered <- answer{status, header}
		}()
		return answered
	}
	answered := post()
	d := <-handed
	select {
	case a := <-answered:
		t.Fatalf("answer %v before the pipeline's", a)
	case <-time.After(20 * time.Millisecond): // only a bad implementation is seen by waiting
	}
	d.Ack()
	if a := <-answered; a.status != 200 {
		t.Errorf("answer %v", a)
	}
	answered = post()
	(<-handed).Nack(errors.New("the sink is gone"))
	if a := <-answered; a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("answer %v", a)
	}
}

func TestHTTPDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	full := newOutlet()
	full.hand = func(ctx context.Context, _ plugins.Delivery) error {
		<-ctx.Done()
		return ctx.Err()
	}
	silent := newOutlet()
	silent.hand = func(context.Context, plugins.Delivery) error { return nil }
	for name, o := range map[string]*outlet{"full": full, "silent": silent} {
		url := serve(t, o, environment(), "max_wait", time.Millisecond, "timeout", 50*time.Millisecond)
		if status, header, body := send(t, url, request{body: "{}"}); status != 503 || header.Get("Retry-After") == "" {
			t.Errorf("%s: answer %d %v %q", name, status, header, body)
		}
	}
}

func TestHTTPLimitsRequests(t *testing.T) {
	t.Parallel()
	handed, release := make(chan struct{}), make(chan struct{})
	o := newOutlet()
	o.hand = func(_ context.Context, d plugins.Delivery) error {
		close(handed)
		<-release
		d.Ack()
		return nil
	}
	url := serve(t, o, environment(), "max_requests", int64(1))
	first := make(chan int, 1)
	go func() {
		status, _, _ := send(t, url, request{body: "{}"})
		first <- status
	}()
	<-handed
	if status, header, _ := send(t, url, request{body: "{}"}); status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("answer %d", status)
	}
	close(release)
	if status := <-first; status != 200 {
		t.Errorf("answer %d", status)
	}
}

func TestHTTPFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	handed := make(chan plugins.Delivery, 1)
	o := newOutlet()
	o.hand = func(_ context.Context, d plugins.Delivery) error {
		handed <- d
		return nil
	}
	s := start(t, "http", environment(), "listen", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- s.Run(ctx, o) }()
	addressed := s.(interface{ Addr() net.Addr })
	for addressed.Addr() == nil {
		time.Sleep(time.Millisecond)
	}
	url := "http://" + addressed.Addr().String()
	status := make(chan int, 1)
	go func() {
		s, _, _ := send(t, url, request{body: "{}"})
		status <- s
	}()
	d := <-handed
	cancel()
	select {
	case err := <-result:
		t.Errorf("Run returned %v with a request in flight", err)
	case <-time.After(20 * time.Millisecond): // only a bad implementation is seen by waiting
	}
	d.Ack()
	if s := <-status; s != 200 {
		t.Errorf("answer %d", s)
	}
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	if addressed.Addr() != nil {
		t.Error("there is still an address")
	}
}

func TestHTTPAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = start(t, "http", environment(), "listen", l.Addr().String()).Run(t.Context(), newOutlet())
	if err == nil || !strings.Contains(err.Error(), "choose another one with listen") {
		t.Errorf("Run: %v", err)
	}
}

func TestHTTPConfiguration(t *testing.T) {
	t.Parallel()
	k := kind(t, "http", sources.Streams{})
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{[]any{"listen", "8080"}, "listen", "address with a port"},
		{[]any{"listen", ":http"}, "listen", "no port"},
		{[]any{"listen", ":70000"}, "listen", "no port"},
		{[]any{"path", "in"}, "path", "/in"},
		{[]any{"token", plugins.NewSecret("")}, "token", "empty"},
	} {
		wantConfigError(t, k.Check(configure(k.Schema, c.kv...)), c.path, c.says)
	}
}

func FuzzHTTPBody(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `[{"a":1},{}]`, "{}\n{}", "[1,2]", `{"a":"\u00e9"}`, " ", "[{}", "\xff"} {
		f.Add(seed, "application/json")
	}
	f.Add("{}\n{}", "application/x-ndjson")
	k := kind(f, "http", sources.Streams{})
	f.Fuzz(func(t *testing.T, body, contentType string) {
		o := newOutlet()
		s, err := k.New(configure(k.Schema).WithPayload(plugins.Shape{Format: "json"}), environment())
		if err != nil {
			t.Fatal(err)
		}
		cutter := s.(interface {
			Handler(plugins.Outlet) http.Handler
		})
		w := newRecorder()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		cutter.Handler(o).ServeHTTP(w, r)
		if w.status != 200 && w.status != 400 {
			t.Errorf("answer %d %q", w.status, w.body.String())
		}
		for _, rec := range o.records {
			if contentType == "application/json" && strings.Contains(rec.value, "\n") {
				t.Errorf("record %q is not one line", rec.value)
			}
		}
	})
}

// recorder is a fake of a response writer, with deadlines to set.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{status: 200, header: http.Header{}} }

func (r *recorder) Header() http.Header             { return r.header }
func (r *recorder) Write(p []byte) (int, error)     { return r.body.Write(p) }
func (r *recorder) WriteHeader(status int)          { r.status = status }
func (r *recorder) SetReadDeadline(time.Time) error { return nil }
