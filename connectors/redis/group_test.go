package redis_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors/bustest"
)

// What is acknowledged after the source has ended counts, too.
func TestLateAcknowledgement(t *testing.T) {
	t.Parallel()
	bus, topic := open(t, config(t, server(t), nil)), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	out.Hold()
	reading := bustest.Read(t, bus, bustest.Subscribe(topic), out)
	out.Await(t, 3)
	reading.Stop(t)
	out.Free()
	next := &bustest.Outlet{}
	bustest.Read(t, bus, bustest.Subscribe(topic), next)
	if err := bustest.Put(t, bus, topic, "4"); err != nil {
		t.Fatal(err)
	}
	if values := next.Await(t, 1); !slices.Equal(values, []string{"4"}) {
		t.Errorf("%q came to the next source", values)
	}
}

// Somebody who does not know that the stream is another's reads in the group: its records come to
// the one who has the lease, before later ones.
func TestStolenRecords(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, client, topic := open(t, config(t, addr, nil)), raw(t, addr), bustest.Unused()
	out := &bustest.Outlet{}
	bustest.Read(t, bus, bustest.Subscribe(topic), out)
	if err := bustest.Put(t, bus, topic, "0"); err != nil {
		t.Fatal(err)
	}
	out.Await(t, 1)
	var want []string
	for i := range 200 {
		want = append(want, strconv.Itoa(i))
		if i == 0 {
			continue
		}
		if err := bustest.Put(t, bus, topic, strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		// A former member of the group, under the name that all of them have.
		err := client.XReadGroup(t.Context(), &goredis.XReadGroupArgs{Group: "g", Consumer: "onstream", Streams: []string{streamOf(topic), ">"}, Block: -1}).Err()
		if err != nil && !errors.Is(err, goredis.Nil) {
			t.Fatal(err)
		}
	}
	if values := out.Await(t, 200); !slices.Equal(values, want) {
		t.Errorf("%q came", values)
	}
}

// What another program of the group has left unfinished is claimed when it was silent for long.
func TestClaimed(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, client, topic := open(t, config(t, addr, nil)), raw(t, addr), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	if err := client.XGroupCreate(t.Context(), streamOf(topic), "g", "0").Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.XReadGroup(t.Context(), &goredis.XReadGroupArgs{Group: "g", Consumer: "other", Count: 2, Streams: []string{streamOf(topic), ">"}}).Err(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	out := &bustest.Outlet{}
	bustest.Read(t, bus, bustest.Subscribe(topic), out)
	if values := out.Await(t, 3); !slices.Equal(values, []string{"1", "2", "3"}) {
		t.Errorf("%q came", values)
	}
	if waited := time.Since(began); waited < 500*time.Millisecond {
		t.Errorf("the other program was given %v, and claim_idle is a second", waited)
	}
}
