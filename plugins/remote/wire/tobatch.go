package wire

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// ToBatch fills an empty batch with what a message has; all of its rows are alive. The columns belong to the batch and have the names of the message.
// What is wrong with the value of a row goes to bad, of which nil means that the other process is trusted.
func ToBatch(p *pb.Batch, b *plugins.Batch, bad Bad) (err error) {
	if p == nil {
		return fmt.Errorf("the message has no batch")
	}
	if p.GetRows() > MaxRows {
		return fmt.Errorf("a batch has %d rows: %d are the most", p.GetRows(), MaxRows)
	}
	rows := int(p.GetRows())
	if err := checkBatch(p, rows); err != nil {
		return err
	}
	if b.Part, err = ToPartition(p.GetPartition()); err != nil {
		return err
	}
	b.SelectAll(rows)
	b.Received, b.OneTopic = p.GetReceived(), p.GetOneTopic()
	if len(p.GetPreamble()) > 0 {
		b.Preamble = p.GetPreamble()
	}
	if len(p.GetTimes()) > 0 {
		b.Times = append(b.SpareTimes(), p.GetTimes()...)
	}
	if len(p.GetOffsets()) > 0 {
		b.Offsets = append(b.SpareOffsets(), p.GetOffsets()...)
	}
	fillBytes(p, b)
	for _, x := range p.GetColumns() {
		kind, err := ToKind(x.GetKind())
		if err == nil {
			err = checkColumn(x, kind, rows)
		}
		if err != nil {
			return fmt.Errorf("column %q: %w", Clip(x.GetName(), 64), err)
		}
		if err := fillColumn(x, kind, b.NewColumn(x.GetName(), kind), nil, bad); err != nil {
			return err
		}
	}
	return nil
}

// checkBatch returns an error where what stands beside the columns is not of so many rows.
func checkBatch(p *pb.Batch, rows int) error {
	for _, x := range []struct {
		what string
		of   *pb.Bytes
	}{{"values", p.GetValues()}, {"keys", p.GetKeys()}, {"topics", p.GetTopics()}} {
		if x.of == nil {
			continue
		}
		if err := checkBytes(x.what, x.of, rows); err != nil {
			return err
		}
	}
	if n := len(p.GetTimes()); n > 0 && n != rows {
		return fmt.Errorf("a batch has %d times for %d rows", n, rows)
	}
	if n := len(p.GetOffsets()); n > 0 && n != rows {
		return fmt.Errorf("a batch has %d offsets for %d rows", n, rows)
	}
	if n := len(p.GetColumns()); n > MaxColumns {
		return fmt.Errorf("a batch has %d columns: %d are the most", n, MaxColumns)
	}
	if err := checkName("the topic of a batch", p.GetOneTopic()); err != nil {
		return err
	}
	seen := make(map[string]bool, len(p.GetColumns()))
	for _, x := range p.GetColumns() {
		if len(x.GetName()) > MaxPart {
			return fmt.Errorf("the name of a column has %d bytes: %d are the most", len(x.GetName()), MaxPart)
		}
		if seen[x.GetName()] {
			return fmt.Errorf("column %q is there twice", Clip(x.GetName(), 64))
		}
		seen[x.GetName()] = true
	}
	if h := p.GetHeaders(); h != nil {
		return checkHeaders(h, rows)
	}
	return nil
}

func checkHeaders(h *pb.Headers, rows int) error {
	if len(h.GetCounts()) != rows {
		return fmt.Errorf("headers have %d counts for %d rows", len(h.GetCounts()), rows)
	}
	sum := uint64(0)
	for _, n := range h.GetCounts() {
		sum += uint64(n)
	}
	if sum > MaxHeaders {
		return fmt.Errorf("a batch has %d headers: %d are the most", sum, MaxHeaders)
	}
	if n := len(h.GetNames().GetLengths()); uint64(n) != sum {
		return fmt.Errorf("headers have %d names, and their counts are those of %d", n, sum)
	}
	if err := checkBytes("names of headers", h.GetNames(), int(sum)); err != nil {
		return err
	}
	return checkBytes("values of headers", h.GetValues(), int(sum))
}

// fillBytes copies all that is bytes in a checked message.
func fillBytes(p *pb.Batch, b *plugins.Batch) {
	h := p.GetHeaders()
	b.Grow(len(p.GetValues().GetData()) + len(p.GetKeys().GetData()) + len(p.GetTopics().GetData()) + len(h.GetNames().GetData()) + len(h.GetValues().GetData()) + 1)
	if v := p.GetValues(); v != nil {
		b.Values = appendSpans(b.SpareValues(), v, addData(b, v))
	}
	if v := p.GetKeys(); v != nil {
		b.Keys = appendSpans(b.SpareKeys(), v, addData(b, v))
	}
	if v := p.GetTopics(); v != nil {
		b.Topics = appendSpans(b.SpareTopics(), v, addData(b, v))
	}
	if h == nil {
		return
	}
	name, value := uint32(addData(b, h.GetNames())), uint32(addData(b, h.GetValues()))
	b.Headers, b.HeaderRows = b.SpareHeaders(), b.SpareHeaderRows()
	for k, n := range h.GetNames().GetLengths() {
		m := h.GetValues().GetLengths()[k]
		b.Headers = append(b.Headers, plugins.Header{Name: plugins.Span{Off: name, Len: n}, Value: plugins.Span{Off: value, Len: m}})
		name, value = name+n, value+m
	}
	at := uint32(0)
	for _, n := range h.GetCounts() {
		b.HeaderRows = append(b.HeaderRows, plugins.Span{Off: at, Len: n})
		at += n
	}
}

// addData appends a run to the batch's data and returns where.
func addData(b *plugins.Batch, p *pb.Bytes) int {
	at := len(b.Data)
	b.Data = append(b.Data, p.GetData()...)
	return at
}
