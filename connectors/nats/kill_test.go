package nats_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/nats"
	"github.com/onstream/onstream/plugins"
)

// asEmbedded makes the test's own program a process with an embedded server: it is the folder of its store.
const asEmbedded = "ONSTREAM_NATS_TEST_EMBEDDED"

// serveEmbedded runs an embedded server until standard input ends. What it logs, such as its address, goes to standard output.
func serveEmbedded(dir string) int {
	r := &plugins.Registry{}
	if err := nats.Register(r); err != nil {
		return 2
	}
	kind, _ := r.Connector("nats")
	c := bustest.Block(kind.Schema, map[string]any{"store_dir": dir, "listen": "127.0.0.1:0", "sync_interval": 20 * time.Millisecond})
	e := env("connector.bus")
	e.Logger = slog.New(slog.NewTextHandler(os.Stdout, nil))
	made, err := kind.New(c, e)
	if err != nil {
		return 2
	}
	bus := made.(connectors.Bus)
	if _, err := bus.(connectors.Browser).Topics(context.Background()); err != nil {
		fmt.Println("refused:", err)
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := bus.Close(context.Background()); err != nil {
		return 1
	}
	return 0
}

// TestKilledStoresAreTaken kills an embedded server again and again while streams are made, filled, emptied and deleted,
// and starts it again on what it has left: what it confirmed is there.
func TestKilledStoresAreTaken(t *testing.T) {
	t.Parallel()
	const cycles = 6
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "store")
	var confirmed sync.Map // the text of each record
	for cycle := range cycles {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asEmbedded+"="+dir)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		address := ""
		for lines := bufio.NewScanner(stdout); address == "" && lines.Scan(); {
			if _, after, ok := strings.Cut(lines.Text(), "address="); ok {
				address = after
			} else if strings.Contains(lines.Text(), "refused") {
				t.Errorf("cycle %d: %s", cycle, lines.Text())
			}
		}
		if address == "" {
			t.Fatalf("cycle %d: the server does not start: %v", cycle, cmd.Wait())
		}
		go func() { _, _ = io.Copy(io.Discard, stdout) }() // ends with the process
		life := time.Duration(random.Int64N(int64(400 * time.Millisecond)))
		loadStore(t, address, cycle, random.Uint64(), life, &confirmed, func() {
			stop := cmd.Process.Kill
			if cycle%4 == 3 {
				stop = stdin.Close // in order
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
		_ = cmd.Wait() // it was killed
		_ = stdin.Close()
	}
	if err := passStore(t, dir); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, record := range recordsOf(t, dir) {
		got[record[strings.LastIndexByte(record, '|')+1:]] = true
	}
	n, lost := 0, 0
	confirmed.Range(func(text, _ any) bool {
		n++
		if !got[text.(string)] {
			lost++
		}
		return true
	})
	if n == 0 || lost > 0 {
		t.Errorf("%d of %d confirmed records are lost", lost, n)
	}
	t.Logf("%d records confirmed in %d lives", n, cycles)
}

// loadStore uses a server in all ways that change its store, for a while, then ends it with end.
func loadStore(t *testing.T, address string, cycle int, seed uint64, life time.Duration, confirmed *sync.Map, end func()) {
	t.Helper()
	nc, err := natsgo.Connect(strings.TrimSpace(address), natsgo.NoReconnect())
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	worker := func(n uint64, f func(*rand.Rand, int) error) {
		random := rand.New(rand.NewPCG(seed, n))
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if f(random, i) != nil && nc.IsClosed() {
					return
				}
			}
		})
	}
	ensure := func(c jetstream.StreamConfig) error {
		c.Subjects = []string{c.Name + ".>"}
		_, err := js.CreateOrUpdateStream(ctx, c)
		return err
	}
	// What is kept.
	if err := ensure(jetstream.StreamConfig{Name: "kept"}); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(2) {
		worker(n, func(random *rand.Rand, i int) error {
			text := fmt.Sprintf("c%d-w%d-%d%s", cycle, n, i, strings.Repeat(".", random.IntN(3000)))
			m := &natsgo.Msg{Subject: "kept.x", Data: []byte(text)}
			if random.IntN(2) == 0 {
				m.Header = natsgo.Header{"Onstream-Key": {"k"}}
			}
			_, err := js.PublishMsg(ctx, m)
			if err == nil {
				confirmed.Store(text, true)
			}
			return err
		})
	}
	// What is limited, with blocks that are full after a moment; subjects that are purged, records erased. None is compressed:
	// nats-server 2.15 goes on in a compressed block when it was killed with an empty one behind, and then cannot read it.
	for n, c := range []jetstream.StreamConfig{
		{Name: "limited", MaxBytes: 120_000}, {Name: "latest", MaxBytes: 120_000, MaxMsgsPerSubject: 3}} {
		if err := ensure(c); err != nil {
			t.Fatal(err)
		}
		worker(uint64(10+n), func(random *rand.Rand, i int) error {
			s, err := js.Stream(ctx, c.Name)
			if err != nil {
				return err
			}
			switch info := s.CachedInfo(); random.IntN(40) {
			case 0:
				return s.Purge(ctx, jetstream.WithPurgeSubject(c.Name+".s1"))
			case 1:
				return s.Purge(ctx)
			case 2:
				return s.Purge(ctx, jetstream.WithPurgeSequence(info.State.LastSeq-min(info.State.LastSeq, 20)))
			case 3, 4:
				return s.DeleteMsg(ctx, info.State.FirstSeq+random.Uint64N(1+info.State.Msgs))
			case 5, 6:
				return s.SecureDeleteMsg(ctx, info.State.FirstSeq+random.Uint64N(1+info.State.Msgs))
			}
			for range 20 {
				if _, err := js.PublishAsync(fmt.Sprintf("%s.s%d", c.Name, random.IntN(9)), make([]byte, random.IntN(4000))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	// Streams and consumers that come and go.
	worker(20, func(_ *rand.Rand, i int) error {
		name := fmt.Sprintf("passing%d", i%3)
		if err := ensure(jetstream.StreamConfig{Name: name, Retention: jetstream.InterestPolicy}); err != nil {
			return err
		}
		if _, err := js.CreateOrUpdateConsumer(ctx, name, jetstream.ConsumerConfig{Durable: "mine", AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
			return err
		}
		if _, err := js.Publish(ctx, name+".x", []byte("x")); err != nil || i%2 == 0 {
			return err
		}
		return js.DeleteStream(ctx, name)
	})
	time.Sleep(life) // what it was given to live
	end()
	cancel()
	nc.Close()
	all.Wait()
}
