package transforms

import "github.com/onstream/onstream/plugins"

// resultBatch is how many results go on together: few enough to stay in the
// processor's cache, many enough for what a batch costs.
const resultBatch = 1024

// results gathers records that a stage makes anew, out of locals of which it
// fills a row for each.
type results struct {
	pool   *plugins.Pool
	emit   *fields
	locals []*rowColumns
	row    uint32 // the one to fill
	failed []plugins.Failure

	out      plugins.Emitter // of the present call
	received int64           // when the records that lead to the results were received
}

func newResults(emit *fields, env plugins.Env, locals ...*rowColumns) *results {
	r := &results{pool: env.Pool, emit: emit, locals: locals}
	r.reset()
	return r
}

// begin says where results go until the next call of it.
func (r *results) begin(out plugins.Emitter, received int64) { r.out, r.received = out, received }

func (r *results) reset() {
	r.row = 0
	for _, l := range r.locals {
		l.reset(resultBatch)
	}
}

// next is called when the row is filled.
func (r *results) next() {
	if r.row++; r.row == resultBatch {
		r.flush()
	}
}

// fail says that there is no result of the row to fill.
func (r *results) fail(f plugins.Failure) {
	f.Row = r.row
	r.failed = append(r.failed, f)
}

// flush emits what was gathered.
func (r *results) flush() {
	if r.row == 0 {
		return
	}
	b := r.pool.Batch()
	defer b.Release()
	b.Received = r.received
	b.SelectAll(int(r.row))
	for _, l := range r.locals {
		l.add(b)
	}
	r.out.Make(int(r.row))
	for _, f := range r.failed {
		b.Fail(f.Row, f)
	}
	r.failed = r.failed[:0]
	b.DropFailed()
	r.emit.eval(b)
	r.nameFailed(b)
	b.CloseRecord()
	r.emit.add(b)
	r.out.Emit(0, b) // also where all rows have failed, for that to be seen
	r.reset()
}

// keyColumn returns the column of the local `key`.
func keyColumn(c plugins.Config) *rowColumns {
	r := &rowColumns{paths: []plugins.Path{plugins.LocalPath("key")}, kinds: []plugins.Kind{plugins.Any}, cols: make([]plugins.Column, 1)}
	if key := c.Expr("key"); key != nil {
		r.kinds[0] = key.Type().Kind
	}
	return r
}

// setKey makes row i the value that a key in the form of [plugins.AppendKey]
// stands for.
func (r *rowColumns) setKey(i uint32, key string) {
	if k := r.cols[0].Kind; len(key) > 0 && (k == plugins.String || k == plugins.Bytes) {
		r.cols[0].AppendString(i, key[1:]) // the usual key, without a copy in between
		return
	}
	v := plugins.KeyValue([]byte(key))
	if r.cols[0].Kind == plugins.Float && v.Kind == plugins.Int {
		v = plugins.Value{Kind: plugins.Float, Float: float64(v.Int)} // a float that is a whole number
	}
	r.cols[0].SetValue(i, v)
}

// emitFields returns what makes results: the attribute emit, or the locals
// that stand for it where there is none.
func emitFields(c plugins.Config, env plugins.Env, unless []emitDefault) *fields {
	if c.Has("emit") {
		return newFields(c.Exprs("emit"), env)
	}
	f := &fields{cols: make([]*plugins.Column, len(unless))}
	for _, d := range unless {
		f.names = append(f.names, d.Name)
		f.evals = append(f.evals, columnAt(d.path))
	}
	return f
}

// emitDefault is a field of the result of a stage without emit: a local.
type emitDefault struct {
	plugins.Field
	path plugins.Path
}

// defaultEmit returns the key, and the fields of a local.
func defaultEmit(c plugins.Config, l plugins.Local) []emitDefault {
	var ds []emitDefault
	for _, k := range keyLocal(c) {
		ds = append(ds, emitDefault{plugins.Field{Name: k.Root, Type: k.Type}, plugins.LocalPath(k.Root)})
	}
	for _, f := range l.Type.Fields {
		ds = append(ds, emitDefault{f, plugins.LocalPath(l.Root, f.Name)})
	}
	return ds
}

// emitShape returns the shape of the results.
func emitShape(c plugins.Config, unless []emitDefault) (plugins.Shape, error) {
	if !c.Has("emit") {
		fs := make([]plugins.Field, len(unless))
		for k, d := range unless {
			fs[k] = d.Field
		}
		return plugins.Columns(fs...), nil
	}
	if len(c.Exprs("emit")) == 0 {
		return plugins.Shape{}, plugins.ConfigErrorf("emit", "emit has no field: name at least one, or leave it out")
	}
	return plugins.Columns(typesOf(c.Exprs("emit"))...), nil
}

// columnAt evaluates to a column as it is.
type columnAt plugins.Path

var _ plugins.Evaluator = columnAt("")

// Eval implements [plugins.Evaluator].
func (c columnAt) Eval(b *plugins.Batch) *plugins.Column { return b.Column(plugins.Path(c)) }
