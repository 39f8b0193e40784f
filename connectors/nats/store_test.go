package nats_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// Whatever happens to a file of a store whose server was stopped in order: it is refused, and stays as it is, or nothing is
// missing.
func TestDamageOfAStoreIsFound(t *testing.T) {
	t.Parallel()
	whole, dir := t.TempDir(), filepath.Join(t.TempDir(), "store")
	fillStore(t, whole)
	if err := passStore(t, whole); err != nil {
		t.Fatal(err)
	}
	files := filesIn(t, whole)
	copyStore(t, whole, dir)
	want := recordsOf(t, dir)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return len(files[name]) == 0 || name == "SEAL" })
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		h := hurt{file: rapid.SampledFrom(names).Draw(rt, "file"), kind: rapid.SampledFrom([]string{"flip", "flip", "cut", "remove"}).Draw(rt, "kind")}
		h.at = rapid.IntRange(0, len(files[h.file])-1).Draw(rt, "at")
		h.bit = rapid.IntRange(0, 7).Draw(rt, "bit")
		copyStore(t, whole, dir)
		h.do(t, dir, files[h.file])
		hurtFiles := filesIn(t, dir)
		switch err := passStore(t, dir); {
		case err != nil:
			refused++
			if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), filepath.Join(dir, h.file)) || !strings.Contains(err.Error(), "nothing was changed") {
				rt.Fatalf("%v: %v", h, err)
			}
			if got := filesIn(t, dir); !maps.EqualFunc(got, hurtFiles, bytes.Equal) {
				rt.Fatalf("%v: the store was changed", h)
			}
		default:
			if got := recordsOf(t, dir); !maps.Equal(got, want) {
				rt.Fatalf("%v: nothing was said, and there are %d records of %d", h, len(got), len(want))
			}
		}
	})
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// A store without a seal is one whose server was killed: a flipped bit is found there, too, or what cannot be told from
// a last write that was cut is given up: the last record of a stream.
func TestDamageOfAKilledStoreIsFound(t *testing.T) {
	t.Parallel()
	whole, dir := t.TempDir(), filepath.Join(t.TempDir(), "store")
	fillStore(t, whole)
	files := filesIn(t, whole)
	copyStore(t, whole, dir)
	want := recordsOf(t, dir)
	last := map[string]uint64{} // the last number of each stream
	for number := range want {
		stream, text, _ := strings.Cut(number, "/")
		if seq, err := strconv.ParseUint(text, 10, 64); err == nil {
			last[stream] = max(last[stream], seq)
		}
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool {
		return len(files[name]) == 0 || strings.Contains(name, "obs") // what consumers keep has no checksum
	})
	rapid.Check(t, func(rt *rapid.T) {
		h := hurt{file: rapid.SampledFrom(names).Draw(rt, "file"), kind: "flip"}
		h.at = rapid.IntRange(0, len(files[h.file])-1).Draw(rt, "at")
		h.bit = rapid.IntRange(0, 7).Draw(rt, "bit")
		copyStore(t, whole, dir)
		h.do(t, dir, files[h.file])
		if err := passStore(t, dir); err != nil {
			if !plugins.IsPermanent(err) || !strings.Contains(err.Error(), filepath.Join(dir, h.file)) {
				rt.Fatalf("%v: %v", h, err)
			}
			return
		}
		got := recordsOf(t, dir)
		for number, record := range want {
			stream, seq, _ := strings.Cut(number, "/")
			if got[number] != record && seq != fmt.Sprint(last[stream]) {
				rt.Fatalf("%v: nothing was said, and %s is %q", h, number, got[number])
			}
		}
	})
}

