package spool_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/runtime/spool"
)

// damaged is a log of acknowledged entries of which each file is to be damaged.
type damaged struct {
	disk    *memory
	records []string
}

func newDamaged(t testing.TB) damaged {
	t.Helper()
	d := damaged{disk: newMemory(), records: []string{"a", "bb", "ccc", "d", "e"}}
	e := newEngine()
	e.keep = true
	s := wrap(t, sending(d.records[:2], d.records[2:3], d.records[3:]), "d", spool.Options{SegmentBytes: 120}.On(d.disk))
	if err := s.Run(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if n := len(d.files()); n != 3 {
		t.Fatalf("%d files", n)
	}
	return d
}

// files returns the segments, and the mark.
func (d damaged) files() []string {
	var files []string
	for name := range d.disk.names {
		files = append(files, name)
	}
	slices.Sort(files)
	return files
}

// begin returns where the smallest part with a checksum begins that holds a
// byte of a file: an entry, or the header; of a mark, all of it.
func (d damaged) begin(file string, at int) int64 {
	const fileHeader, entryHeader = 64, 32
	begin, content := 0, d.disk.names[file].content
	if !strings.HasSuffix(file, ".log") || at < fileHeader {
		return 0
	}
	for next := fileHeader; next <= at; {
		begin = next
		if next == len(content) {
			break
		}
		next += entryHeader + int(binary.LittleEndian.Uint32(content[next+4:]))
	}
	return int64(begin)
}

// check runs the log with a file that was changed: it is delivered wholly, or
// in order up to an error that names a place.
func (d damaged) check(t *testing.T, file string, content []byte, what string, at int) {
	t.Helper()
	disk := d.disk.copied()
	disk.names[file].content = content
	if content == nil {
		delete(disk.names, file)
	}
	logged := make(chan string, 10)
	e, err := run(t.Context(), t, ending, "d", spool.Options{Logger: logTo(logged)}.On(disk), nil)
	got, want := e.got(), strings.Join(d.records, " ")
	padding := file == "d/mark" && at%512 >= 60
	if err == nil && (got != want || len(logged) == 0 && !padding) {
		t.Fatalf("%s %s at %d: no error, %q is delivered, and the log says %d things", file, what, at, got, len(logged))
	}
	if !strings.HasPrefix(want, got) {
		t.Fatalf("%s %s at %d: %q is delivered", file, what, at, got)
	}
	if err == nil {
		return
	}
	var corrupt *spool.CorruptError
	if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), "spool d/"+corrupt.File+" is damaged at offset") ||
		!strings.Contains(err.Error(), fmt.Sprintf("onstream spool repair d --truncate-at %s:%d", corrupt.File, corrupt.Offset)) {
		t.Fatalf("%s %s at %d: the error names no place or no way out: %v", file, what, at, err)
	}
	if content != nil && (file != "d/"+corrupt.File || corrupt.Offset != d.begin(file, at)) {
		t.Fatalf("%s %s at %d: what holds that byte begins at %d, and the error says %s:%d", file, what, at, d.begin(file, at), corrupt.File, corrupt.Offset)
	}
	r, err := spool.InspectOn(disk, "d")
	if err != nil || len(r.Problems) == 0 || *r.Problems[0] != *corrupt {
		t.Fatalf("%s %s at %d: Run says %v, but Inspect %v, %v", file, what, at, corrupt, r.Problems, err)
	}
	d.repair(t, disk)
}

