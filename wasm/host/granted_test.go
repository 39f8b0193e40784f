package host_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// asking is a behaviour that makes a request of each frame that it is given, and returns the answer.
func asking() wasmtest.Behaviour {
	const answer = 2 << 20
	b := wasmtest.Behaviour{Imports: []wasmtest.HostFunc{{Module: abi.Module, Name: "http_request", Params: "iiii", Results: "i"}}}
	code := wasmtest.Code([]byte{0x20, 0, 0x20, 1}, wasmtest.I32(answer), wasmtest.I32(1<<20), wasmtest.CallOf(0),
		[]byte{0xad}, wasmtest.I64(answer<<32), []byte{0x84}) // answer << 32 | length
	b.Funcs = []wasmtest.Export{{Name: abi.Process, Params: "ii", Results: "I", Code: code}}
	return b
}

// ask gives a module a request, and returns the answer by the names of its settings.
func ask(t *testing.T, grant string, limit time.Duration, request ...abi.Setting) (map[string]string, error) {
	t.Helper()
	return askLogging(t, slog.DiscardHandler, grant, limit, request...)
}

// askLogging is ask with a log.
func askLogging(t *testing.T, log slog.Handler, grant string, limit time.Duration, request ...abi.Setting) (map[string]string, error) {
	t.Helper()
	c := config()
	c.Grants, c.Limits.Time = []string{grant}, limit
	i, err := load(t, asking().Bytes(), c).Instantiate(host.NewLog(slog.New(log), 100), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := process(i, string(abi.AppendSettings(nil, request)))
	if err != nil {
		return nil, err
	}
	settings, err := abi.ParseSettings(out)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]string{}
	for _, s := range settings {
		answer[s.Name] = s.Text
		if s.Type == abi.Int {
			answer[s.Name] = fmt.Sprint(s.Int)
		}
	}
	return answer, nil
}

func text(name, value string) abi.Setting {
	return abi.Setting{Name: name, Type: abi.Text, Text: value}
}

func TestHTTPRequest(t *testing.T) {
	t.Parallel()
	forever := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-forever:
			case <-r.Context().Done():
			}
		case "/away":
			http.Redirect(w, r, "http://localhost:1/", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 5<<20)) // the client gives up before its end
		default:
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("X-Kind", r.Header.Get("X-Ask"))
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprintf(w, "%s %s", r.Method, body)
		}
	}))
	t.Cleanup(func() { close(forever); s.Close() })
	at := strings.TrimPrefix(s.URL, "http://")

	got, err := ask(t, "http:"+at, time.Minute, text("url", s.URL), text("method", "PUT"), text("body", "some"), text("header.X-Ask", "tea"))
	if err != nil || got["status"] != "418" || got["body"] != "PUT some" || got["header.X-Kind"] != "tea" {
		t.Errorf("it answers %v, %v", got, err)
	}
	for _, x := range []struct{ grant, url, want string }{
		{"http:example.com", s.URL, "the host " + at + " is not granted: write grant = [\"http:" + at + "\"], if it may be asked"},
		{"http:" + at, s.URL + "/away", "the host localhost:1 is not granted"},
		{"http:" + at, s.URL + "/large", "the answer has more than 4194304 bytes"},
		{"http:" + at, "file:///etc/passwd", "neither http nor https"},
		{"http:" + at, ":", "missing protocol scheme"},
	} {
		got, err := ask(t, x.grant, time.Minute, text("url", x.url))
		if err != nil || got["status"] != "0" || !strings.Contains(got["error"], x.want) {
			t.Errorf("%s answers %v, %v, without %q", x.url, got, err, x.want)
		}
	}
	_, err = ask(t, "http:"+at, 20*time.Millisecond, text("url", s.URL+"/slow"))
	if f, ok := err.(*host.Fault); !ok || f.Code != host.Timeout { //nolint:errorlint // it is not wrapped
		t.Errorf("a server that does not answer gives %v", err)
	}
	if got, err := ask(t, "http:"+at, time.Minute, text("uri", s.URL)); err != nil || !strings.Contains(got["error"], `a request has no "uri"`) {
		t.Errorf("it answers %v, %v", got, err)
	}
}

// Of a request that fails the guest is told the kind, and the log what has been said of it, with addresses.
func TestHTTPRequestFails(t *testing.T) {
	t.Parallel()
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := refused.Close(); err != nil {
		t.Fatal(err)
	}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(plain.Close)
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for _, x := range []struct{ url, told, logged string }{
		{"http://" + refused.Addr().String(), "the connection was refused", refused.Addr().String()},
		{"http://a..b", "the host was not found", "lookup a..b"},
		{plain.URL, "the connection was closed before the end of the answer", "EOF"},
		{strings.Replace(plain.URL, "http:", "https:", 1), "the host does not speak TLS as it should", "HTTP response to HTTPS client"},
		{untrusted.URL, "the certificate of the host is not trusted", "x509"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if proxy, err := http.ProxyFromEnvironment(r); err != nil || proxy != nil {
			continue // what it says is told
		}
		var log bytes.Buffer
		got, err := askLogging(t, slog.NewTextHandler(&log, nil), "http:"+r.URL.Host, time.Minute, text("url", x.url))
		if err != nil || got["status"] != "0" || got["error"] != x.told {
			t.Errorf("%s answers %v, %v, not %q", x.url, got, err, x.told)
		}
		if line := log.String(); !strings.Contains(line, "an HTTP request of the module has failed: ") || !strings.Contains(line, x.logged) {
			t.Errorf("%s logs %s, without %q", x.url, line, x.logged)
		}
	}
}

// What a guest asks for is not in messages at any length.
func TestHTTPRefusalIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 500_000)
	for _, request := range []abi.Setting{
		text("url", "http://"+long), text("url", "ftp://"+long), text("url", "http://[::"+long), text("url", long+"\x7f"),
		text(long, ""), {Name: long, Type: abi.Int},
	} {
		got, err := ask(t, "http:example.com", time.Minute, request)
		if said := got["error"]; err != nil || said == "" || len(said) > 1000 {
			t.Errorf("it says %d bytes, %.100s, %v", len(said), said, err)
		}
	}
	got, err := ask(t, "http:example.com", time.Minute, text("url", "http://example.com"), text("method", "GET "+long))
	if said := got["error"]; err != nil || said == "" || len(said) > 1000 {
		t.Errorf("a method: it says %d bytes, %.100s, %v", len(said), said, err)
	}
}
