package state

import (
	"encoding/binary"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/onstream/onstream/plugins"
)

// OnFS returns options for a store on another file system than the disk.
// It flushes often.
func OnFS(fs vfs.FS) Options {
	return Options{fs: fs, memTable: 32 << 10, Logger: slog.New(slog.DiscardHandler)}
}

// SetFormat makes a store look like one of another format.
func SetFormat(t *testing.T, s *Store, version int64) {
	t.Helper()
	if err := s.db.Set(systemKey(rowFormat, ""), numberValue(version), pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

// DecodeRow reads a row as the store would, and writes it again: the bytes
// that it writes, nil where it reports an error.
func DecodeRow(key, value []byte) (writtenKey, writtenValue []byte) {
	switch s := (system{directory: directory{map[string]stage{}, firstID}, trail: trail{}}); {
	case len(key) > 0 && key[0] == 0:
		if s.readRow(key, value) != nil {
			return nil, nil
		}
		return s.writeRow(key)
	case len(key) > 4 && key[4] == partPositions:
		p, at, err := decodePosition(key, value)
		if err != nil {
			return nil, nil
		}
		return positionKey(idOf(key), p), positionValue(p, at)
	case len(key) > 4 && key[4] == partOutbox:
		seq, err := decodeOutboxKey(key)
		if err != nil {
			return nil, nil
		}
		return outboxKey(idOf(key), seq), value
	}
	return nil, nil
}

func idOf(key []byte) uint32 { return binary.BigEndian.Uint32(key) }

func (s *system) writeRow(key []byte) (writtenKey, writtenValue []byte) {
	switch key[1] {
	case rowEpoch:
		return systemKey(rowEpoch, string(key[2:])), numberValue(s.epoch)
	case rowCheckpoint:
		return systemKey(rowCheckpoint, string(key[2:])), checkpointValue(s.last, s.next)
	case rowStage:
		for addr, st := range s.stages {
			return systemKey(rowStage, addr), stageValue(st)
		}
	case rowSlot, rowBlock:
		for k, n := range s.trail {
			return []byte(k), numberValue(n)
		}
	}
	return nil, nil
}

// DecodeMark reads a mark and writes it again.
func DecodeMark(b []byte) []byte {
	number, epoch, ok := decodeMark(b)
	if !ok {
		return nil
	}
	return encodeMark(number, epoch)
}

// MarkSize is the length of a mark.
const MarkSize = markSize

// Rows returns rows of all kinds, for a fuzzer to begin with.
func Rows() [][2][]byte {
	c := Checkpoint{7, 3, time.Unix(1700000000, 5).UTC()}
	p := plugins.Partition{Name: "f", ID: -2, Epoch: 9}
	return [][2][]byte{
		{systemKey(rowFormat, ""), numberValue(format)},
		{systemKey(rowEpoch, ""), numberValue(3)},
		{systemKey(rowCheckpoint, ""), checkpointValue(c, firstID+2)},
		{systemKey(rowStage, "transform.a"), stageValue(stage{firstID, "shape"})},
		{slotKey(7), numberValue(7)},
		{blockKey(7), numberValue(7)},
		{positionKey(firstID, p), positionValue(p, []byte("at"))},
		{outboxKey(firstID, 12), []byte("parcel")},
	}
}

// OnDisk returns options for a store that is as large as they are.
func OnDisk(fs vfs.FS) Options {
	return Options{fs: fs, Logger: slog.New(slog.DiscardHandler)}
}

// Compact moves all rows to the last level.
func Compact(t *testing.T, s *Store) {
	t.Helper()
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Compact(t.Context(), []byte{0}, []byte{255}, false); err != nil {
		t.Fatal(err)
	}
}

// ReadFrames looks at the frames of a file: where the first one is that does not
// check, -1 for none, and whether something behind it proves that it was there.
func ReadFrames(under vfs.FS, name string, log uint32) (bad int64, proven bool, err error) {
	x, err := readFrames(under, name, log)
	return x.bad, x.proven, err
}

// PutPrepared stores a prepared commit that has this number and no rows.
func (s *Store) PutPrepared(number int64) error {
	var b, rows pebble.Batch
	set(&b, systemKey(rowPrepared, ""), append(numberValue(number), rows.Repr()...))
	return s.apply(&b, true)
}
