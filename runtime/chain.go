package runtime

import (
	"context"

	"github.com/onstream/onstream/plugins"
)

// link takes a batch and returns when everything downstream of it that runs
// in the same goroutine has run.
type link interface {
	run(j *job, b *plugins.Batch)
}

// chain is a tree of direct calls, with instances of its stages. One goroutine
// runs it at a time.
type chain struct {
	version *topology
	entries []link
	// stages are the instances by address: a reload takes over those of
	// stages that did not change.
	stages map[string]*instance
}

// instance is a transform as constructed for one chain.
type instance struct {
	transform   plugins.Transform
	fingerprint string
}

// transform returns the chain's instance of a stage, nil where it has none.
func (c *chain) transform(addr string) plugins.Transform {
	if i := c.stages[addr]; i != nil {
		return i.transform
	}
	return nil
}

// adopt makes the chain use the instances of an older one where the stages
// did not change.
func (c *chain) adopt(old *chain) {
	if old == nil {
		return
	}
	for addr, i := range c.stages {
		if o := old.stages[addr]; o != nil && o.fingerprint == i.fingerprint {
			i.transform = o.transform
		}
	}
}

// run runs a batch through one of the chain's entries; nil entries end here.
func (c *chain) run(entry int, j *job, b *plugins.Batch) {
	if entry < len(c.entries) && c.entries[entry] != nil {
		c.entries[entry].run(j, b)
	}
}

// fan passes a batch to several links, one after the other.
type fan struct {
	links     []link
	sel, work []uint32
}

func (f *fan) run(j *job, b *plugins.Batch) {
	f.sel = append(f.sel[:0], b.Sel...)
	m := b.Mark()
	for i, l := range f.links {
		if i > 0 {
			f.work = append(f.work[:0], f.sel...)
			b.Sel = f.work
		}
		l.run(j, b)
		b.Rewind(m)
	}
}

// decodeNode fills in columns that the stage behind it reads.
type decodeNode struct {
	decoders []plugins.Decoder
	stage    *stage
}

// run decodes and fails, on behalf of the stage, the rows that cannot be.
func (n *decodeNode) run(j *job, b *plugins.Batch) {
	for _, d := range n.decoders {
		d.Decode(b)
	}
	if len(b.Failures) > 0 {
		n.stage.fail(j, b)
	}
}

// transformNode runs a transform and counts what it does.
type transformNode struct {
	*stage
	decode  decodeNode
	inst    *instance
	port    int
	outputs []link // by the kind's outputs; nil where nobody takes one
	made    stage  // for the failures of batches that the transform made
	ctx     context.Context

	job    *job
	batch  *plugins.Batch    // being processed
	failed []plugins.Failure // before an Emit, of batch
}

func (n *transformNode) run(j *job, b *plugins.Batch) {
	rows := len(b.Sel)
	n.counters.in.Add(int64(rows))
	n.counters.latency.observeSince(b.Received, rows)
	n.process(j, b)
}

func (n *transformNode) process(j *job, b *plugins.Batch) {
	n.decode.run(j, b)
	if j.failed != nil {
		n.counters.held.Add(int64(len(b.Sel))) // they stay where they are
		return
	}
	if len(b.Sel) == 0 {
		return
	}
	n.batch = b
	m := b.Mark()
	n.call(j, func(t plugins.Transform) error {
		if p, ok := t.(plugins.Ported); ok {
			return p.ProcessPort(n.ctx, n.port, b, n)
		}
		return t.Process(n.ctx, b, n)
	})
	n.batch = nil
	b.Rewind(m)
	for _, f := range n.failed {
		b.Fail(f.Row, f)
	}
	n.failed = n.failed[:0]
	if len(b.Failures) > 0 {
		n.fail(j, b)
	}
}

// call calls the transform on behalf of a job.
func (n *transformNode) call(j *job, f func(plugins.Transform) error) {
	n.job = j
	if err := f(n.inst.transform); err != nil {
		j.stop(n.stage, err)
	}
	n.job = nil
}

// tick calls the transform because of the time.
func (n *transformNode) tick(j *job) {
	if t, ok := n.inst.transform.(plugins.Timed); ok {
		n.call(j, func(plugins.Transform) error { return t.Tick(n.ctx, n.now().UnixNano(), n) })
	}
}

// finish calls the transform because the input has ended.
func (n *transformNode) finish(j *job) {
	if f, ok := n.inst.transform.(plugins.Finisher); ok {
		n.call(j, func(plugins.Transform) error { return f.Finish(n.ctx, n) })
	}
}

// Emit implements [plugins.Emitter].
func (n *transformNode) Emit(output int, b *plugins.Batch) {
	if b != n.batch && len(b.Failures) > 0 {
		n.made.fail(n.job, b)
	}
	if len(b.Sel) == 0 {
		return
	}
	next := n.outputs[output]
	if next == nil { // nobody takes them
		n.counters.filtered.Add(int64(len(b.Sel)))
		return
	}
	n.counters.out.Add(int64(len(b.Sel)))
	// These rows are this stage's, not those of the stages downstream.
	b.TakeFailures(func(f plugins.Failure) { n.failed = append(n.failed, f) })
	j, m := n.job, b.Mark()
	next.run(j, b)
	b.Rewind(m)
	n.job = j
}

// Drop implements [plugins.Emitter].
func (n *transformNode) Drop(rows int) { n.counters.filtered.Add(int64(rows)) }

// Make implements [plugins.Emitter].
func (n *transformNode) Make(rows int) { n.counters.made.Add(int64(rows)) }

// laneNode divides a batch by the hash of a key and sends the parts to lanes.
type laneNode struct {
	*stage
	decode  decodeNode
	key     plugins.Evaluator // nil: one lane
	columns []plugins.Path    // that go along
	lanes   *lanes
	entry   int
	parts   [][]uint32
	laneOf  [plugins.Groups]uint8
	groups  []plugins.Group // of the rows of a batch
}

func (n *laneNode) run(j *job, b *plugins.Batch) {
	rows := len(b.Sel)
	n.counters.in.Add(int64(rows))
	n.counters.latency.observeSince(b.Received, rows)
	n.decode.run(j, b)
	switch {
	case n.Follows != "":
		n.send(j, b, laneOfPart(b.Part, len(n.parts)))
		return
	case n.key == nil:
		n.send(j, b, 0)
		return
	}
	key := n.key.Eval(b)
	if len(b.Failures) > 0 {
		n.fail(j, b)
	}
	for i := range n.parts {
		n.parts[i] = n.parts[i][:0]
	}
	n.groups = plugins.AppendGroups(n.groups[:0], key, b.Sel)
	for k, i := range b.Sel {
		l := n.laneOf[n.groups[k]]
		n.parts[l] = append(n.parts[l], i)
	}
	all := b.Sel
	for l, rows := range n.parts {
		b.Sel = rows
		n.send(j, b, l)
	}
	b.Sel = all
}

func (n *laneNode) send(j *job, b *plugins.Batch, lane int) {
	if len(b.Sel) == 0 {
		return
	}
	d := b.Share()
	for _, c := range n.columns {
		b.CopyColumn(c, d)
	}
	j.send(n.lanes.queues[lane], d, n.entry, n.counters)
}
