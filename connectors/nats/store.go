package nats

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/highwayhash"

	"github.com/onstream/onstream/plugins"
)

// The server cuts away what it finds damaged in its store, without a word. So what it has
// stored is read before it starts, and damage is an error that leaves everything as it is. What a
// server leaves behind that was killed is none: a last record that is not whole.
const (
	storeFolder = "jetstream"
	blockExt    = ".blk"
	longCheck   = 1 << 30 // bytes from which on it is told that they are read
)

// damage is what is wrong with a file of the store, and what to do.
type damage struct {
	file      string
	at        int64 // byte; of no meaning where that is not told
	what, way string
	told      bool // where it is
}

// Error names the file, the byte and the way out.
func (d *damage) Error() string {
	where := d.file
	if d.told {
		where += " at byte " + strconv.FormatInt(d.at, 10)
	}
	return fmt.Sprintf("the store is damaged: %s: %s; nothing was changed: %s", where, d.what, d.way)
}

// storeCheck is one look at a store.
type storeCheck struct {
	dir    string
	window time.Duration // what a power failure may take; 0 for nothing
	logger *slog.Logger

	seal   map[string]sealed // nil where the server was not stopped in order
	newest int64             // time of the newest record
	torn   []tear
	buf    []byte
}

// tear is the end of a block within a record.
type tear struct {
	file  string
	whole int64
	size  int64
	fault string
	next  int64 // time of the first record of a later block; 0 where there is none
}

// checkStore reports damage in the store of a server that does not run.
func checkStore(ctx context.Context, dir string, window time.Duration, logger *slog.Logger) error {
	c := &storeCheck{dir: dir, window: window, logger: logger}
	err := c.run(ctx)
	if _, damaged := errors.AsType[*damage](err); damaged {
		return plugins.Permanent(err)
	}
	return err
}

func (c *storeCheck) run(ctx context.Context) error {
	var err error
	if c.seal, err = readSeal(c.dir); err != nil {
		return err
	}
	for name, was := range c.seal {
		if err := c.compare(name, was); err != nil {
			return err
		}
	}
	streams, err := streamsIn(c.dir)
	if err != nil {
		return err
	}
	c.announce(streams)
	for _, stream := range streams {
		if err := c.stream(ctx, stream); err != nil {
			return err
		}
	}
	for _, t := range c.torn {
		// What is younger than the last that was forced to disk, a power failure may have taken.
		if t.next != 0 && (c.window == 0 || t.next < c.newest-int64(c.window)) {
			return c.broken(t.file, t.whole, t.fault+", and the stream goes on in the next block")
		}
		c.logger.Warn("the last record of a file was not written whole, because the process or the machine ended: the embedded server drops it", "file", t.file, "byte", t.whole, "bytes", t.size-t.whole)
	}
	return nil
}

// compare holds a file to the seal.
func (c *storeCheck) compare(name string, was sealed) error {
	file := filepath.Join(c.dir, name)
	wrong := func(what string, args ...any) error {
		return &damage{file: file, what: fmt.Sprintf(what, args...), way: fmt.Sprintf("bring the folder %s back from a copy; or, where that was changed on purpose, remove %s", c.dir, filepath.Join(c.dir, sealName))}
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong("it is gone, and was there when the server was stopped")
	case err != nil:
		return err
	case info.Size() != was.size:
		return wrong("it has %d bytes, and had %d when the server was stopped", info.Size(), was.size)
	case was.sum == "-":
		return nil
	}
	b, err := os.ReadFile(file)
	if err == nil && checksum(b) != was.sum {
		err = wrong("its checksum is not that of its bytes")
	}
	return err
}

// announce tells that it takes a while, where it does.
func (c *storeCheck) announce(streams []string) {
	var bytes int64
	for _, stream := range streams {
		blocks, _ := entries(filepath.Join(stream, "msgs")) // it will be seen what is wrong with them
		for _, file := range blocks {
			if info, err := os.Stat(file); err == nil && filepath.Ext(file) == blockExt {
				bytes += info.Size()
			}
		}
	}
	if bytes >= longCheck {
		c.logger.Info("what the embedded server has stored is read before it starts, to find damage", "bytes", bytes)
	}
}

