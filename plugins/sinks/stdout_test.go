package sinks_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sinks"
)

func stdout(t testing.TB, p *pieces, env plugins.Env) plugins.Sink {
	t.Helper()
	s, err := kind(t, "stdout", sinks.Streams{Out: p}).New(plugins.Config{}, env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStdoutWritesABatchAtOnce(t *testing.T) {
	t.Parallel()
	env := environment()
	var p pieces
	s := stdout(t, &p, env)
	must(t, s, batch(env.Pool, "a", "b", "", "c"))
	b := batch(env.Pool, "d", "gone", "e")
	b.Sel = []uint32{0, 2}
	must(t, s, b)
	if p.String() != "a\nb\n\nc\nd\ne\n" || p.writes != 2 {
		t.Errorf("%d writes of %q", p.writes, p.String())
	}
}

func TestStdoutEndsRecordsThatAreNot(t *testing.T) {
	t.Parallel()
	env := environment()
	var p pieces
	b := env.Pool.Batch()
	b.Data = []byte("a\r\nb\r\nclast")
	b.Values = []plugins.Span{{Off: 0, Len: 1}, {Off: 3, Len: 1}, {Off: 6, Len: 1}, {Off: 7, Len: 4}}
	b.SelectAll(4)
	must(t, stdout(t, &p, env), b)
	if p.String() != "a\nb\nc\nlast\n" {
		t.Errorf("written %q", p.String())
	}
}

func TestStdoutPreamble(t *testing.T) {
	t.Parallel()
	env := environment()
	var p pieces
	s := stdout(t, &p, env)
	for _, r := range []string{"1,2", "3,4"} {
		b := batch(env.Pool, r)
		b.Preamble = []byte("x,y")
		must(t, s, b)
	}
	if p.String() != "x,y\n1,2\n3,4\n" {
		t.Errorf("written %q", p.String())
	}
	b := batch(env.Pool, "5")
	b.Preamble = []byte("z")
	if err := send(t, s, b); !plugins.IsPermanent(err) || !strings.Contains(err.Error(), `begins with "x,y"`) {
		t.Errorf("error %v", err)
	}
}

func TestStdoutErrors(t *testing.T) {
	t.Parallel()
	for err, permanent := range map[error]bool{
		syscall.EPIPE: true, io.ErrClosedPipe: true, os.ErrClosed: true,
		syscall.ENOSPC: false, syscall.EDQUOT: false, syscall.EAGAIN: false, syscall.EIO: false,
	} {
		env := environment()
		got := send(t, stdout(t, &pieces{err: &os.PathError{Op: "write", Err: err}}, env), batch(env.Pool, "a"))
		if plugins.IsPermanent(got) != permanent || !errors.Is(got, err) {
			t.Errorf("error %v", got)
		}
	}
}

// narrow is a disk that is full again and again: it takes so many bytes at a
// time, and then none.
type narrow struct {
	strings.Builder
	room func() int
}

func (n *narrow) Write(p []byte) (int, error) {
	k := min(n.room(), len(p))
	n.Builder.Write(p[:k])
	if k < len(p) {
		return k, syscall.ENOSPC
	}
	return k, nil
}

// A full disk tears and repeats nothing, whichever of two sinks writes next
// and whether the batch that failed comes again or is given up.
func TestStdoutOnAFullDisk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		disk := &narrow{room: func() int { return rapid.SampledFrom([]int{0, 1, 3, 7, 40, 100_000}).Draw(t, "room") }}
		k := registered(sinks.Streams{Out: disk})
		type writer struct {
			sink  plugins.Sink
			batch *plugins.Batch // that is to come again
			from  int            // its first record
			whole map[int]bool   // records that are told to be out
			given map[int]bool   // records that were given up, but for the first of a batch
		}
		var writers [2]writer
		env := environment()
		for i := range writers {
			s, err := k.New(plugins.Config{}, env)
			if err != nil {
				t.Fatal(err)
			}
			writers[i] = writer{sink: s, whole: map[int]bool{}, given: map[int]bool{}}
		}
		record := func(writer, n int) string {
			return fmt.Sprintf("%d:%05d%s", writer, n, strings.Repeat(".", n%5*5000))
		}
		next := 0
		for range rapid.IntRange(1, 30).Draw(t, "writes") {
			i := rapid.IntRange(0, 1).Draw(t, "writer")
			w := &writers[i]
			if w.batch != nil && rapid.IntRange(0, 9).Draw(t, "give up") == 0 {
				for _, row := range w.batch.Sel[1:] {
					w.given[w.from+int(row)] = true
				}
				w.batch.Release() // its memory is the next one's
				w.batch = nil
			}
			const size = 4
			if w.batch == nil {
				var values []string
				for n := range size {
					values = append(values, record(i, next+n))
				}
				w.batch, w.from = batch(env.Pool, values...), next
				w.batch.Preamble = fmt.Appendf(nil, "%d:head", i)
				next += size
			}
			err := w.sink.Write(t.Context(), w.batch, func(error) {})
			if plugins.IsPermanent(err) {
				t.Fatal(err)
			}
			sel := w.batch.Sel
			strike(w.batch, err)
			if err == nil {
				w.batch.Sel = nil
			}
			for _, row := range sel[:len(sel)-len(w.batch.Sel)] {
				w.whole[w.from+int(row)] = true
			}
			if err == nil {
				w.batch = nil
			}
		}
		disk.room = func() int { return 1 << 20 }
		for i := range writers { // what is torn now is ended by the next write
			b := batch(env.Pool)
			b.Preamble = fmt.Appendf(nil, "%d:head", i)
			if err := writers[i].sink.Write(t.Context(), b, func(error) {}); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]int{}
		last := [2]int{-1, -1}
		for line := range strings.Lines(disk.String()) {
			seen[line]++
			var i, n int
			if strings.HasSuffix(line, ":head\n") {
				continue
			}
			if _, err := fmt.Sscanf(line, "%d:%05d", &i, &n); err != nil || line != record(i, n)+"\n" || n <= last[i] {
				t.Fatalf("torn, repeated or out of order: %.20q (%d bytes)", line, len(line))
			}
			last[i] = n
		}
		for i, w := range writers {
			if head := fmt.Sprintf("%d:head\n", i); seen[head] != 1 {
				t.Fatalf("the header is there %d times", seen[head])
			}
			for n := range w.whole {
				if seen[record(i, n)+"\n"] != 1 {
					t.Fatalf("record %d was lost", n)
				}
			}
			for n := range w.given {
				if seen[record(i, n)+"\n"] != 0 {
					t.Fatalf("record %d was given up and is out", n)
				}
			}
		}
	})
}

