package plugins

// Share returns a new batch of the selected rows of b, with their payloads,
// keys, topics, times, offsets and headers but without columns: something that
// another goroutine can own. It points into b's Data where most of that is
// still alive and copies otherwise. Both are to be released.
func (b *Batch) Share() *Batch {
	d := b.pool.Batch()
	b.CopyMeta(d)
	live := 0
	if b.Values != nil {
		d.Values = d.SpareValues()
		for _, i := range b.Sel {
			d.Values = append(d.Values, b.Values[i])
			live += int(b.Values[i].Len)
		}
	}
	if live*4 >= len(b.Data) || b.Keys != nil || b.Topics != nil || b.HeaderRows != nil {
		b.shareRows(d)
		return d
	}
	d.Grow(live)
	for k, s := range d.Values {
		d.Values[k] = Span{uint32(len(d.Data)), s.Len}
		d.Data = append(d.Data, s.Of(b.Data)...)
	}
	return d
}

// Derive returns a new batch without rows whose Data is that of b: for
// payloads that are parts of the payloads of b. Both are to be released.
func (b *Batch) Derive() *Batch {
	d := b.pool.Batch()
	d.Part, d.Received, d.OneTopic = b.Part, b.Received, b.OneTopic
	b.shareData(d)
	return d
}

// CopyMeta gives d one row for each selected row of b, with the partition,
// one topic, times and offsets of those. It leaves d's Data, Values and Keys as they are.
func (b *Batch) CopyMeta(d *Batch) {
	d.Part, d.Preamble, d.Received, d.OneTopic = b.Part, b.Preamble, b.Received, b.OneTopic
	d.SelectAll(len(b.Sel))
	if b.Times != nil {
		d.Times = d.SpareTimes()
		for _, i := range b.Sel {
			d.Times = append(d.Times, b.Times[i])
		}
	}
	if b.Offsets != nil {
		d.Offsets = d.SpareOffsets()
		for _, i := range b.Sel {
			d.Offsets = append(d.Offsets, b.Offsets[i])
		}
	}
}

// CopyHeaders gives d, made of the selected rows of b, copies of their headers.
func (b *Batch) CopyHeaders(d *Batch) {
	if b.HeaderRows == nil {
		return
	}
	d.Headers, d.HeaderRows = d.SpareHeaders(), d.SpareHeaderRows()
	for _, i := range b.Sel {
		at := len(d.Headers)
		for _, h := range b.HeadersOf(i) {
			d.Headers = append(d.Headers, Header{d.keep(h.Name.Of(b.Data)), d.keep(h.Value.Of(b.Data))})
		}
		d.HeaderRows = append(d.HeaderRows, Span{Off: uint32(at), Len: uint32(len(d.Headers) - at)})
	}
}

// keep appends text to the batch's data.
func (b *Batch) keep(text []byte) Span {
	at := len(b.Data)
	b.Data = append(b.Data, text...)
	return Span{Off: uint32(at), Len: uint32(len(text))}
}

// CopyColumn gives d, made of the selected rows of b, a column of its own
// with the values that the field at path has in b. Bytes are copied, also where
// d shares the Data that they are in: they are in this processor's cache and
// become neighbours, while another one would wait for the memory of each.
func (b *Batch) CopyColumn(path Path, d *Batch) {
	from := b.Column(path)
	to := d.NewColumn(path, from.Kind)
	to.copyRows(from, b.Sel)
}

func (b *Batch) shareRows(d *Batch) {
	if b.Keys != nil {
		d.Keys = d.SpareKeys()
		for _, i := range b.Sel {
			d.Keys = append(d.Keys, b.Keys[i])
		}
	}
	if b.Topics != nil {
		d.Topics = d.SpareTopics()
		for _, i := range b.Sel {
			d.Topics = append(d.Topics, b.Topics[i])
		}
	}
	if b.HeaderRows != nil {
		d.Headers = append(d.spare.headers[:0], b.Headers...)
		d.HeaderRows = d.spare.headerRows[:0]
		for _, i := range b.Sel {
			d.HeaderRows = append(d.HeaderRows, b.HeaderRows[i])
		}
	}
	b.shareData(d)
}

func (b *Batch) shareData(d *Batch) {
	if cap(b.Data) == 0 {
		return
	}
	if b.memory == nil {
		b.memory = &memory{buf: b.Data}
		b.memory.refs.Store(1)
	}
	b.memory.refs.Add(1)
	d.memory = b.memory
	d.Data = b.Data[:len(b.Data):len(b.Data)]
}
