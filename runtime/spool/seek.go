package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/onstream/onstream/plugins"
)

// seek goes to a position. Where it is not, nobody may guess.
func (r *reader) seek(from plugins.Position) error {
	id, at, err := decodePosition(from)
	if err != nil {
		return fmt.Errorf("the stored position cannot be used: %w", err)
	}
	j := r.j
	if id != j.id {
		return errors.New("the stored position is of another spool than the one that is there: restore that one, or forget the position with `onstream state reset`")
	}
	if at.entry > j.durable.entry {
		return fmt.Errorf("entry %d is to be read next, but %s ends at offset %d with entry %d: restore the folder, or forget the position with `onstream state reset`; what is missing is lost then", at.entry, j.last().name(), j.last().size, j.durable.entry-1)
	}
	for _, s := range j.segments {
		if s.base.entry <= at.entry {
			r.enterAt(s)
		}
	}
	if first := j.segments[0]; at.entry < first.base.entry && !first.gap {
		return fmt.Errorf("entry %d is to be read next, but %s begins at offset %d with entry %d: restore the folder and the state as they were together, or forget the position with `onstream state reset`; what is missing is lost then", at.entry, first.name(), segmentHeader, first.base.entry)
	}
	if at.entry <= r.at.entry {
		return r.matches(at)
	}
	return r.walk(at)
}

// walk goes to an entry in the present segment, frame by frame.
func (r *reader) walk(at sequence) error {
	f, err := r.j.options.disk.Open(filepath.Join(r.j.dir, r.seg.name()), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := scan(f, r.seg, nil)
	if err != nil {
		return err
	}
	r.offset = t.offsetOf(at.entry)
	switch {
	case at.entry < t.end.entry:
		fr, err := frameAt(f, r.offset)
		if err != nil {
			return err
		}
		r.at = fr.at
	case t.reason != nil:
		return &CorruptError{r.j.dir, r.seg.name(), t.size, t.reason.Error()}
	default:
		r.at = t.end // entries behind it were given up, if it is not the end
	}
	return r.matches(at)
}

// matches sees that the records were counted alike.
func (r *reader) matches(at sequence) error {
	if at.entry == r.at.entry && at.record != r.at.record {
		return fmt.Errorf("the stored position says that entry %d begins with record %d, but in %s at offset %d it begins with record %d: the state is not that of this spool: restore both as they were together", at.entry, at.record, r.seg.name(), r.offset, r.at.record)
	}
	return nil
}

// frameAt returns the header of a frame that is known to be whole.
func frameAt(f file, offset int64) (frame, error) {
	var h [frameHeader]byte
	if _, err := f.ReadAt(h[:], offset); err != nil {
		return frame{}, err
	}
	return frame{at: sequenceIn(h[:])}, nil
}