// The lengths within a record have no checksum of their own.
func TestDamagedLengthsAreFound(t *testing.T) {
	t.Parallel()
	whole, dir := t.TempDir(), filepath.Join(t.TempDir(), "store")
	fillStore(t, whole)
	if err := passStore(t, whole); err != nil {
		t.Fatal(err)
	}
	files := filesIn(t, whole)
	copyStore(t, whole, dir)
	want := recordsOf(t, dir)
	copyStore(t, whole, dir)
	for _, stream := range []string{"plain", "headed"} {
		name := filepath.Join("jetstream", "$G", "streams", stream, "msgs", "1.blk")
		subject := int(files[name][20])
		for at := range 22 + subject + 4 {
			if at >= 4 && at < 20 || at >= 22 && at < 22+subject {
				continue
			}
			for bit := range 8 {
				h := hurt{file: name, kind: "flip", at: at, bit: bit}
				h.do(t, dir, files[name])
				if err := passStore(t, dir); err == nil {
					if got := recordsOf(t, dir); !maps.Equal(got, want) {
						t.Errorf("%v: nothing was said", h)
					}
					copyStore(t, whole, dir)
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// What the message says to do lets the server start, with all but what is given up.
func TestTheWayOutOfDamage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	fillStore(t, dir)
	if err := passStore(t, dir); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	copyStore(t, dir, copied)
	want := recordsOf(t, copied)
	msgs := filepath.Join(dir, "jetstream", "$G", "streams", "plain", "msgs")
	block := filepath.Join(msgs, "1.blk")
	b, err := os.ReadFile(block)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(block, b, 0o600); err != nil {
		t.Fatal(err)
	}
	err = passStore(t, dir)
	wantPermanent(t, err, "the store is damaged: "+block+" at byte ", "a record's checksum is not that of its bytes, and whole records follow", "nothing was changed", "bring the folder "+dir+" back from a copy")
	_, after, _ := strings.Cut(err.Error(), "truncate -s ")
	var at int64
	if _, err := fmt.Sscan(after, &at); err != nil || !strings.Contains(after, fmt.Sprintf("%d %s, and remove %s and %s", at, block, filepath.Join(msgs, "index.db"), filepath.Join(dir, "SEAL"))) {
		t.Fatalf("the way out is %q", after)
	}
	if err := os.Truncate(block, at); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(msgs, "index.db"), filepath.Join(dir, "SEAL")} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := passStore(t, dir); err != nil {
		t.Fatal(err)
	}
	got := recordsOf(t, dir)
	lost := 0
	for number, record := range want {
		if _, ok := got[number]; !ok && strings.HasPrefix(number, "plain/") {
			lost++
		} else if got[number] != record {
			t.Errorf("%s is %q, and was %q", number, got[number], record)
		}
	}
	if lost == 0 || lost > 40 {
		t.Errorf("%d records of %d are lost", lost, len(want))
	}
}

// A store whose server was killed has no seal: its last block may end within a record, and no other.
func TestTornBlocks(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	fillStore(t, whole)
	msgs := filepath.Join("jetstream", "$G", "streams", "plain", "msgs")
	blocks, err := filepath.Glob(filepath.Join(whole, msgs, "*.blk"))
	if err != nil || len(blocks) < 3 {
		t.Fatalf("there are blocks %v (%v)", blocks, err)
	}
	sizeOf := func(name string) int64 {
		info, err := os.Stat(filepath.Join(whole, msgs, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	last := fmt.Sprintf("%d.blk", len(blocks))
	for name, c := range map[string]struct {
		block      string
		by         int64
		durability string
		want       string
	}{
		"the last":                            {last, 7, "interval", ""},
		"the last, of a server that is eager": {last, 7, "fsync", ""},
		"another, written lately":             {"1.blk", 7, "os", ""},
		"another, forced to disk":             {"1.blk", 7, "fsync", "it ends within a record"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "store")
			copyStore(t, whole, dir)
			if err := os.Truncate(filepath.Join(dir, msgs, c.block), sizeOf(c.block)-c.by); err != nil {
				t.Fatal(err)
			}
			var log bustest.Journal
			r := newRig(t)
			bus := r.connect(t, r.config(map[string]any{"store_dir": dir, "durability": c.durability}), func(e *plugins.Env) { e.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
			_, err := bus.(connectors.Browser).Topics(t.Context())
			if c.want != "" {
				wantPermanent(t, err, c.block, c.want, "the stream goes on in the next block")
				return
			}
			if err != nil || !strings.Contains(log.String(), "was not written whole") || !strings.Contains(log.String(), c.block) {
				t.Errorf("%v, and the log says %q", err, log.String())
			}
		})
	}
}

// A stream that was encrypted elsewhere would be left out without a word.
func TestEncryptedStoreIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := serve(t, func(o *server.Options) { o.StoreDir, o.JetStreamKey = dir, "secret" })
	if _, err := client(t, b.url()).CreateStream(t.Context(), jetstream.StreamConfig{Name: "a", Subjects: []string{"a.>"}}); err != nil {
		t.Fatal(err)
	}
	b.Shutdown()
	b.WaitForShutdown()
	wantPermanent(t, passStore(t, dir), "stream a in "+dir, "is encrypted, and the embedded server has no key", "name that with servers")
}

// What is damaged may look like the beginning of a record everywhere: it is not looked through for
// ever, and the message says so rather than that records follow.
func TestDamageThatTakesTooLongToLookThrough(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fillStore(t, dir)
	block := filepath.Join(dir, "jetstream", "$G", "streams", "plain", "msgs", "1.blk")
	b := make([]byte, 1<<20)
	for at := 0; at+16 <= len(b); at += 16 {
		binary.LittleEndian.PutUint32(b[at:], 100_000) // the length of a record, of number 0
	}
	if err := os.WriteFile(block, b, 0o600); err != nil {
		t.Fatal(err)
	}
	err := passStore(t, dir)
	wantPermanent(t, err, block, "it would take too long to see whether whole records follow, so that this is taken for damage", "bring the folder")
	if strings.Contains(fmt.Sprint(err), "and whole records follow") {
		t.Errorf("it says that records follow: %v", err)
	}
}
