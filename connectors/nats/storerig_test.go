package nats_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
)

// fillStore makes a store with what servers keep: blocks that are full, with and without headers, compressed, with
// records erased and removed, and a consumer that is tracked.
func fillStore(t testing.TB, dir string) {
	t.Helper()
	b := serve(t, func(o *server.Options) { o.StoreDir = dir })
	js := client(t, b.url())
	make := func(c jetstream.StreamConfig) jetstream.Stream {
		c.Subjects = []string{c.Name + ".>"}
		c.MaxBytes = 125_000 // so that blocks are small: 32,000 bytes
		s, err := js.CreateStream(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	put := func(stream string, n, size int, headers bool) {
		for i := range n {
			m := &natsgo.Msg{Subject: fmt.Sprintf("%s.d%d", stream, i%13), Data: bytes.Repeat([]byte{'a' + byte(i%26)}, size)}
			if headers {
				m.Header = natsgo.Header{"Onstream-Key": {fmt.Sprint("key", i)}, "Other": {""}}
			}
			if _, err := js.PublishMsg(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	make(jetstream.StreamConfig{Name: "plain"})
	put("plain", 80, 1300, false)
	make(jetstream.StreamConfig{Name: "headed"})
	put("headed", 50, 1300, true)
	make(jetstream.StreamConfig{Name: "packed", Compression: jetstream.S2Compression})
	put("packed", 50, 1300, true)
	holes := make(jetstream.StreamConfig{Name: "holes"})
	put("holes", 80, 1300, false)
	for seq := uint64(3); seq < 80; seq += 9 {
		if err := holes.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		if err := holes.SecureDeleteMsg(t.Context(), seq+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := holes.Purge(t.Context(), jetstream.WithPurgeSubject("holes.d5")); err != nil {
		t.Fatal(err)
	}
	work := make(jetstream.StreamConfig{Name: "work", Retention: jetstream.WorkQueuePolicy})
	put("work", 20, 400, false)
	c, err := work.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "mine", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := c.Fetch(8)
	if err != nil {
		t.Fatal(err)
	}
	for m := range taken.Messages() {
		if err := m.DoubleAck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.Shutdown()
	b.WaitForShutdown()
}

// passStore has the embedded server take a store, and stop in order. It is one that forces all to disk: then no power
// failure explains what is missing.
func passStore(t testing.TB, dir string) error {
	t.Helper()
	r := newRig(t)
	made, err := r.kind.New(r.config(map[string]any{"store_dir": dir, "durability": "fsync"}), env("connector.bus"))
	if err != nil {
		t.Fatal(err)
	}
	bus := made.(connectors.Bus)
	_, err = bus.(connectors.Browser).Topics(t.Context())
	if err := bus.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return err
}

// recordsOf returns all that is in a store, with its server, by stream and number.
func recordsOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	b := serve(t, func(o *server.Options) { o.StoreDir = dir })
	defer func() {
		b.Shutdown()
		b.WaitForShutdown()
	}()
	js := client(t, b.url())
	all := map[string]string{}
	streams := js.ListStreams(t.Context())
	for info := range streams.Info() {
		name := info.Config.Name
		s, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for seq := max(info.State.FirstSeq, 1); seq <= info.State.LastSeq; seq++ {
			m, err := s.GetMsg(t.Context(), seq)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%s/%d", name, seq)] = fmt.Sprintf("%s|%v|%s", m.Subject, m.Header, m.Data)
		}
		consumers := s.ListConsumers(t.Context())
		for c := range consumers.Info() {
			all[name+"/consumer/"+c.Name] = fmt.Sprint(c.AckFloor.Stream, c.NumPending)
		}
		if err := consumers.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := streams.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// filesIn returns the files of a folder, by their paths in it.
func filesIn(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func copyStore(t testing.TB, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// hurt is something that happens to a file.
type hurt struct {
	file string
	kind string // "flip", "cut" or "remove"
	at   int
	bit  int
}

func (h hurt) String() string { return fmt.Sprintf("%s %s at %d bit %d", h.kind, h.file, h.at, h.bit) }

func (h hurt) do(t testing.TB, dir string, was []byte) {
	t.Helper()
	path := filepath.Join(dir, h.file)
	var err error
	switch h.kind {
	case "flip":
		b := bytes.Clone(was)
		b[h.at] ^= 1 << h.bit
		err = os.WriteFile(path, b, 0o600)
	case "cut":
		err = os.Truncate(path, int64(h.at))
	default:
		err = os.Remove(path)
	}
	if err != nil {
		t.Fatal(err)
	}
}