// stream looks at the folder of a stream.
func (c *storeCheck) stream(ctx context.Context, folder string) error {
	name := filepath.Base(folder)
	if _, err := os.Stat(filepath.Join(folder, "meta.key")); err == nil {
		return plugins.Permanent(fmt.Errorf("stream %s in %s is encrypted, and the embedded server has no key: run a server that has it, and name that with servers", name, folder))
	}
	if err := c.meta(folder, name); err != nil {
		return err
	}
	blocks, err := blocksIn(folder)
	if err != nil {
		return err
	}
	s := &surveyor{stream: name, index: readIndex(folder, name)}
	var open []int // of torn: those without a later record so far
	for _, b := range blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.read(b.file); err != nil {
			return err
		}
		v, err := s.block(b.number, c.buf)
		if err != nil {
			return err
		}
		if v.first != 0 {
			for _, i := range open {
				c.torn[i].next = v.first
			}
			open = nil
		}
		c.newest = max(c.newest, v.last)
		switch {
		case v.fault == "":
		case v.packed:
			return &damage{
				file: b.file, what: v.fault,
				way: fmt.Sprintf("bring the folder %s back from a copy; or give this file up: remove it, and %s", c.dir, c.besides(b.file)),
			}
		case v.unknown:
			return c.broken(b.file, v.whole, v.fault+", and it would take too long to see whether whole records follow, so that this is taken for damage")
		case v.more:
			return c.broken(b.file, v.whole, v.fault+", and whole records follow")
		case c.seal != nil:
			return c.broken(b.file, v.whole, v.fault+", and it was whole when the server was stopped")
		default:
			c.torn = append(c.torn, tear{file: b.file, whole: v.whole, size: int64(len(c.buf)), fault: v.fault})
			open = append(open, len(c.torn)-1)
		}
	}
	return nil
}

func (c *storeCheck) broken(file string, at int64, what string) error {
	return &damage{
		file: file, at: at, told: true, what: what,
		way: fmt.Sprintf("bring the folder %s back from a copy; or give up what the file has from there on: truncate -s %d %s, and remove %s", c.dir, at, file, c.besides(file)),
	}
}

// besides names what says how a block was.
func (c *storeCheck) besides(file string) string {
	return filepath.Join(filepath.Dir(file), "index.db") + " and " + filepath.Join(c.dir, sealName) + ", where they are"
}

// isStream reports whether a folder has what the server knows of a stream. Where it was killed while it
// made or deleted one, that is not all there.
func isStream(folder string) bool {
	for _, name := range []string{"meta.inf", "meta.sum"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// meta looks at what the server knows of a stream.
func (c *storeCheck) meta(folder, name string) error {
	if !isStream(folder) {
		return nil
	}
	file, sumFile := filepath.Join(folder, "meta.inf"), filepath.Join(folder, "meta.sum")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(sumFile)
	if err != nil {
		return err
	}
	key := sha256.Sum256([]byte(name))
	want := binary.LittleEndian.AppendUint64(nil, highwayhash.Sum64(b, key[:]))
	if string(sum) != hex.EncodeToString(want) {
		return &damage{
			file: file, what: "its checksum is not that in " + sumFile,
			way: fmt.Sprintf("bring the folder %s back from a copy; or move %s elsewhere, and the stream is begun anew", c.dir, folder),
		}
	}
	return nil
}

// read reads a file into the buffer.
func (c *storeCheck) read(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.buf = slices.Grow(c.buf[:0], int(info.Size()))[:info.Size()]
	_, err = io.ReadFull(f, c.buf)
	return err
}

// blockFile is a block in a folder.
type blockFile struct {
	file   string
	number uint32
}

// blocksIn returns the blocks of a stream in their order. Where a purge has begun that will be
// finished, they are those that stay.
func blocksIn(stream string) ([]blockFile, error) {
	for _, folder := range []string{"__new_msgs__", "msgs"} {
		files, err := entries(filepath.Join(stream, folder))
		if err != nil {
			return nil, err
		}
		var blocks []blockFile
		for _, file := range files {
			text, ok := strings.CutSuffix(filepath.Base(file), blockExt)
			if !ok {
				continue
			}
			number, err := strconv.ParseUint(text, 10, 32)
			if err != nil {
				continue
			}
			blocks = append(blocks, blockFile{file, uint32(number)})
		}
		if len(blocks) > 0 {
			slices.SortFunc(blocks, func(a, b blockFile) int { return int(int64(a.number) - int64(b.number)) })
			return blocks, nil
		}
	}
	return nil, nil
}

// streamsIn returns the folders of the streams of a store, but for those that are being
// deleted.
func streamsIn(dir string) ([]string, error) {
	accounts, err := entries(filepath.Join(dir, storeFolder))
	if err != nil {
		return nil, err
	}
	var streams []string
	for _, account := range accounts {
		found, err := entries(filepath.Join(account, "streams"))
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if !strings.HasPrefix(filepath.Base(s), ".") {
				streams = append(streams, s)
			}
		}
	}
	return streams, nil
}

// entries returns the paths of what is in a folder; nothing where there is no such folder.
func entries(folder string) ([]string, error) {
	found, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || err != nil && isNoFolder(folder) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(found))
	for i, e := range found {
		paths[i] = filepath.Join(folder, e.Name())
	}
	return paths, nil
}

func isNoFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
