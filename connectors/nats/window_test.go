package nats

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// However answers come, each batch is answered once, in order what is stored is said to be, and
// behind what failed for a while everything is written again.
func TestWindowKeepsOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 8).Draw(t, "window")
		w := newWindow(size)
		broken := errors.New("broken")
		next := 0      // the next record to be written
		var kept []int // stored, as the engine knows
		var refused []int
		type parcel struct {
			first    int
			rows     []uint32
			answered int
			err      error
		}
		var parcels []*parcel
		flying := map[int]int{} // record by slot
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			waiting, _, made := w.state()
			if n := size - waiting; n > 0 && rapid.Bool().Draw(t, "write") {
				n = rapid.IntRange(0, n).Draw(t, "records")
				p := &parcel{first: next}
				b := &plugins.Batch{}
				b.SelectAll(n)
				p.rows = slices.Clone(b.Sel)
				next += n
				tell := func(err error) { p.answered++; p.err = err }
				s := w.begin(b, tell)
				if s == nil { // it came before what failed in front of it
					s = w.begin(b, tell)
				}
				got, first, err := 0, uint64(0), error(nil)
				if n > 0 {
					got, first, err = w.reserve(t.Context(), s, b.Sel, make([]string, n))
				}
				w.end(s)
				if err != nil || got != n {
					t.Fatalf("there is room for %d of %d records: %v", got, n, err)
				}
				for i := range got {
					flying[int((first+uint64(i))%uint64(size))] = p.first + i
				}
				parcels = append(parcels, p)
				continue
			}
			if len(flying) == 0 {
				continue
			}
			slots := []int{}
			for slot := range flying {
				slots = append(slots, slot)
			}
			slices.Sort(slots)
			slot := rapid.SampledFrom(slots).Draw(t, "slot")
			switch rapid.IntRange(0, 9).Draw(t, "answer") {
			case 0:
				w.fail(made, broken)
				clear(flying)
				w.stored(made, slot) // an answer that comes too late
			case 1:
				w.refuse(made, slot, plugins.Failure{Code: "rejected"})
				refused = append(refused, flying[slot])
				delete(flying, slot)
			default:
				w.stored(made, slot)
				delete(flying, slot)
			}
		}
		_, _, made := w.state()
		for len(flying) > 0 {
			for slot := range flying {
				w.stored(made, slot)
				delete(flying, slot)
			}
		}
		for _, p := range parcels {
			if p.answered != 1 {
				t.Fatalf("a batch was answered %d times", p.answered)
			}
			done, failed := len(p.rows), plugins.RowErrors(nil)
			if part, ok := errors.AsType[*plugins.PartialError](p.err); ok {
				done, failed = part.Done, part.Failed
			} else if errors.Is(p.err, broken) {
				done = 0
			} else if p.err != nil && !errors.As(p.err, &failed) {
				t.Fatal(p.err)
			}
			for i := range done {
				if !slices.ContainsFunc(failed, func(f plugins.Failure) bool { return f.Row == uint32(i) }) {
					kept = append(kept, p.first+i)
				} else if !slices.Contains(refused, p.first+i) {
					t.Errorf("record %d is said to be refused, and was not", p.first+i)
				}
			}
		}
		if !slices.IsSorted(kept) {
			t.Errorf("records are said to be stored in the order %v", kept)
		}
		if n, _, _ := w.state(); n != 0 {
			t.Errorf("%d records wait for ever", n)
		}
	})
}
