package spool_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// counting is an engine that counts and acknowledges.
type counting struct {
	pool    *plugins.Pool
	records atomic.Int64
	all     int64
	done    chan struct{}
}

func (c *counting) Batch() *plugins.Batch { return c.pool.Batch() }

func (c *counting) Hand(_ context.Context, d plugins.Delivery) error {
	n := c.records.Add(int64(d.Batch.Len))
	d.Batch.Release()
	d.Ack()
	if n == c.all {
		close(c.done)
	}
	return nil
}

func (c *counting) Done(plugins.Partition) {}

// BenchmarkSpool appends and reads batches of 100 records of 143 bytes: an
// operation is a record.
func BenchmarkSpool(b *testing.B) {
	record := strings.Repeat("x", 143)
	pool := new(plugins.Pool)
	e := &counting{pool: pool, all: int64((b.N + 99) / 100 * 100), done: make(chan struct{})}
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		for range e.all / 100 {
			batch := out.Batch()
			batch.Grow(100 * len(record))
			batch.Values = batch.SpareValues()
			for range 100 {
				batch.Values = append(batch.Values, plugins.Span{Off: uint32(len(batch.Data)), Len: uint32(len(record))})
				batch.Data = append(batch.Data, record...)
			}
			batch.SelectAll(100)
			if err := out.Hand(ctx, plugins.Delivery{Batch: batch}); err != nil {
				return err
			}
		}
		<-e.done
		return nil
	})
	s, err := spool.Wrap(inner, b.TempDir(), pool, spool.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(record)))
	b.ResetTimer()
	if err := s.Run(b.Context(), e); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRoundTrip waits for each record: an operation is an fsync, and the
// way to the engine.
func BenchmarkRoundTrip(b *testing.B) {
	pool := new(plugins.Pool)
	e := &counting{pool: pool, all: int64(b.N), done: make(chan struct{})}
	inner := feed(func(ctx context.Context, out plugins.Outlet) error {
		for range b.N {
			if err := sending([]string{"x"})(ctx, out); err != nil {
				return err
			}
		}
		return nil
	})
	s, err := spool.Wrap(inner, b.TempDir(), pool, spool.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if err := s.Run(b.Context(), e); err != nil {
		b.Fatal(err)
	}
}
