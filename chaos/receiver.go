package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"sync/atomic"
	"time"
)

// manner is how the receiver treats a request.
type manner int32

const (
	taking  manner = iota // takes all
	gone                  // hangs up
	busy                  // answers 503
	slow                  // takes its time, then takes all
	silent                // takes all, and hangs up in place of an answer
	partial               // takes the first half, and answers 503
	manners               // how many there are
)

// slowness is how long the slow receiver takes.
const slowness = 300 * time.Millisecond

// receiver is what sinks of kind http send to. It keeps entries by their names,
// so that what is sent twice is there once: a sink that is idempotent. It is in
// the harness, and survives the engine.
type receiver struct {
	into   *observer
	server *http.Server
	url    string
	manner atomic.Int32
	served chan error
}

func startReceiver(ctx context.Context, into *observer) (*receiver, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r := &receiver{into: into, url: "http://" + l.Addr().String(), served: make(chan error, 1)}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { r.served <- r.server.Serve(l) }()
	return r, nil
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	m := manner(r.manner.Load())
	if m == gone {
		panic(http.ErrAbortHandler)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the engine was killed while sending
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte{'\n'}), []byte{'\n'})
	switch m {
	case slow:
		time.Sleep(slowness)
	case busy:
		lines = nil
	case partial:
		lines = lines[:len(lines)/2]
	}
	for _, line := range lines {
		r.into.see(path.Base(req.URL.Path), line)
	}
	switch m {
	case silent:
		panic(http.ErrAbortHandler)
	case busy, partial:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (r *receiver) behave(m manner) { r.manner.Store(int32(m)) }

func (r *receiver) close() error {
	err := r.server.Close()
	if served := <-r.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
