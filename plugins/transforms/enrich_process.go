package transforms

import (
	"context"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// enrich adds what it finds to records.
type enrich struct {
	env     plugins.Env
	by      plugins.Evaluator
	missing string
	finder  *finder
	cache   *answerCache // nil for none
	version int64        // of what the cache holds
	found   *rowColumns
	reader  *foundReader
	set     *fields

	answers []answer // by row
	open    pendingKeys
	name    []byte // the present key
}

// pendingKeys are the keys of a batch that have to be looked up.
type pendingKeys struct {
	index   map[string]int // of a key in the other slices
	names   []string
	keys    []plugins.Value
	answers []answer
	rows    []pendingRow
}

// pendingRow is a row that waits for the answer about a key.
type pendingRow struct {
	row uint32
	key int
}

var (
	_ plugins.Transform = (*enrich)(nil)
	_ plugins.Opener    = (*enrich)(nil)
)

// Open implements [plugins.Opener].
func (e *enrich) Open(ctx context.Context) error { return e.finder.Open(ctx) }

// Process implements [plugins.Transform].
func (e *enrich) Process(ctx context.Context, b *plugins.Batch, out plugins.Emitter) error {
	by := e.by.Eval(b)
	now := e.env.Now().UnixNano()
	if v := e.finder.version(); e.cache != nil && v != e.version {
		e.cache.clear()
		e.version = v
	}
	e.recall(b, by, now)
	if len(e.open.keys) > 0 {
		if err := e.ask(ctx, b, now); err != nil {
			return err
		}
	}
	if err := e.fill(b, by, out); err != nil || len(b.Sel) == 0 {
		return err
	}
	e.found.add(b)
	e.set.eval(b)
	if len(b.Sel) == 0 {
		return nil
	}
	e.set.add(b)
	out.Emit(0, b)
	return nil
}

// recall takes the answers that are known, and notes the keys that are not.
func (e *enrich) recall(b *plugins.Batch, by *plugins.Column, now int64) {
	if cap(e.answers) < b.Len {
		e.answers = make([]answer, b.Len)
	}
	e.answers = e.answers[:b.Len]
	for _, i := range b.Sel {
		e.answers[i] = answer{}
		if by.IsNull(i) {
			continue
		}
		e.name = plugins.AppendKey(e.name[:0], by, i)
		if e.cache != nil {
			if a, ok := e.cache.get(e.name, now); ok {
				e.answers[i] = a
				continue
			}
		}
		e.open.add(e.name, by, i)
	}
}

func (p *pendingKeys) add(name []byte, by *plugins.Column, i uint32) {
	key, known := p.index[string(name)]
	if !known {
		if p.index == nil {
			p.index = map[string]int{}
		}
		key = len(p.names)
		p.names = append(p.names, string(name))
		p.index[p.names[key]] = key
		p.keys = append(p.keys, by.Value(i))
		p.answers = append(p.answers, answer{})
	}
	p.rows = append(p.rows, pendingRow{i, key})
}

func (p *pendingKeys) clear() {
	clear(p.index)
	clear(p.names)
	clear(p.keys)
	clear(p.answers)
	*p = pendingKeys{p.index, p.names[:0], p.keys[:0], p.answers[:0], p.rows[:0]}
}

// ask looks up the keys that are not known. The rows for which that fails, fail.
func (e *enrich) ask(ctx context.Context, b *plugins.Batch, now int64) error {
	p := &e.open
	defer p.clear()
	err := e.finder.find(ctx, p.keys, func(i int, record []byte) { p.answers[i] = e.reader.read(record) })
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, r := range p.rows {
			b.Fail(r.row, plugins.Failure{Code: "lookup", Msg: "nothing could be looked up: " + err.Error()})
		}
		b.DropFailed()
		return nil
	}
	for _, r := range p.rows {
		e.answers[r.row] = p.answers[r.key]
	}
	if e.cache != nil {
		for k, name := range p.names {
			e.cache.put(name, p.answers[k], now)
		}
	}
	return nil
}

// fill makes the columns of found of the answers, and drops or fails the rows
// for which there is none: those whose key, in by, nobody knows.
func (e *enrich) fill(b *plugins.Batch, by *plugins.Column, out plugins.Emitter) error {
	e.found.reset(b.Len)
	rows, failed := len(b.Sel), len(b.Failures)
	kept := b.Sel[:0]
	for _, i := range b.Sel {
		switch a := e.answers[i]; {
		case a.bad != "":
			b.Fail(i, plugins.Failure{Code: "lookup", Msg: a.bad})
			continue
		case a.found:
			if err := e.found.read(a.values, i); err != nil {
				return fmt.Errorf("read an answer: %w", err)
			}
		case e.missing == "error":
			b.Fail(i, plugins.Failure{Code: "missing", Msg: "nothing is found for " + valueText(by, i) + ": add it where it is looked up, or set missing"})
			continue
		case e.missing == "drop":
			continue
		default:
			for k := range e.found.cols {
				e.found.cols[k].SetNull(i)
			}
		}
		kept = append(kept, i)
	}
	b.Sel = kept
	if n := rows - len(kept) - (len(b.Failures) - failed); n > 0 {
		out.Drop(n)
	}
	return nil
}
