package bustest

import (
	"errors"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Batch returns a batch of records.
func Batch(records ...connectors.Record) *plugins.Batch {
	w := connectors.NewBuilder(new(plugins.Pool).Batch(), plugins.Partition{}, framing)
	for _, r := range records {
		w.Add(r)
	}
	return w.Batch()
}

// Records returns records of values alone.
func Records(values ...string) []connectors.Record {
	records := make([]connectors.Record, len(values))
	for i, v := range values {
		records[i].Value = []byte(v)
	}
	return records
}

// Give gives a sink a batch of values, and returns what it answers.
func Give(t testing.TB, sink plugins.Sink, values ...string) error {
	t.Helper()
	done := make(chan error, 1)
	if err := sink.Write(t.Context(), Batch(Records(values...)...), func(err error) { done <- err }); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("a batch was not answered for")
		return nil
	}
}

// Put writes values to a topic with a sink of its own, and returns what it answers.
func Put(t testing.TB, bus connectors.Bus, topic string, values ...string) error {
	t.Helper()
	sink := opened(t, bus, topic)
	defer finish(t, sink)
	return Give(t, sink, values...)
}

// Insist is Put, again and again while that fails for a while, as the engine does.
func Insist(t testing.TB, bus connectors.Bus, topic string, values ...string) error {
	t.Helper()
	sink := opened(t, bus, topic)
	defer finish(t, sink)
	return Persist(t, sink, Batch(Records(values...)...))
}

// Persist writes a batch, again and again while that fails for a while, as the engine does, and returns
// what the sink answers at last.
func Persist(t testing.TB, sink plugins.Sink, b *plugins.Batch) error {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		done := make(chan error, 1)
		if err := sink.Write(t.Context(), b, func(err error) { done <- err }); err != nil {
			done <- err
		}
		err := <-done
		var rows plugins.RowErrors
		var part *plugins.PartialError
		switch {
		case err == nil || errors.As(err, &rows) || plugins.IsPermanent(err):
			return err
		case time.Now().After(end):
			t.Fatalf("it goes on to fail: %v", err)
		case errors.As(err, &part):
			b.Sel = b.Sel[part.Done:]
		}
	}
}

// Open opens a sink of a topic and closes it, and returns what it says to the former.
func Open(t testing.TB, bus connectors.Bus, topic string) error {
	t.Helper()
	sink := sinkOf(t, bus, topic)
	defer finish(t, sink)
	return sink.(plugins.Opener).Open(t.Context())
}

func sinkOf(t testing.TB, bus connectors.Bus, topic string) plugins.Sink {
	t.Helper()
	sink, err := bus.Writer(connectors.Publication{Topic: connectors.Topic(topic)}, Env("sink.out"))
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

// opened returns a sink that was opened; what is wrong then, it says when it is written to as well.
func opened(t testing.TB, bus connectors.Bus, topic string) plugins.Sink {
	t.Helper()
	sink := sinkOf(t, bus, topic)
	if o, ok := sink.(plugins.Opener); ok {
		if err := o.Open(t.Context()); err != nil {
			t.Logf("the sink opens with: %v", err)
		}
	}
	return sink
}

func finish(t testing.TB, sink plugins.Sink) {
	t.Helper()
	if c, ok := sink.(plugins.Closer); ok {
		if err := c.Close(t.Context()); err != nil {
			t.Errorf("close the sink: %v", err)
		}
	}
}
