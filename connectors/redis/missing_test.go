package redis_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func streamOf(topic string) string { return strings.ReplaceAll(topic, ".", ":") }

// resumes runs a source from positions that is to end with an error.
func resumes(t testing.TB, bus connectors.Bus, topic string, at map[plugins.Partition]plugins.Position) error {
	t.Helper()
	source, err := bus.Reader(bustest.Subscribe(topic), bustest.Env("test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := source.(plugins.Seeker).Seek(at); err != nil {
		t.Fatal(err)
	}
	return bustest.Start(t, source, unassigned{&bustest.Outlet{}}).Err(t)
}

// unassigned is an outlet that leaves it to the source where to begin.
type unassigned struct{ plugins.Outlet }

// readAll reads what there is of a topic, and returns where the source stands then.
func readAll(t testing.TB, bus connectors.Bus, topic string, n int) map[plugins.Partition]plugins.Position {
	t.Helper()
	out := &bustest.Outlet{}
	reading := bustest.Read(t, bus, bustest.Subscribe(topic), out)
	out.Await(t, n)
	reading.Stop(t)
	return out.Positions()
}

// Records that were removed before they were read are missed.
func TestTrimmedStream(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, client, topic := open(t, config(t, addr, nil)), raw(t, addr), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	at := readAll(t, bus, topic, 3)
	if err := client.XTrimMaxLen(t.Context(), streamOf(topic), 0).Err(); err != nil {
		t.Fatal(err)
	}
	readOn := &bustest.Outlet{} // what is gone was read
	reading := bustest.Read(t, bus, bustest.Subscribe(topic), readOn)
	if err := bustest.Put(t, bus, topic, "4"); err != nil {
		t.Fatal(err)
	}
	if values := readOn.Await(t, 1); !slices.Equal(values, []string{"4"}) {
		t.Errorf("%q came", values)
	}
	reading.Stop(t)
	if err := bustest.Put(t, bus, topic, "5", "6", "7"); err != nil {
		t.Fatal(err)
	}
	if err := client.XTrimMaxLen(t.Context(), streamOf(topic), 1).Err(); err != nil {
		t.Fatal(err)
	}
	bustest.Says(t, resumes(t, bus, topic, at), "at least 3 records of stream test:n", "were removed (maxlen, XTRIM or XDEL) before they were read", "onstream state reset")
	bustest.Refused(t, bus, bustest.Subscribe(topic), "at least 2 records of stream test:n", "XGROUP DESTROY for the group \"g\"")
}

func TestStreamMadeAnew(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, client, topic := open(t, config(t, addr, nil)), raw(t, addr), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	at := readAll(t, bus, topic, 3)
	if err := client.Del(t.Context(), streamOf(topic)).Err(); err != nil {
		t.Fatal(err)
	}
	bustest.Says(t, resumes(t, bus, topic, at), "stream test:n", "is gone, with what was not read of it", "onstream state reset")
	if err := client.XAdd(t.Context(), &goredis.XAddArgs{Stream: streamOf(topic), ID: "5-0", Values: []any{"value", "x"}}).Err(); err != nil {
		t.Fatal(err)
	}
	bustest.Says(t, resumes(t, bus, topic, at), "ends with record 5-0, and the position is after record", "the stream was made anew or has lost its end")
}

func TestStreamDeletedWhileRead(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, topic := open(t, config(t, addr, nil)), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1"); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	reading := bustest.Read(t, bus, bustest.Subscribe(topic), out)
	out.Await(t, 1)
	if err := raw(t, addr).Del(t.Context(), streamOf(topic)).Err(); err != nil {
		t.Fatal(err)
	}
	bustest.Says(t, reading.Err(t), "the stream was deleted while it was read: what was in it and not read is lost; start again to begin with what is there")
}

// A record that was handed over, not finished, and deleted cannot come again: that is said.
func TestRecordDeletedBeforeItWasFinished(t *testing.T) {
	t.Parallel()
	addr := server(t)
	bus, topic := open(t, config(t, addr, nil)), bustest.Unused()
	if err := bustest.Put(t, bus, topic, "1", "2"); err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	out.Hold()
	reading := bustest.Read(t, bus, bustest.Subscribe(topic), out)
	out.Await(t, 2)
	if err := raw(t, addr).XTrimMaxLen(t.Context(), streamOf(topic), 0).Err(); err != nil {
		t.Fatal(err)
	}
	out.Nack(errors.New("not now"))
	bustest.Says(t, reading.Err(t), "was deleted before it was finished", "onstream state reset")
}
