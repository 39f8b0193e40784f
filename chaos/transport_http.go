package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// poster is a transport to the engine's http source: 2xx is accepted. Anything
// else, no answer above all, has it send the same again, because it cannot know
// what became of it.
type poster struct {
	client  *http.Client
	address func() string // where the engine listens, "" while it does not
}

// tryAgain is how long the poster waits after a failure.
const tryAgain = 20 * time.Millisecond

func newPoster(address func() string) *poster {
	return &poster{&http.Client{Transport: new(http.Transport), Timeout: 5 * time.Second}, address}
}

func (p *poster) send(ctx context.Context, lines []line) (int, error) {
	var body []byte
	for _, l := range lines {
		body = append(append(body, l.text...), '\n')
	}
	for tries := 0; ; {
		if url := p.address(); url != "" {
			tries++
			taken, err := p.post(ctx, url, body)
			if taken || err != nil {
				return tries, err
			}
		}
		select {
		case <-ctx.Done():
			return tries, context.Cause(ctx)
		case <-time.After(tryAgain):
		}
	}
}

// post sends a body once. An error is one that sending again cannot mend.
func (p *poster) post(ctx context.Context, url string, body []byte) (taken bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := p.client.Do(req)
	if err != nil {
		return false, nil //nolint:nilerr // the engine was killed, or is not there: that is what this is about
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(resp.Body) // the status has decided
	switch {
	case resp.StatusCode/100 == 2:
		return true, nil
	case resp.StatusCode == http.StatusServiceUnavailable:
		return false, nil
	}
	return false, fmt.Errorf("the engine answered %s: %s", resp.Status, strings.TrimSpace(string(said)))
}

func (p *poster) close() error {
	p.client.CloseIdleConnections()
	return nil
}
