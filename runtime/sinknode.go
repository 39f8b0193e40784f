package runtime

import "github.com/onstream/onstream/plugins"

// sinkNode encodes a batch and sends it to the sink's queue.
type sinkNode struct {
	*stage
	decode  decodeNode
	key     plugins.Evaluator
	topic   plugins.Evaluator // nil: all go to the same
	body    []bodyField       // what is encoded; none for the record as it comes
	encoder plugins.Encoder   // nil: the payload is passed on as it is
	payload bool              // the sink takes payloads
	lines   lines             // how they are passed on
	headers bool              // the sink uses headers
	pool    *plugins.Pool
	queue   *queue
	size    int // of the last encoded batch
}

// bodyField is a field of what a sink makes of a record.
type bodyField struct {
	path plugins.Path
	eval plugins.Evaluator
}

func (n *sinkNode) run(j *job, b *plugins.Batch) {
	n.counters.in.Add(int64(len(b.Sel)))
	n.decode.run(j, b)
	key, topic := n.eval(j, b, n.key), n.eval(j, b, n.topic)
	mark := b.Mark()
	n.closeBody(j, b)
	if len(b.Sel) == 0 {
		b.Rewind(mark)
		return
	}
	var d *plugins.Batch
	switch {
	case n.encoder != nil:
		d = n.encode(j, b)
	case n.payload:
		d = n.lines.pass(b, n.pool)
	default:
		d = n.pool.Batch()
		b.CopyMeta(d)
	}
	b.Rewind(mark)
	if len(b.Failures) > 0 { // with the columns of the record that came
		n.fail(j, b)
	}
	if key != nil {
		d.Keys = appendTexts(d.SpareKeys(), d, key, b.Sel)
	}
	d.Topics = nil // those that records came from
	if topic != nil {
		d.Topics = appendTexts(d.SpareTopics(), d, topic, b.Sel)
	}
	if len(d.Sel) == 0 {
		d.Release()
		return
	}
	j.send(n.queue, d, 0, n.counters)
}

// eval computes an expression of the records that came; nil for none.
func (n *sinkNode) eval(j *job, b *plugins.Batch, x plugins.Evaluator) *plugins.Column {
	if x == nil {
		return nil
	}
	col := x.Eval(b)
	if len(b.Failures) > 0 {
		n.fail(j, b)
	}
	return col
}

// closeBody makes the batch what the sink writes, where that is not the record.
func (n *sinkNode) closeBody(j *job, b *plugins.Batch) {
	if len(n.body) == 0 {
		return
	}
	columns := make([]*plugins.Column, len(n.body))
	for i, f := range n.body {
		columns[i] = n.eval(j, b, f.eval)
	}
	b.CloseRecord()
	for i, f := range n.body {
		b.AddColumn(f.path, columns[i])
	}
}

// appendTexts puts the text of each row into d's data.
func appendTexts(spans []plugins.Span, d *plugins.Batch, texts *plugins.Column, rows []uint32) []plugins.Span {
	for _, i := range rows {
		at := len(d.Data)
		d.Data = appendKey(d.Data, texts, i)
		spans = append(spans, plugins.Span{Off: uint32(at), Len: uint32(len(d.Data) - at)})
	}
	return spans
}

func (n *sinkNode) encode(j *job, b *plugins.Batch) *plugins.Batch {
	d := n.pool.Batch()
	d.Grow(n.size + n.size/4 + 4096)
	d.Values = d.SpareValues()
	n.encoder.Encode(b, d)
	n.size = len(d.Data)
	b.CopyMeta(d)
	if n.headers {
		b.CopyHeaders(d)
	}
	d.Preamble = n.encoder.Preamble()
	return d
}
