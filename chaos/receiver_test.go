package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func post(ctx context.Context, t *testing.T, url string) (status int, err error) {
	t.Helper()
	body := `{"id":"d01/0","key":"d01","seq":0}` + "\n" + `{"id":"d01/1","key":"d01","seq":1}` + "\n"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestReceiverManners(t *testing.T) {
	t.Parallel()
	for m, want := range map[manner]struct {
		status int // 0 is no answer
		taken  int
	}{
		taking: {200, 2}, gone: {0, 0}, busy: {503, 0}, slow: {200, 2}, silent: {0, 2}, partial: {503, 1},
	} {
		o := newObserver(byHTTP)
		r, err := startReceiver(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		r.behave(m)
		began := time.Now()
		status, err := post(t.Context(), t, r.url+"/records")
		if status != want.status || (err == nil) != (want.status > 0) || o.count() != want.taken {
			t.Errorf("manner %d: answer %d (%v), %d taken, want %d and %d", m, status, err, o.count(), want.status, want.taken)
		}
		if m == slow && time.Since(began) < slowness {
			t.Error("it is not slow")
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPosterSendsAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	o := newObserver(byHTTP)
	r, err := startReceiver(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, r) })
	r.behave(silent)
	asked := 0
	p := newPoster(func() string {
		switch asked++; asked {
		case 1:
			return "" // the engine is still starting
		case 3:
			r.behave(busy)
		case 4:
			r.behave(taking)
		}
		return r.url + "/records"
	})
	t.Cleanup(func() { closed(t, p) })
	tries, err := p.send(t.Context(), []line{{"d01", []byte(`{"id":"d01/0","key":"d01","seq":0}`)}})
	if err != nil || tries < 3 || o.count() < 2 {
		t.Errorf("%d tries, %d came: %v", tries, o.count(), err)
	}
}

func closed(t *testing.T, c interface{ close() error }) {
	t.Helper()
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestPosterGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errNotTaken)
	p := newPoster(func() string { return "" })
	if _, err := p.send(ctx, nil); err == nil || err.Error() != errNotTaken.Error() {
		t.Errorf("error %v", err)
	}
}

func TestSeedMakesTheRecords(t *testing.T) {
	t.Parallel()
	w := workload{keys: 4, hot: 0.5, copies: 0.2, poison: 0.1, shuffle: time.Second}
	made := func(seed uint64) string {
		g := newGenerator("r", seed, w)
		var all strings.Builder
		for range 300 {
			fmt.Fprintln(&all, g.next())
		}
		return all.String()
	}
	if first, again := made(7), made(7); first != again || first == made(8) {
		t.Error("the records are not those of the seed")
	}
}
