package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/manifest"
)

// httpFunction is the function that is only there for modules that have a grant.
const httpFunction = "http_request"

const (
	maxRequest   = 1 << 20 // bytes of a request
	maxAnswer    = 4 << 20 // bytes of the body of an answer
	maxHeader    = 64 << 10
	maxRedirects = 5
)

// granted is the hosts that a module may ask.
type granted struct {
	client *http.Client
	hosts  []string
}

// newGranted returns what the grants of a stage allow.
func newGranted(grants []string) *granted {
	g := &granted{}
	for _, grant := range grants {
		if host, ok := strings.CutPrefix(grant, manifest.HTTPGrant); ok {
			g.hosts = append(g.hosts, strings.ToLower(host))
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = maxHeader
	g.client = &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return refusef("it was redirected %d times", len(via))
		}
		return g.allows(r.URL)
	}}
	return g
}

func (g *granted) allows(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return refusef("the URL %s is neither http nor https", shown(u.Redacted()))
	}
	if host := strings.ToLower(u.Host); !slices.Contains(g.hosts, host) {
		host = shown(host)
		return refusef("the host %s is not granted: write grant = [%q], if it may be asked", host, manifest.HTTPGrant+host)
	}
	return nil
}

// httpRequest makes a request. What it waits is time of the call.
func httpRequest(i *Instance, mem api.Memory, s []uint64) {
	frame, buf, limit := read(mem, s[0], s[1]), s[2], uint64(uint32(s[3]))
	if len(frame) > 0 {
		i.answered = i.fetch(frame)
	} else if i.answered == nil {
		panic(Faultf(Trap, "the module asks for the last answer of http_request, and there was none in this call"))
	}
	if n := uint64(len(i.answered)); n <= limit {
		copy(read(mem, buf, n), i.answered)
	}
	answer(s, int32(len(i.answered)))
}

// fetch makes a request of a frame of settings, and returns the frame of the answer.
func (i *Instance) fetch(frame []byte) []byte {
	if len(frame) > maxRequest {
		panic(Faultf(Limit, "the request of the module has more than %d bytes", maxRequest))
	}
	settings, err := abi.ParseSettings(frame)
	if err != nil {
		panic(Faultf(Trap, "the request of the module cannot be read: %v", err))
	}
	answer, err := i.Request(settings)
	if err != nil {
		answer = []abi.Setting{{Name: "status", Type: abi.Int}, {Name: "error", Type: abi.Text, Text: err.Error()}}
	}
	return abi.AppendSettings(nil, answer)
}

// Request makes a request for a function of the host, as http_request does, and returns the answer. It panics with a
// fault where the time of the call is over. Of an error the guest is told the kind, and the log the whole.
func (i *Instance) Request(settings []abi.Setting) ([]abi.Setting, error) {
	i.count(256) // many of them are looked at as a loop is
	ctx, cancel := context.WithTimeout(context.Background(), i.allowed-i.spent)
	defer cancel()
	start := time.Now()
	answer, err := i.module.granted.fetch(ctx, settings)
	i.spent += time.Since(start)
	i.seen = time.Now()
	if errors.Is(err, context.DeadlineExceeded) || i.spent > i.allowed {
		panic(Faultf(Timeout, "the module waited longer than %v, also for an answer: raise %s", i.allowed, i.limit))
	}
	if err == nil {
		return answer, nil
	}
	short := told(err)
	if text := err.Error(); text != short.text {
		i.log.line(i.call.Now, slog.LevelWarn, []byte("an HTTP request of the module has failed: "+text))
	}
	return nil, short
}

func (g *granted) fetch(ctx context.Context, settings []abi.Setting) ([]abi.Setting, error) {
	method, address, body, header := http.MethodGet, "", "", http.Header{}
	for _, s := range settings {
		name, isHeader := strings.CutPrefix(s.Name, "header.")
		switch {
		case s.Type != abi.Text && s.Type != abi.Bytes:
			return nil, refusef("%s is neither a string nor bytes", shown(s.Name))
		case isHeader:
			header.Add(name, s.Text)
		case s.Name == "method":
			method = s.Text
		case s.Name == "url":
			address = s.Text
		case s.Name == "body":
			body = s.Text
		default:
			return nil, refusef("a request has no %q: it has url, method, body and header.NAME", shown(s.Name))
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, unread(address, err)
	}
	r.Header = header
	if err := g.allows(r.URL); err != nil {
		return nil, err
	}
	return g.do(r)
}

func (g *granted) do(r *http.Request) ([]abi.Setting, error) {
	resp, err := g.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()                               //nolint:errcheck // it was only read
	if resp.StatusCode == http.StatusSwitchingProtocols { // what follows has no end
		return nil, refusef("the server wants to go over to another protocol")
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1)); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if body.Len() > maxAnswer {
		return nil, refusef("the answer has more than %d bytes", maxAnswer)
	}
	answer := []abi.Setting{{Name: "status", Type: abi.Int, Int: int64(resp.StatusCode)}, {Name: "body", Type: abi.Bytes, Text: body.String()}}
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		for _, v := range resp.Header[name] {
			answer = append(answer, abi.Setting{Name: "header." + name, Type: abi.Text, Text: v})
		}
	}
	return answer, nil
}
