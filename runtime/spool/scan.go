package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/onstream/onstream/runtime/serial"
)

// tail is what a scan has found at the end of a segment.
type tail struct {
	end     sequence // behind the last whole frame
	size    int64    // bytes up to there
	offsets []int64  // of the frames
	first   uint64   // entry of the first of them
	reason  error    // why there is no frame at size; nil where the file ends there
	durable uint64   // the highest that any frame of the file says was durable
}

// offsetOf returns where an entry begins: the first frame where it would stand
// before that, size where it would stand behind the last one.
func (t tail) offsetOf(entry uint64) int64 {
	switch {
	case entry <= t.first:
		return segmentHeader
	case entry >= t.end.entry:
		return t.size
	default:
		return t.offsets[entry-t.first]
	}
}

// scan reads the frames of a segment up to the first that is not whole. It
// calls each, unless that is nil, with every frame and its offset.
func scan(f file, seg *segment, each func(fr frame, at int64) error) (tail, error) {
	data := make([]byte, seg.size)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return tail{}, fmt.Errorf("read %s: %w", seg.name(), err)
	}
	data = data[:n]
	t := tail{end: seg.base, size: segmentHeader, first: seg.base.entry}
	for t.size < int64(len(data)) {
		fr, length, err := parseFrame(data[t.size:])
		if err == nil {
			err = fr.follows(t.end)
		}
		var h serial.Head
		if err == nil {
			h, err = readHead(fr.body)
		}
		if err != nil {
			t.reason = err
			t.durable = max(t.durable, durableBehind(data[t.size:], t.end.entry))
			return t, nil
		}
		if each != nil {
			if err := each(fr, t.size); err != nil {
				return t, err
			}
		}
		t.offsets = append(t.offsets, t.size)
		t.size += length
		t.end.entry++
		t.end.record += uint64(h.Rows)
		t.durable = max(t.durable, fr.durable)
	}
	return t, nil
}

// follows returns an error unless the frame is the next one.
func (f frame) follows(at sequence) error {
	if f.at != at {
		return fmt.Errorf("it holds entry %d, record %d where entry %d, record %d belongs", f.at.entry, f.at.record, at.entry, at.record)
	}
	return nil
}

// durableBehind looks for whole frames behind a place where there is none, and
// returns up to which entry they say the log was durable.
func durableBehind(data []byte, entry uint64) (durable uint64) {
	for i := 1; i+frameHeader <= len(data); i++ {
		n := binary.LittleEndian.Uint64(data[i+8:])
		if n <= entry || n > entry+uint64(len(data))/frameHeader+1 {
			continue
		}
		if fr, _, err := parseFrame(data[i:]); err == nil {
			durable = max(durable, fr.durable)
		}
	}
	return durable
}

// verdict returns an error unless what is behind the whole frames of the last
// segment may be cut off: none of it was durable.
func (t tail) verdict(dir string, seg *segment, m mark) error {
	switch durable := max(m.durable.entry, t.durable); {
	case t.end.entry >= durable:
		return nil
	case t.reason != nil:
		return &CorruptError{dir, seg.name(), t.size, t.reason.Error()}
	default:
		return &CorruptError{dir, seg.name(), t.size, fmt.Sprintf("the file ends there, but entries %d to %d were acknowledged", t.end.entry, durable-1)}
	}
}
