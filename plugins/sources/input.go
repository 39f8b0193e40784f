package sources

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// input is an open file.
type input struct {
	file   *os.File
	method string // of compression
	r      io.Reader
	free   func() // memory of the decompressor; may be nil
}

// Close closes the file.
func (in *input) Close() error {
	if in.free != nil {
		in.free()
	}
	return in.file.Close()
}

// compressionOf returns how a file is compressed, by its name where that is
// not said.
func compressionOf(path, attr string) string {
	if attr != "auto" {
		return attr
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".gzip":
		return "gzip"
	case ".zst", ".zstd":
		return "zstd"
	default:
		return "none"
	}
}

// openInput opens a file; the bytes read from the disk are added to read.
func openInput(path, compression string, read *atomic.Int64) (*input, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, openError(err)
	}
	if info.Mode()&fs.ModeNamedPipe != 0 {
		// Opening one waits for a writer, and it has no positions to resume at.
		return nil, fmt.Errorf("open %s: it is a pipe, not a file: read it with source \"stdin\"", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(fmt.Errorf("open %s: it is a directory: name the files in it, as in %q", path, filepath.Join(path, "*.json")), f.Close())
	}
	in := &input{file: f, r: &counter{f, read}, method: compressionOf(path, compression)}
	if err := in.decompress(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return in, nil
}

// skip goes to an offset of the content, and returns how far it came.
func (in *input) skip(offset int64) (int64, error) {
	if in.method != "none" {
		n, err := io.CopyN(io.Discard, in.r, offset)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return n, err
	}
	info, err := in.file.Stat()
	if err != nil {
		return 0, err
	}
	_, err = in.file.Seek(offset, io.SeekStart)
	return min(info.Size(), offset), err
}

func (in *input) decompress(path string) error {
	switch in.method {
	case "gzip":
		z, err := gzip.NewReader(in.r)
		if err == io.EOF { //nolint:errorlint // of nothing at all; what breaks off is io.ErrUnexpectedEOF
			return nil
		}
		if err != nil {
			return fmt.Errorf("open %s: it is not compressed with gzip, or breaks off in its header (%w): say compression = \"none\" if it is plain", path, err)
		}
		in.r = &filler{z}
	case "zstd":
		// One goroutine, this one: the engine uses the other cores.
		z, err := zstd.NewReader(in.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
		in.r, in.free = &filler{z}, z.Close
	}
	return nil
}

// openError says what can be done about a file that cannot be opened.
func openError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		wd, _ := os.Getwd() // only for the hint
		return fmt.Errorf("%w: check the path, which is relative to %s", err, wd)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: let the user that runs onstream read it", err)
	default:
		return err
	}
}

// counter counts the bytes read.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

// Read implements [io.Reader].
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// filler fills what it is given, where decompressors return small pieces: the
// bytes are there already, so nobody waits.
type filler struct{ r io.Reader }

// Read implements [io.Reader].
func (f *filler) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = f.r.Read(p[n:])
		n += k
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w (%w)", errDamaged, err)
	}
	return n, err
}

// errDamaged is why the records of a compressed file end early.
var errDamaged = errors.New("the compressed data is damaged or breaks off here; all records before were read: restore the file")
