package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// patience is how long the binary may take for anything that is waited for.
const patience = 5 * time.Minute

// server is the binary while it runs a pipeline without an end and tells about
// itself by HTTP.
type server struct {
	cmd     *exec.Cmd
	started time.Time
	url     string
	results *bufio.Reader // standard output
	talk    *bytes.Buffer // standard error; complete when drained is closed
	drained chan struct{}
}

// serving finds the address in what the binary logs.
var serving = regexp.MustCompile(`url=(http://\S+)/metrics`)

// serve runs the pipeline in dir with a folder for its state, and returns when
// it is known where it tells about itself.
func (b *bench) serve(ctx context.Context, dir, state string) (*server, error) {
	s := &server{
		cmd:  exec.CommandContext(ctx, b.binary, "run", "--state", state, "--http", "127.0.0.1:0", dir),
		talk: &bytes.Buffer{}, drained: make(chan struct{}),
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.results = bufio.NewReader(out)
	talk, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	s.started = time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(io.TeeReader(talk, s.talk))
	for s.url == "" && lines.Scan() {
		if m := serving.FindSubmatch(lines.Bytes()); m != nil {
			s.url = string(m[1])
		}
	}
	go func() {
		defer close(s.drained)
		for lines.Scan() {
		}
	}()
	if s.url == "" {
		return nil, errors.Join(errors.New("it does not say where it serves its metrics"), s.stop())
	}
	return s, nil
}

// stop tells the binary to end, and waits for that.
func (s *server) stop() error {
	signalErr := s.cmd.Process.Signal(os.Interrupt)
	_, drainErr := io.Copy(io.Discard, s.results)
	<-s.drained
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", s.cmd, err, s.talk)
	}
	if errors.Is(signalErr, os.ErrProcessDone) {
		signalErr = nil
	}
	return errors.Join(signalErr, drainErr)
}

// get returns what the binary answers at a path, and whether that is a success.
func (s *server) get(ctx context.Context, path string) (text []byte, ok bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, false, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, false, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	return text, answer.StatusCode == http.StatusOK, err
}

// absorbed returns how many records the stage has taken in; none as long as it
// does not run.
func (s *server) absorbed(ctx context.Context, stage string) (int, error) {
	text, _, err := s.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "onstream_stage_filtered_total{") || !strings.Contains(line, strconv.Quote(stage)) {
			continue
		}
		n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:len(line)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("read metrics: %w", err)
		}
		return int(n), nil
	}
	return 0, nil
}

// await calls what until it reports that it is so.
func await(ctx context.Context, pause time.Duration, what func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		so, err := what(ctx)
		if so || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// awaitAbsorbed waits until the windows have taken in n records.
func (s *server) awaitAbsorbed(ctx context.Context, n int) error {
	return await(ctx, 10*time.Millisecond, func(ctx context.Context) (bool, error) {
		got, err := s.absorbed(ctx, "transform.mean")
		return got >= n, err
	})
}

// awaitReady waits until every stage runs.
func (s *server) awaitReady(ctx context.Context) error {
	return await(ctx, time.Millisecond, func(ctx context.Context) (bool, error) {
		_, ok, err := s.get(ctx, "/readyz")
		return ok, err
	})
}
