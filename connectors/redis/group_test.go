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
	bus, topic := open(t, config(t, server(t), nil)), unused()
	if err := put(t, bus, topic, "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	out.Hold()
	_, stop := run(t, bus, subscription(topic), out)
	comes(t, out, 3)
	stop()
	out.Free()
	next := &bustest.Outlet{}
	run(t, bus, subscription(topic), next)
	if err := put(t, bus, topic, "4"); err != nil {
		t.Fatal(err)
	}
	if values := comes(t, next, 1); !slices.Equal(values, []string{"4"}) {
		t.Errorf("%q came to the next source", values)
	}
}

// Somebody who does not know that the stream is another's reads in the group: its records come to
// the one who has the lease, before later ones.
func TestStolenRecords(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, client, topic := open(t, config(t, addr, nil)), raw(t, addr), unused()
	out := &bustest.Outlet{}
	run(t, bus, subscription(topic), out)
	if err := put(t, bus, topic, "0"); err != nil {
		t.Fatal(err)
	}
	comes(t, out, 1)
	var want []string
	for i := range 200 {
		want = append(want, strconv.Itoa(i))
		if i == 0 {
			continue
		}
		if err := put(t, bus, topic, strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		// A former member of the group, under the name that all of them have.
		err := client.XReadGroup(t.Context(), &goredis.XReadGroupArgs{Group: "g", Consumer: "onstream", Streams: []string{streamOf(topic), ">"}, Block: -1}).Err()
		if err != nil && !errors.Is(err, goredis.Nil) {
			t.Fatal(err)
		}
	}
	if values := comes(t, out, 200); !slices.Equal(values, want) {
		t.Errorf("%q came", values)
	}
}

// What another program of the group has left unfinished is claimed when it was silent for long.
func TestClaimed(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, client, topic := open(t, config(t, addr, nil)), raw(t, addr), unused()
	if err := put(t, bus, topic, "1", "2", "3"); err != nil {
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
	run(t, bus, subscription(topic), out)
	if values := comes(t, out, 3); !slices.Equal(values, []string{"1", "2", "3"}) {
		t.Errorf("%q came", values)
	}
	if waited := time.Since(began); waited < 500*time.Millisecond {
		t.Errorf("the other program was given %v, and claim_idle is a second", waited)
	}
}
