package spool_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

func TestDeliversInOrderAndEnds(t *testing.T) {
	t.Parallel()
	e, err := run(t.Context(), t, sending([]string{"a", "b"}, []string{"c"}, []string{"", "d"}), t.TempDir(), spool.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.got(); got != "a b c  d" {
		t.Errorf("got %q", got)
	}
	if !slices.Equal(e.offsets, []int64{1, 2, 3, 4, 5}) {
		t.Errorf("offsets %v", e.offsets)
	}
	if len(e.done) != 1 || e.done[0].Name != spool.PartitionName {
		t.Errorf("done: %v", e.done)
	}
}

func TestAnErrorOfTheSourceStopsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := errors.New("broken")
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		return errors.Join(sending([]string{"a"}, []string{"b"})(ctx, out), broken)
	})
	s := wrap(t, inner, dir, spool.Options{})
	e := newEngine()
	e.limit, e.keep = 1, true // the engine is held up
	if err := s.Run(t.Context(), e); !errors.Is(err, broken) {
		t.Fatalf("Run: %v", err)
	}
	again, err := run(t.Context(), t, ending, dir, spool.Options{}, nil)
	if err != nil || again.got() != "a b" {
		t.Errorf("the next run got %q, %v", again.got(), err)
	}
}

func TestResumesAtAPosition(t *testing.T) {
	t.Parallel()
	for _, segment := range []int64{1, 60, 1 << 20} {
		t.Run(fmt.Sprint(segment), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			o := spool.Options{SegmentBytes: segment}
			var groups [][]string
			for i := range 20 {
				groups = append(groups, []string{fmt.Sprint(2 * i), fmt.Sprint(2*i + 1)})
			}
			s := wrap(t, sending(groups...), dir, o)
			first := newEngine()
			first.keep = true
			if err := s.Run(t.Context(), first); err != nil {
				t.Fatal(err)
			}
			for at, position := range first.next {
				e, err := run(t.Context(), t, ending, dir, spool.Options{SegmentBytes: segment}, position)
				if err != nil {
					t.Fatal(err)
				}
				if want := strings.Join(first.records[at:], " "); e.got() != want {
					t.Errorf("from %d: got %q, want %q", at, e.got(), want)
				}
				break // what is before the position is removed by this run
			}
		})
	}
}

// TestPositionsThatAreNotThere looks for guesses.
func TestPositionsThatAreNotThere(t *testing.T) {
	t.Parallel()
	long, short, other := t.TempDir(), t.TempDir(), t.TempDir()
	o := spool.Options{SegmentBytes: 1}
	e, err := run(t.Context(), t, sending([]string{"a"}, []string{"b"}, []string{"c"}), long, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := e.next[1], e.next[3]
	if _, err := run(t.Context(), t, sending([]string{"a"}), other, o, nil); err != nil {
		t.Fatal(err)
	}
	whole := newEngine()
	whole.keep = true // so that nothing is removed
	if err := wrap(t, sending([]string{"a"}, []string{"b"}, []string{"c"}), short, o).Run(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the removal of what was acknowledged", func() bool {
		_, err := run(t.Context(), t, ending, long, o, end)
		return err == nil && len(segments(t, long)) == 1
	})
	for name, tt := range map[string]struct {
		dir  string
		at   plugins.Position
		want string
	}{
		"before the first":      {long, begin, "entry 2 is to be read next, but 00000000000000000003.log begins at offset 64 with entry 3: restore"},
		"another spool":         {other, end, "the stored position is of another spool"},
		"another version":       {long, plugins.Position{9, 9}, "it was made by another version"},
		"damaged":               {long, end[:5], "it is damaged"},
		"of a missing last one": {short, whole.next[3], "00000000000000000002.log is damaged at offset 110: the file ends there, but entries 3 to 3 were acknowledged"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.dir == short {
				remove(t, filepath.Join(short, "00000000000000000003.log"))
			}
			s := wrap(t, ending, tt.dir, o)
			err := s.Seek(resume(tt.at))
			if err == nil {
				err = s.Run(t.Context(), newEngine())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAcknowledgesAfterTheSyncAndManyAtOnce(t *testing.T) {
	t.Parallel()
	const handed = 20
	disk := newMemory()
	var syncs atomic.Int32
	reached, goOn := make(chan struct{}), make(chan struct{})
	disk.fail = func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".log") && syncs.Add(1) == 2 { // the first is of the recovery
			close(reached)
			<-goOn
		}
		return nil
	}
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		first, err := hand(ctx, out, "first")
		if err != nil {
			return err
		}
		<-reached
		var rest []verdict
		for i := range handed {
			v, err := hand(ctx, out, fmt.Sprint(i))
			if err != nil {
				return err
			}
			rest = append(rest, v)
		}
		select {
		case err := <-first:
			return errors.Join(errors.New("decided before the sync"), err)
		default:
		}
		close(goOn)
		for _, v := range append(rest, first) {
			if err := <-v; err != nil {
				return err
			}
		}
		return nil
	})
	e, err := run(t.Context(), t, inner, "d", spool.Options{}.On(disk), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.records) != handed+1 || syncs.Load() != 3 {
		t.Errorf("%d records with %d syncs", len(e.records), syncs.Load())
	}
}

