package host_test

import (
	"fmt"
	"io"
	"log/slog"
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
	c := config()
	c.Grants, c.Limits.Time = []string{grant}, limit
	i, err := load(t, asking().Bytes(), c).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
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
