package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// streamIn and streamOut are the subjects, and so the streams, of P5 over
	// JetStream.
	streamIn, streamOut = "benchin.telemetry", "benchout.hot"
	// maxInFlight is how many records wait for an answer, as the engine's
	// connector has it.
	maxInFlight = 4096
	// startServer bounds how long the server may take to start.
	startServer = time.Minute
)

// streams are those of P5 over JetStream. They are in a folder, where each run
// starts a server of its own.
type streams struct {
	dir     string
	records int
	run     int
}

// overJetStream is P5 over JetStream, with the server in the process.
func (b *bench) overJetStream(ctx context.Context) error {
	s := &streams{dir: b.path("jetstream"), records: max(1, b.records/jetStreamShare)}
	in, err := b.input(s.records)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, in); err != nil {
		return err
	}
	c := &contest{
		name: "P5-jetstream", records: s.records, prepare: s.prepare, collect: s.collect, verify: sameContent,
		programs: []*program{{name: "by hand", byHand: true, run: func(ctx context.Context, _ string) error { return s.byHand(ctx) }}},
	}
	if b.engine != nil {
		c.programs = append(c.programs, b.oursUntil(c, func(string) string {
			connector := fmt.Sprintf("connector \"nats\" \"bus\" {\n  store_dir = %s\n}\n", strconv.Quote(s.dir))
			return busHCL(connector, s.group(), streamIn, streamOut)
		}))
	}
	if err := b.contend(ctx, c); err != nil {
		return err
	}
	b.printContest(c)
	fmt.Fprintln(b.stdout, "server: in the process, streams in files, forced to disk every 250 ms")
	b.judgeCost(c, "engine", 8000)
	b.judgeRatio(c, "engine", "by hand", 1.5)
	return nil
}

// group is who reads in this run.
func (s *streams) group() string { return "bench-" + strconv.Itoa(s.run) }

// serve calls use with a server on the folder. Its settings are what the
// engine's connector has by default.
func (s *streams) serve(use func(jetstream.JetStream) error, opts ...jetstream.JetStreamOpt) error {
	// The engine's server left a seal, which would not be true any more.
	if err := os.Remove(filepath.Join(s.dir, "SEAL")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start a NATS server: %w", err)
	}
	srv, err := natsserver.NewServer(&natsserver.Options{
		ServerName: "onstream", DontListen: true, JetStream: true, NoSigs: true, NoLog: true, StoreDir: s.dir,
		MaxPayload: 1 << 20, MaxPending: 64 << 20, JetStreamMaxMemory: 256 << 20, SyncInterval: 250 * time.Millisecond,
	})
	if err != nil {
		return fmt.Errorf("start a NATS server: %w", err)
	}
	srv.Start()
	defer func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	}()
	if !srv.ReadyForConnections(startServer) {
		return fmt.Errorf("start a NATS server: it is not ready after %v", startServer)
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		return fmt.Errorf("reach the NATS server: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc, opts...)
	if err != nil {
		return fmt.Errorf("reach the NATS server: %w", err)
	}
	return use(js)
}

// fill makes the input stream of the lines of a file.
func (s *streams) fill(ctx context.Context, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("fill the input stream: %w", err)
	}
	return s.serve(func(js jetstream.JetStream) error {
		if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "benchin", Subjects: []string{"benchin.>"}}); err != nil {
			return fmt.Errorf("make the input stream: %w", err)
		}
		w := &natsWriter{ctx: ctx, js: js, subject: streamIn}
		if _, err := w.Write(data); err != nil {
			return err
		}
		return w.flush()
	}, jetstream.WithPublishAsyncMaxPending(maxInFlight))
}

// prepare makes the output stream anew.
func (s *streams) prepare(ctx context.Context) error {
	s.run++
	return s.serve(func(js jetstream.JetStream) error {
		if s.run > 1 {
			if err := js.DeleteStream(ctx, "benchout"); err != nil {
				return fmt.Errorf("delete the output stream: %w", err)
			}
		}
		if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "benchout", Subjects: []string{"benchout.>"}}); err != nil {
			return fmt.Errorf("make the output stream: %w", err)
		}
		return nil
	})
}

// collect makes a file of the output stream.
func (s *streams) collect(ctx context.Context, path string) error {
	return s.serve(func(js jetstream.JetStream) error {
		stream, err := js.Stream(ctx, "benchout")
		if err != nil {
			return fmt.Errorf("read the output stream: %w", err)
		}
		all, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
		if err != nil {
			return fmt.Errorf("read the output stream: %w", err)
		}
		var text []byte
		for left := stream.CachedInfo().State.Msgs; left > 0; left-- {
			m, err := all.Next(jetstream.FetchMaxWait(patience))
			if err != nil {
				return fmt.Errorf("read the output stream: %w", err)
			}
			text = append(append(text, m.Data()...), '\n')
		}
		return os.WriteFile(path, text, 0o600)
	})
}