func TestQuotaHoldsTheSourceUp(t *testing.T) {
	t.Parallel()
	big := []string{strings.Repeat("x", 3000)}
	e := newEngine()
	e.keep = true
	held := make(chan struct{})
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		if err := sending(big, big, big)(ctx, out); err != nil {
			return err
		}
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		if _, err := hand(short, out, big...); !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("more than the quota was taken: %w", err)
		}
		close(held)
		// The next but one is larger than the quota: it waits until nothing else
		// is needed.
		return sending(big, []string{strings.Repeat("y", 20000)}, []string{"b"})(ctx, out)
	})
	s := wrap(t, inner, t.TempDir(), spool.Options{MaxBytes: 10000})
	result := make(chan error, 1)
	go func() { result <- s.Run(t.Context(), e) }()
	e.until(t, 3)
	<-held
	if st := s.Stats(); st.Records != 3 || st.MaxBytes != 10000 || st.Bytes < 9000 || st.Bytes > 10000 {
		t.Errorf("stats %+v", st)
	}
	e.acknowledge()
	e.until(t, 4)
	e.acknowledge()
	e.until(t, 5)
	e.acknowledge()
	if err := <-result; err != nil {
		t.Errorf("Run: %v", err)
	}
	if len(e.records) != 6 || e.records[5] != "b" {
		t.Errorf("%d records", len(e.records))
	}
}

// TestNothingBehindAHoleIsRemoved has the engine give up a delivery: it and all
// behind it come again.
func TestNothingBehindAHoleIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := spool.Options{SegmentBytes: 1}
	d := &delivered{}
	if err := wrap(t, sending([]string{"a"}, []string{"b"}, []string{"c"}), dir, o).Run(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	again := &delivered{}
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		eventually(t, "the delivery", func() bool { return again.count() == 3 })
		again.all[0].Nack(errors.New("given up"))
		again.all[1].Ack()
		again.all[2].Ack()
		return sending([]string{"d"})(ctx, out)
	})
	if err := wrap(t, inner, dir, o).Run(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	e, err := run(t.Context(), t, ending, dir, o, nil)
	if err != nil || e.got() != "a b c d" {
		t.Errorf("got %q, %v", e.got(), err)
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := newEngine()
	start(t, wrap(t, feed(func(ctx context.Context, out plugins.Outlet) error {
		return errors.Join(sending([]string{"a"})(ctx, out), silent(ctx, out))
	}), dir, spool.Options{}), e)
	e.until(t, 1)
	_, err := run(t.Context(), t, ending, dir, spool.Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "is in use by another onstream process: stop that one") {
		t.Errorf("got %v", err)
	}
}

func TestRecordsWithoutPayloadAreRefused(t *testing.T) {
	t.Parallel()
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		b := out.Batch()
		b.SelectAll(1)
		b.NewColumn("n", plugins.Int).Ints[0] = 1
		return out.Hand(ctx, plugins.Delivery{Batch: b})
	})
	_, err := run(t.Context(), t, inner, t.TempDir(), spool.Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "a spool keeps payloads, and these records have none") {
		t.Errorf("got %v", err)
	}
}
