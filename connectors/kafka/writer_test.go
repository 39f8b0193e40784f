package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/plugins"
)

// The partitions are those that the Java client chooses of ten.
func TestKeysAreOnThePartitionsOfTheJavaClient(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(10, "out")).ListenAddrs()[0]
	// Hashes that the tests of Kafka's own murmur2 have.
	hashes := map[string]int32{"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107}
	var rows []row
	for key := range hashes {
		rows = append(rows, row{key: key, value: key})
	}
	if err := send(t, write(t, connect(t, addr, nil), "out"), batchOf(rows...)).wait(t); err != nil {
		t.Fatal(err)
	}
	for p, values := range consume(t, addr, "out", len(rows)) {
		for _, v := range values {
			if want := (hashes[v] & 0x7fffffff) % 10; p != want {
				t.Errorf("%q is on partition %d, want %d", v, p, want)
			}
		}
	}
}

func TestARecordThatIsTooLargeFailsAlone(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 3000)
	rows := []row{{key: "a", value: "1"}, {key: "a", value: large}, {key: "a", value: "2"}, {key: "a", value: strings.Repeat("y", 1500)}}
	limited := map[string]string{"max.message.bytes": "2000"}
	judge := func(t *testing.T, addr, out string, err error) {
		t.Helper()
		failed := rowsOf(t, err)
		if len(failed) != 1 || failed[0].Row != 1 || failed[0].Code != "too_large" || !strings.Contains(failed[0].Msg, "the record has 3001 bytes, more than the topic takes") {
			t.Errorf("%v", failed)
		}
		for _, values := range consume(t, addr, out, 3) {
			if len(values) != 3 || values[0] != "1" || values[1] != "2" || values[2] != rows[3].value {
				t.Errorf("%d records were written: %.40q", len(values), values)
			}
		}
	}
	t.Run("the limit is told", func(t *testing.T) {
		t.Parallel()
		onBoth(t, func(t *testing.T, addr, out string) {
			made(t, addr, 1, limited, out)
			judge(t, addr, out, send(t, write(t, connect(t, addr, nil), out), batchOf(rows...)).wait(t))
		})
	})
	t.Run("the limit is the connector's", func(t *testing.T) {
		t.Parallel()
		addr := cluster(t, kfake.SeedTopics(1, "out")).ListenAddrs()[0]
		judge(t, addr, "out", send(t, write(t, connect(t, addr, map[string]any{"max_message_bytes": int64(2000)}), "out"), batchOf(rows...)).wait(t))
	})
	t.Run("the limit is secret", func(t *testing.T) {
		t.Parallel()
		c := cluster(t)
		if err := c.CreateTopic("out", 1, limited); err != nil {
			t.Fatal(err)
		}
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		addr := c.ListenAddrs()[0]
		s := write(t, connect(t, addr, nil), "out")
		b := batchOf(rows...)
		err := send(t, s, b).wait(t)
		if err == nil || plugins.IsPermanent(err) {
			t.Fatalf("it is not written again: %v", err)
		}
		later := batchOf(row{key: "a", value: "later"})
		if err := send(t, s, later).wait(t); err == nil || plugins.IsPermanent(err) {
			t.Fatalf("a later batch has passed one that is to be written again: %v", err)
		}
		judge(t, addr, "out", send(t, s, b).wait(t))
		if err := send(t, s, later).wait(t); err != nil {
			t.Errorf("a later batch is still refused: %v", err)
		}
	})
}

// What fails for a while is written again, and nothing of its keys before it.
func TestOrderIsKeptOverFailures(t *testing.T) {
	t.Parallel()
	c := cluster(t, kfake.SeedTopics(3, "out"))
	addr := c.ListenAddrs()[0]
	s := write(t, connect(t, addr, nil), "out")
	faults := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "out", Partitions: []int32{1}, Err: kerr.UnknownServerError, Count: 3})
	// The broker answers when the driver has all that is in flight: what is given to it
	// in the moment of a failure could pass what has failed.
	var gate sync.Mutex
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		gate.Lock()
		defer gate.Unlock()
		return nil, nil, false
	})
	type attempt struct {
		*sent
		number int
		batch  *plugins.Batch
	}
	var redo, flying []attempt
	next, retries := 0, 0
	const batches, size = 40, 20
	settle := func() {
		for _, a := range flying {
			err := a.wait(t)
			if err == nil {
				continue
			}
			if plugins.IsPermanent(err) {
				t.Fatal(err)
			}
			retries++
			var part *plugins.PartialError
			if errors.As(err, &part) {
				a.batch.Sel = a.batch.Sel[part.Done:]
			}
			redo = append(redo, a)
		}
		flying = nil
		slices.SortFunc(redo, func(a, b attempt) int { return a.number - b.number })
	}
	for next < batches || len(redo) > 0 {
		gate.Lock()
		for range 5 { // in flight at once
			var a attempt
			switch {
			case len(redo) > 0:
				a, redo = redo[0], redo[1:]
			case next < batches:
				var rows []row
				for i := range size {
					n := next*size + i
					rows = append(rows, row{key: fmt.Sprint(n % 11), value: fmt.Sprint(n)})
				}
				a = attempt{number: next, batch: batchOf(rows...)}
				next++
			default:
				continue
			}
			a.sent = send(t, s, a.batch)
			flying = append(flying, a)
		}
		gate.Unlock()
		settle()
	}
	if faults.Hits() == 0 || retries == 0 {
		t.Fatalf("nothing failed: %d faults, %d batches again", faults.Hits(), retries)
	}
	ends, err := admin(t, addr).ListEndOffsets(t.Context(), "out")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	ends.Each(func(o kadm.ListedOffset) { total += int(o.Offset) })
	seen := map[string]bool{}
	for p, values := range consume(t, addr, "out", total) {
		last := map[int]int{}
		for _, v := range values {
			var n int
			if _, err := fmt.Sscan(v, &n); err != nil {
				t.Fatal(err)
			}
			if !seen[v] && n < last[n%11] {
				t.Errorf("on partition %d, %d comes for the first time after %d", p, n, last[n%11])
			}
			seen[v] = true
			last[n%11] = n
		}
	}
	if len(seen) != batches*size {
		t.Errorf("%d of %d records were written", len(seen), batches*size)
	}
}

func TestEmptyKeysAndValues(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(4, "out")).ListenAddrs()[0]
	s := write(t, connect(t, addr, nil), "out")
	var keyed []row
	for i := range 50 {
		keyed = append(keyed, row{key: "k"}, row{value: fmt.Sprint(i)})
	}
	if err := send(t, s, batchOf(keyed...)).wait(t); err != nil {
		t.Fatal(err)
	}
	with := 0
	for _, values := range consume(t, addr, "out", 100, kgo.ConsumeTopics("out")) {
		if slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
			with++
		}
	}
	if with != 1 {
		t.Errorf("records with an empty key are on %d partitions, and so have no order", with)
	}
}