// repair follows what Inspect says until nothing is wrong, and runs the log.
func (d damaged) repair(t *testing.T, disk *memory) {
	t.Helper()
	for range 5 {
		r, err := spool.InspectOn(disk, "d")
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) == 0 {
			break
		}
		if _, err := spool.RepairOn(disk, "d", r.Problems[0].File, r.Problems[0].Offset); err != nil {
			t.Fatalf("repair %v: %v", r.Problems[0], err)
		}
	}
	e, err := run(t.Context(), t, sending([]string{"new"}), "d", spool.Options{}.On(disk), nil)
	if err != nil || e.records[len(e.records)-1] != "new" {
		t.Fatalf("after the repair: %q, %v", e.got(), err)
	}
	last := int64(0)
	for i, r := range e.records[:len(e.records)-1] {
		if n := e.offsets[i]; n <= last || d.records[n-1] != r {
			t.Fatalf("after the repair record %d is %q: %q", n, r, e.got())
		}
		last = e.offsets[i]
	}
}

func TestCutOffAtEveryByte(t *testing.T) {
	t.Parallel()
	d := newDamaged(t)
	for _, file := range d.files() {
		content := d.disk.names[file].content
		for n := range content {
			d.check(t, file, slices.Clone(content[:n]), "cut off", n)
		}
	}
}

func TestEveryBitFlipped(t *testing.T) {
	t.Parallel()
	d := newDamaged(t)
	for _, file := range d.files() {
		content := d.disk.names[file].content
		for n := range 8 * len(content) {
			flipped := slices.Clone(content)
			flipped[n/8] ^= 1 << (n % 8)
			d.check(t, file, flipped, "flipped", n/8)
		}
	}
}

func TestMissingFiles(t *testing.T) {
	t.Parallel()
	d := newDamaged(t)
	for _, file := range d.files() {
		d.check(t, file, nil, "gone", 0)
	}
}

// TestHalfWrittenEntriesAreCutOff looks at what a crash leaves that was never
// acknowledged.
func TestHalfWrittenEntriesAreCutOff(t *testing.T) {
	t.Parallel()
	d := newDamaged(t)
	last := d.files()[1]
	content := d.disk.names[last].content
	frame := content[64:] // of the entry before, which is not the next one
	for n := 1; n < len(frame); n++ {
		disk := d.disk.copied()
		disk.names[last].content = append(slices.Clone(content), frame[:n]...)
		r, err := spool.InspectOn(disk, "d")
		if err != nil || len(r.Problems) > 0 || r.Torn != int64(n) {
			t.Fatalf("%d bytes: Inspect says %+v, %v", n, r, err)
		}
		e := newEngine()
		e.keep = true
		if err := wrap(t, ending, "d", spool.Options{}.On(disk)).Run(t.Context(), e); err != nil || e.got() != strings.Join(d.records, " ") {
			t.Fatalf("%d bytes: got %q, %v", n, e.got(), err)
		}
		if now := disk.names[last].content; len(now) != len(content) {
			t.Fatalf("%d bytes: the file has %d bytes, not %d", n, len(now), len(content))
		}
	}
}

// TestDamageBehindAnOldMark damages an entry of a log whose mark a power loss
// has set back: the frames behind it tell that it was acknowledged.
func TestDamageBehindAnOldMark(t *testing.T) {
	t.Parallel()
	disk := newMemory()
	o := spool.Options{}.On(disk)
	if _, err := run(t.Context(), t, ending, "d", o, nil); err != nil {
		t.Fatal(err)
	}
	old := slices.Clone(disk.names["d/mark"].content)
	if _, err := run(t.Context(), t, sending([]string{"a"}, []string{"b"}, []string{"c"}), "d", o, nil); err != nil {
		t.Fatal(err)
	}
	disk.names["d/mark"].content = old
	log := disk.names["d/00000000000000000001.log"]
	log.content[64+32] ^= 1
	e, err := run(t.Context(), t, ending, "d", o, nil)
	var corrupt *spool.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Offset != 64 || e.got() != "" {
		t.Errorf("got %q, %v", e.got(), err)
	}
	log.content[64+32] ^= 1
	if e, err = run(t.Context(), t, ending, "d", o, nil); err != nil || e.got() != "a b c" {
		t.Errorf("undamaged: got %q, %v", e.got(), err)
	}
}
