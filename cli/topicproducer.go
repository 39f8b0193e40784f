package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/onstream/onstream/plugins"
)

// producePause is the longest pause before a batch is written again.
const producePause = 10 * time.Second

// producer gives a sink one batch after the other.
type producer struct {
	sink plugins.Sink
	env  plugins.Env
	talk io.Writer
	// opened is called when the sink can be written; nil for nothing.
	opened func()

	confirmed, refused int64
}

func (w *producer) all(ctx context.Context, in *lineReader) error {
	if o, ok := w.sink.(plugins.Opener); ok {
		if err := o.Open(ctx); err != nil {
			return err
		}
	}
	if w.opened != nil {
		w.opened()
	}
	parts := make(chan part)
	go in.run(ctx, parts)
	for {
		select {
		case p := <-parts:
			if p.batch != nil {
				if err := w.batch(ctx, p.batch, p.first); err != nil {
					return err
				}
			}
			if errors.Is(p.err, io.EOF) {
				return nil
			}
			if p.err != nil {
				return p.err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// batch writes a batch until it is confirmed, or refused. First is the number of
// its first line.
func (w *producer) batch(ctx context.Context, b *plugins.Batch, first int64) error {
	wait := 100 * time.Millisecond
	for told := false; ; told = true {
		err := w.write(ctx, b)
		if partial, ok := errors.AsType[*plugins.PartialError](err); ok {
			w.count(partial.Done, partial.Failed, first)
			b.Sel = b.Sel[partial.Done:]
			err = partial.Err
		}
		refused, someRefused := errors.AsType[plugins.RowErrors](err)
		switch {
		case err == nil, someRefused:
			w.count(len(b.Sel), refused, first)
			b.Release()
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("stopped at line %d: %w", first, err)
		case plugins.IsPermanent(err):
			return err
		case !told:
			fmt.Fprintf(w.talk, "writing again until it is confirmed: %v\n", err)
		}
		if err := w.env.Wait(ctx, wait); err != nil {
			return fmt.Errorf("stopped at line %d: %w", first, err)
		}
		wait = min(2*wait, producePause)
	}
}

// write gives the sink a batch and waits for its answer.
func (w *producer) write(ctx context.Context, b *plugins.Batch) error {
	answer := make(chan error, 1)
	if err := w.sink.Write(ctx, b, func(err error) { answer <- err }); err != nil {
		return err
	}
	if err := w.sink.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *producer) count(n int, refused plugins.RowErrors, first int64) {
	w.confirmed += int64(n - len(refused))
	w.refused += int64(len(refused))
	for _, f := range refused {
		fmt.Fprintf(w.talk, "line %d: %s\n", first+int64(f.Row), f.Msg)
	}
}