// Whatever is selected and wherever it stands: records come out whole, in
// order, each with its end.
func TestStdoutWritesWhatIsSelected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		env := environment()
		term := rapid.SampledFrom([]string{"\n", "\r\n", ""}).Draw(t, "terminator")
		env.Framing.Terminator = []byte(term)
		b := env.Pool.Batch()
		b.Values = b.SpareValues()
		var want strings.Builder
		n := rapid.IntRange(0, 30).Draw(t, "records")
		b.Len = n
		for i := range n {
			size := rapid.SampledFrom([]int{0, 1, 50, 20_000, 70_000}).Draw(t, "size")
			value := strings.Repeat(fmt.Sprint(i%10), size)
			b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(size)})
			b.Data = append(b.Data, value...)
			b.Data = append(b.Data, rapid.SampledFrom([]string{term, "", "junk", term + "junk"}).Draw(t, "behind")...)
			if rapid.Bool().Draw(t, "selected") {
				b.Sel = append(b.Sel, uint32(i))
				want.WriteString(value + term)
			}
		}
		var p pieces
		k := registered(sinks.Streams{Out: &p})
		s, err := k.New(plugins.Config{}, env)
		if err != nil {
			t.Fatal(err)
		}
		answered := false
		if err := s.Write(t.Context(), b, func(error) { answered = true }); err != nil || !answered {
			t.Fatal(err)
		}
		if p.String() != want.String() {
			t.Errorf("%d bytes written, want %d", p.Len(), want.Len())
		}
	})
}

func registered(s sinks.Streams) plugins.SinkKind {
	var r plugins.Registry
	if err := sinks.Register(&r, s); err != nil {
		panic(err)
	}
	k, _ := r.Sink("stdout")
	return k
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkRuns(b *testing.B) {
	env := environment()
	record := strings.Repeat("x", 142)
	for name, step := range map[string]int{"all": 1, "tenth": 10} {
		b.Run(name, func(b *testing.B) {
			records := make([]string, 1800)
			for i := range records {
				records[i] = record
			}
			full := batch(env.Pool, records...)
			full.Sel = full.Sel[:0]
			for i := 0; i < full.Len; i += step {
				full.Sel = append(full.Sel, uint32(i))
			}
			s, err := registered(sinks.Streams{Out: nowhere{}}).New(plugins.Config{}, env)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Write(b.Context(), full, func(error) {})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(full.Sel)), "ns/record")
		})
	}
}
