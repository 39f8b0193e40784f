package state

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/onstream/onstream/plugins"
)

// importCommit is how many bytes are committed together while importing.
const importCommit = 4 << 20

// ImportOptions say how to import.
type ImportOptions struct {
	Options
	// Replace allows that something is stored for the pipeline: it is gone
	// afterwards.
	Replace bool
	// Progress is called after each line; it may be nil.
	Progress func(lines int64)
	// LeaveOut reports whether a position is of no use where it is imported; it
	// may be nil.
	LeaveOut func(addr string, p plugins.Partition, at plugins.Position) bool
}

// Import stores for a pipeline what [Store.Export] has written. It makes a
// store beside the one that is replaced, and changes nothing unless all that
// was exported has arrived: an import that fails leaves nothing behind. Commits
// are counted anew; the epoch is above all that were used before.
func Import(dir, pipeline string, r io.Reader, o ImportOptions) (err error) {
	folder, err := filepath.Abs(Folder(dir, pipeline))
	if err != nil {
		return err
	}
	made := missingPaths(folder)
	lock, err := lockFolder(vfs.Default, folder, false, stopIt)
	if err != nil {
		removeEmpty(made[min(1, len(made)):]) // the lock is somebody else's
		return err
	}
	defer lock.Close()
	defer func() {
		if err != nil {
			removeEmpty(made)
		}
	}()
	if isUsed(folder) && !o.Replace {
		return fmt.Errorf("%s holds the state of a pipeline; --replace puts the imported state in its place", folder)
	}
	if err := finishExchange(vfs.Default, folder, false); err != nil {
		return err
	}
	fresh := filepath.Join(folder, importName)
	defer os.RemoveAll(fresh)
	if err := fill(fresh, folder, r, o); err != nil {
		return fmt.Errorf("import state: %w", err)
	}
	if err := exchange(fresh, folder); err != nil {
		return fmt.Errorf("import state: %w", err)
	}
	return nil
}

// missingPaths returns what of the lock of a folder, the folder and those above
// it is not there, in this order.
func missingPaths(folder string) (missing []string) {
	for path := filepath.Join(folder, lockName); ; path = filepath.Dir(path) {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return missing
		}
		missing = append(missing, path)
	}
}

// removeEmpty removes what was made by somebody who has failed. What others have
// put into a folder meanwhile keeps it.
func removeEmpty(made []string) {
	for _, path := range made {
		if os.Remove(path) != nil {
			return
		}
	}
}

const (
	importName   = "import"   // where an import makes its store
	replacedName = "replaced" // in it, the database that was replaced
)

// exchange puts the database of a folder in the place of that of another.
func exchange(fresh, folder string) error {
	database, old := filepath.Join(folder, databaseName), filepath.Join(fresh, replacedName)
	if err := os.Rename(database, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(fresh, databaseName), database); err != nil {
		return errors.Join(err, finishExchange(vfs.Default, folder, false))
	}
	return nil
}

// finishExchange takes back an exchange that ended half-way, and removes what
// is left of an import.
func finishExchange(under vfs.FS, folder string, readOnly bool) error {
	fresh := under.PathJoin(folder, importName)
	if _, err := under.Stat(fresh); readOnly || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	database, old := under.PathJoin(folder, databaseName), under.PathJoin(fresh, replacedName)
	if _, err := under.Stat(database); errors.Is(err, fs.ErrNotExist) {
		if err := under.Rename(old, database); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return under.RemoveAll(fresh)
}

// fill makes a store of what is read.
func fill(fresh, replaced string, r io.Reader, o ImportOptions) (err error) {
	i := &importer{in: bufio.NewReaderSize(r, 1<<16), sum: sha256.New(), progress: o.Progress, leaveOut: o.LeaveOut}
	if err := i.readHeader(); err != nil {
		return err
	}
	o.epoch = max(i.header.Epoch, lastEpoch(replaced))
	s, err := openFolder(fresh, o.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	i.commit = s.Begin()
	for i.end == nil {
		if err := i.readLine(); err != nil {
			return fmt.Errorf("line %d: %w", i.lines+1, err)
		}
		if i.end != nil || i.commit.Size() > importCommit {
			if err := i.commit.Write(i.header.At, true); err != nil {
				return err
			}
			i.commit = s.Begin()
			if i.stage != "" {
				i.writer = i.commit.Writer(i.stage)
			}
		}
	}
	return i.check()
}

// lastEpoch is the epoch of a store that is to be replaced: 0 where it cannot
// be opened, which may be why.
func lastEpoch(folder string) int64 {
	m, err := openMark(vfs.Default, filepath.Join(folder, databaseName))
	if err != nil {
		return 0
	}
	return m.epoch
}

// importer reads lines, and knows what the trailer says of them.
type importer struct {
	in       *bufio.Reader
	sum      hash.Hash
	lines    int64
	progress func(lines int64)
	leaveOut func(addr string, p plugins.Partition, at plugins.Position) bool
	header   headerLine
	stage    string
	commit   *Commit
	writer   plugins.StateWriter
	end      *endLine
}

var errCut = errors.New("the export ends too early; make it again")

// next reads a line into v. The trailer is not among what it is about.
func (i *importer) next(v any, isEnd func() bool) error {
	text, err := i.in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return errCut
	}
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("it is not a line of an export: %w", err)
	}
	if isEnd() {
		return nil
	}
	i.sum.Write(text)
	i.lines++
	if i.progress != nil {
		i.progress(i.lines)
	}
	return nil
}

func (i *importer) readHeader() error {
	if err := i.next(&i.header, func() bool { return false }); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	if i.header.Format != exportFormat || i.header.Epoch < 0 {
		return fmt.Errorf("line 1: it has format %d and this program reads %d", i.header.Format, exportFormat)
	}
	return nil
}

func (i *importer) readLine() error {
	var line bodyLine
	if err := i.next(&line, func() bool { return line.End != nil }); err != nil {
		return err
	}
	switch {
	case line.End != nil:
		i.end = line.End
	case line.Stage != nil:
		i.stage = line.Stage.Address
		i.commit.Claim(i.stage, line.Stage.Shape)
		i.writer = i.commit.Writer(i.stage)
	case i.stage == "":
		return errors.New("a row comes before its stage")
	case line.Position != nil:
		p := plugins.Partition{Name: line.Position.Partition, ID: line.Position.ID, Epoch: line.Position.Epoch}
		if i.leaveOut == nil || !i.leaveOut(i.stage, p, line.Position.At) {
			i.commit.Position(i.stage, p, line.Position.At)
		}
	case line.State != nil:
		i.writer.Put(line.State.Space, line.State.Group, line.State.Key, line.State.Value)
	case line.Outbox != nil && line.Outbox.Seq >= 0:
		i.commit.Post(i.stage, line.Outbox.Seq, line.Outbox.Parcel)
	default:
		return errors.New("it is not a line of an export")
	}
	return nil
}

// check says whether what was read is what was written.
func (i *importer) check() error {
	if i.end.Lines != i.lines || i.end.SHA256 != hex.EncodeToString(i.sum.Sum(nil)) {
		return errors.New("the export was changed: its checksum is not that of its lines; make it again")
	}
	if _, err := i.in.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the end of the export")
	}
	return nil
}
