package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

// batch is what Write was given.
type batch struct {
	*plugins.Batch
	done   func(error)
	adds   []addition
	failed plugins.RowErrors
}

// addition is a record that is added to a stream.
type addition struct {
	row     uint32
	stream  string
	command *goredis.RawCmd
}

// words are the parts of the commands of a batch, in memory that they share.
type words struct {
	all   []any
	bytes []payload
}

// payload is bytes of a batch as the driver takes them without an allocation: by a pointer.
type payload []byte

// MarshalBinary implements encoding.BinaryMarshaler.
func (p *payload) MarshalBinary() ([]byte, error) { return *p, nil }

func (v *words) add(parts ...any) { v.all = append(v.all, parts...) }

func (v *words) addBytes(b []byte) {
	if len(v.bytes) == cap(v.bytes) {
		v.bytes = make([]payload, 0, 64+cap(v.bytes)) // what was is pointed at, and stays where it is
	}
	v.bytes = append(v.bytes, b)
	v.all = append(v.all, &v.bytes[len(v.bytes)-1])
}

// prepare makes commands of a batch. Records that cannot be written have failed.
func (w *writer) prepare(b *plugins.Batch, done func(error)) *batch {
	n := len(b.Sel)
	x := &batch{Batch: b, done: done, adds: make([]addition, 0, n)}
	w.turn++
	v := words{make([]any, 0, wordsEach*n), make([]payload, 0, 2*n)}
	for _, i := range b.Sel {
		t := w.target(b, i)
		if t.err != nil {
			x.refuse(i, t.err.Error())
			continue
		}
		if why := w.tooLarge(len(b.Value(i))); why != "" {
			x.refuse(i, why)
			continue
		}
		stream := w.choose(b.Key(i))
		from := len(v.all)
		w.command(&v, b, i, t.streams[stream])
		x.adds = append(x.adds, addition{i, t.names[stream], goredis.NewRawCmd(context.Background(), v.all[from:len(v.all):len(v.all)]...)})
	}
	return x
}

// wordsEach is how many words a command has for which there is room at first.
const wordsEach = 7

func (x *batch) refuse(row uint32, why string) {
	x.failed = append(x.failed, plugins.Failure{Row: row, Code: "write", Msg: why})
}

// choose returns the partition for a key.
func (w *writer) choose(key []byte) int {
	n := w.options.partitions
	switch {
	case n == 1:
		return 0
	case len(key) == 0:
		return w.turn % n
	}
	return partitionOf(key, n)
}

// command adds the words with which a row is added to a stream.
func (w *writer) command(v *words, b *plugins.Batch, row uint32, stream any) {
	v.add("XADD", stream)
	if !w.options.create {
		v.add("NOMKSTREAM")
	}
	if w.options.maxlen > 0 {
		v.add("MAXLEN", "~", w.options.maxlen)
	}
	v.add("*", w.valueField)
	v.addBytes(b.Value(row))
	if key := b.Key(row); len(key) > 0 {
		v.add(keyField)
		v.addBytes(key)
	}
	for _, h := range b.HeadersOf(row) {
		v.add(headerPrefix + string(h.Name.Of(b.Data)))
		v.addBytes(h.Value.Of(b.Data))
	}
}

// add writes batches: all of it, or, after an error, perhaps some.
func (w *writer) add(ctx context.Context, batches []*batch) error {
	streams := map[string][]goredis.Cmder{}
	var order []string
	for _, x := range batches {
		for _, a := range x.adds {
			name := a.stream
			if !w.options.cluster {
				name = "" // all of it is in one place
			}
			if streams[name] == nil {
				order = append(order, name)
			}
			streams[name] = append(streams[name], a.command)
		}
	}
	errs := make([]error, len(order))
	var writing sync.WaitGroup
	for i, name := range order[min(1, len(order)):] {
		writing.Go(func() { errs[i+1] = w.write(ctx, "write stream "+name, streams[name]) })
	}
	if len(order) > 0 {
		errs[0] = w.write(ctx, strings.TrimSpace("write stream "+order[0]), streams[order[0]])
	}
	writing.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, x := range batches {
		if err := w.look(x); err != nil {
			return err
		}
	}
	return nil
}

// forbidden is how the server says that a user may not do something.
const forbidden = "NOPERM"

// write has commands done in one step. Where records have topics of their own, one that the user may not
// write to keeps no other record from being written.
func (w *writer) write(ctx context.Context, doing string, commands []goredis.Cmder) error {
	err := w.durably(ctx, doing, commands...)
	if err == nil || w.fixed != "" {
		return err
	}
	var left []goredis.Cmder
	for _, x := range commands {
		if !strings.HasPrefix(textOf(x.Err()), forbidden) {
			x.SetErr(nil) // it was not even tried
			left = append(left, x)
		}
	}
	switch len(left) {
	case len(commands):
		return err
	case 0:
		return nil
	}
	return w.durably(ctx, doing, left...)
}

// look finds the records of a batch that the server has refused.
func (w *writer) look(x *batch) error {
	for _, a := range x.adds {
		if text := textOf(a.command.Err()); strings.HasPrefix(text, forbidden) {
			x.refuse(a.row, fmt.Sprintf("stream %s: %s: %s", a.stream, text, remedyOf(text)))
			continue
		}
		r := reply{a.command.Val()}
		id, err := r.text()
		switch text := textOf(err); {
		case err == nil && id == nil:
			x.refuse(a.row, fmt.Sprintf("there is no stream %s: make it, correct the topic, or write create = \"if_missing\"", a.stream))
		case err == nil:
		case strings.HasPrefix(text, "WRONGTYPE"):
			x.refuse(a.row, fmt.Sprintf("the key %s holds something that is not a stream: delete it, or choose another topic", a.stream))
		case strings.HasPrefix(text, "ERR"):
			x.refuse(a.row, fmt.Sprintf("stream %s: %s", a.stream, text))
		default:
			return w.try("write stream "+a.stream, err)
		}
	}
	return nil
}

// answer says what came of a batch.
func (x *batch) answer(err error) {
	if err == nil && len(x.failed) > 0 {
		err = x.failed
	}
	x.done(err)
}
