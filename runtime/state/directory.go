package state

import (
	"errors"
	"fmt"
	"maps"

	"github.com/cockroachdb/pebble/v2"
)

// directory knows the stages of a store.
type directory struct {
	stages map[string]stage // by address
	next   uint32           // id
}

func (d directory) clone() directory { return directory{maps.Clone(d.stages), d.next} }

// system is what the store knows of itself.
type system struct {
	last  Checkpoint
	epoch int64
	directory
	trail
	prepared []byte // nil where no commit is
}

// newerFormat is the error of a store that only newer programs read.
type newerFormat struct{ found int64 }

func (e *newerFormat) Error() string {
	return fmt.Sprintf("its format is %d and this program reads %d; use a newer onstream", e.found, format)
}

func readSystem(r pebble.Reader) (s system, err error) {
	s = system{directory: directory{map[string]stage{}, firstID}, trail: trail{}}
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte{0}, UpperBound: []byte{1}})
	if err != nil {
		return s, err
	}
	defer func() {
		if closed := it.Close(); err == nil {
			err = closed
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		err := s.readRow(it.Key(), it.Value())
		var newer *newerFormat
		if errors.As(err, &newer) {
			return s, err
		}
		if err != nil {
			return s, rowError(it.Key(), err)
		}
	}
	if err := it.Error(); err != nil {
		return s, err
	}
	if err := s.check(s.last.Number); err != nil {
		return s, &behind{inside: true, why: err}
	}
	return s, nil
}

func (s *system) readRow(key, value []byte) (err error) {
	if len(key) < 2 {
		return errRow
	}
	switch key[1] {
	case rowFormat:
		var n int64
		if n, err = decodeNumber(value); err == nil && n > format {
			err = &newerFormat{n}
		}
	case rowEpoch:
		s.epoch, err = decodeNumber(value)
	case rowCheckpoint:
		s.last, s.next, err = decodeCheckpoint(value)
	case rowPrepared:
		s.prepared = append([]byte{}, value...)
		_, err = decodeNumberOf(value)
	case rowStage:
		var addr string
		var st stage
		addr, st, err = decodeStage(key, value)
		s.stages[addr] = st
	case rowSlot, rowBlock:
		s.trail[string(key)], err = decodeNumber(value)
	default:
		err = errRow
	}
	return err
}
