package bustest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// hand gives an outlet a record of a partition, whose answer is noted.
func hand(ctx context.Context, o *bustest.Outlet, id int32, value string, answers *[]string) error {
	part := plugins.Partition{Name: "t", ID: id}
	w := connectors.NewBuilder(o.Batch(), part, plugins.Framing{})
	w.Add(connectors.Record{Value: []byte(value)})
	return o.Hand(ctx, plugins.Delivery{
		Batch: w.Batch(),
		Next:  plugins.Position(value),
		Ack:   func() { *answers = append(*answers, "ack "+value) },
		Nack:  func(err error) { *answers = append(*answers, "nack "+value) },
	})
}

func TestOutletAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func(*bustest.Outlet)
		want   []string
	}{
		{"nothing", func(*bustest.Outlet) {}, nil},
		{"all", (*bustest.Outlet).AckAll, []string{"ack a0", "ack a1", "ack b0", "ack a2"}},
		{"but the last", func(o *bustest.Outlet) { o.AckButLast() }, []string{"ack a0", "ack a1"}},
		{"through", func(o *bustest.Outlet) { o.AckThrough(func(r bustest.Record) bool { return r.Value == "a1" }) }, []string{"ack a0", "ack a1", "ack b0"}},
		{"the first refused", func(o *bustest.Outlet) { o.Nack(errors.New("no")) }, []string{"nack a0", "nack b0", "ack a1", "ack a2"}},
		{"set free", (*bustest.Outlet).Free, []string{"ack a0", "ack a1", "ack b0", "ack a2"}},
		{"lost", func(o *bustest.Outlet) { o.Lost([]plugins.Partition{{Name: "t"}}); o.AckAll() }, []string{"ack b0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var answers []string
			o := &bustest.Outlet{}
			o.Hold()
			for _, value := range []string{"a0", "a1", "b0", "a2"} {
				if err := hand(t.Context(), o, int32(value[0]-'a'), value, &answers); err != nil {
					t.Fatal(err)
				}
			}
			c.answer(o)
			if !slices.Equal(answers, c.want) {
				t.Errorf("the answers are %q, and should be %q", answers, c.want)
			}
			if at := o.Positions(); string(at[plugins.Partition{Name: "t"}]) != "a2" {
				t.Errorf("the positions are %v", at)
			}
		})
	}
}

// What a lost connection has brought twice is refused twice: the source listens to the second one only.
func TestOutletRefusesWhatCameAgain(t *testing.T) {
	t.Parallel()
	var answers []string
	o := &bustest.Outlet{}
	o.Hold()
	for _, value := range []string{"a0", "a1", "a0", "a1"} {
		if err := hand(t.Context(), o, 0, value, &answers); err != nil {
			t.Fatal(err)
		}
	}
	refused := o.Nack(errors.New("no"))
	if want := []string{"nack a0", "nack a0", "ack a1", "ack a1"}; !slices.Equal(answers, want) || len(refused) != 1 {
		t.Errorf("the answers are %q, and should be %q; %d records were refused, and should be one", answers, want, len(refused))
	}
}

func TestOutletBlocks(t *testing.T) {
	t.Parallel()
	var answers []string
	o := &bustest.Outlet{}
	o.Block(0)
	if err := hand(t.Context(), o, 1, "b", &answers); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := hand(ctx, o, 0, "a", &answers); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a partition that is blocked took a record: %v", err)
	}
	o.Unblock()
	if err := hand(t.Context(), o, 0, "a", &answers); err != nil || !slices.Equal(answers, []string{"ack b", "ack a"}) {
		t.Errorf("%v, %q", err, answers)
	}
}

func TestOutletWaitsForARevokedPartition(t *testing.T) {
	t.Parallel()
	var answers []string
	o := &bustest.Outlet{}
	o.Hold()
	p := plugins.Partition{Name: "t"}
	start, err := o.Assigned(t.Context(), []plugins.Assignment{{Partition: p, Committed: plugins.Position("x"), Owner: "me"}})
	if err != nil || string(start[p]) != "x" {
		t.Fatalf("it starts at %v, %v", start, err)
	}
	if err := hand(t.Context(), o, 0, "a", &answers); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := o.Revoking(ctx, []plugins.Partition{p}); err == nil {
		t.Error("a partition was given away that is still worked on")
	}
	o.Free()
	if err := o.Revoking(t.Context(), []plugins.Partition{p}); err != nil || len(o.Assignments()) > 0 {
		t.Errorf("%v, %v", err, o.Assignments())
	}
}
