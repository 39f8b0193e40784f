package sinks

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressor makes compressed files of whole members, each of which can be
// read without the others.
type compressor interface {
	// member returns raw as one member; valid until the next call.
	member(raw []byte) ([]byte, error)
	// whole returns how many bytes of the file the whole members at its
	// begin take up.
	whole(r io.Reader) (int64, error)
	// reader returns the content of a file.
	reader(r io.Reader) (io.Reader, error)
}

func newCompressor(name string) compressor {
	switch name {
	case "gzip":
		return &gzipMembers{w: gzip.NewWriter(io.Discard)}
	case "zstd":
		return &zstdFrames{}
	default:
		return nil
	}
}

type gzipMembers struct {
	w   *gzip.Writer
	buf bytes.Buffer
}

func (g *gzipMembers) member(raw []byte) ([]byte, error) {
	g.buf.Reset()
	g.w.Reset(&g.buf)
	if _, err := g.w.Write(raw); err != nil {
		return nil, err
	}
	err := g.w.Close()
	return g.buf.Bytes(), err
}

func (g *gzipMembers) whole(r io.Reader) (int64, error) {
	at := &offsetReader{r: bufio.NewReaderSize(r, gathered)}
	var z gzip.Reader
	for whole := int64(0); ; whole = at.n {
		if err := z.Reset(at); err != nil {
			return whole, at.err
		}
		z.Multistream(false)
		if _, err := io.Copy(io.Discard, &z); err != nil {
			return whole, at.err
		}
	}
}

func (g *gzipMembers) reader(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }

// offsetReader counts the bytes taken from it, and keeps what kept it from
// reading more other than the end.
type offsetReader struct {
	r   *bufio.Reader
	n   int64
	err error
}

// Read implements [io.Reader].
func (o *offsetReader) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	return n, o.note(n, err)
}

// ReadByte implements [io.ByteReader]: with it, decompressors read no further
// than a member goes.
func (o *offsetReader) ReadByte() (byte, error) {
	b, err := o.r.ReadByte()
	if err != nil {
		return 0, o.note(0, err)
	}
	o.n++
	return b, nil
}

func (o *offsetReader) note(n int, err error) error {
	o.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = err
	}
	return err
}

type zstdFrames struct {
	w   *zstd.Encoder
	buf []byte
}

func (z *zstdFrames) member(raw []byte) ([]byte, error) {
	if z.w == nil {
		// One goroutine, this one: the engine uses the other cores.
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		z.w = w
	}
	z.buf = z.w.EncodeAll(raw, z.buf[:0])
	return z.buf, nil
}

// whole walks from block to block (RFC 8878, 3.1.1), without decompressing.
func (z *zstdFrames) whole(r io.Reader) (int64, error) {
	br := bufio.NewReaderSize(r, gathered)
	for whole := int64(0); ; {
		n, err := skipFrame(br)
		if errors.Is(err, io.EOF) || errors.Is(err, errNoFrame) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		whole += n
	}
}

var errNoFrame = errors.New("not a zstd frame")

// skipFrame reads past one frame and returns its size.
func skipFrame(r *bufio.Reader) (int64, error) {
	start, err := r.Peek(zstd.HeaderMaxSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	var h zstd.Header
	if len(start) == 0 {
		return 0, io.EOF
	}
	if h.Decode(start) != nil {
		return 0, errNoFrame
	}
	size := int64(0)
	skip := func(n int) error {
		k, err := r.Discard(n)
		size += int64(k)
		return err
	}
	if h.Skippable {
		return size, errors.Join(skip(h.HeaderSize), skip(int(h.SkippableSize)))
	}
	if err := skip(h.HeaderSize); err != nil {
		return size, err
	}
	for last := false; !last; {
		block, err := r.Peek(3)
		if err != nil {
			return size, io.EOF
		}
		head := uint32(block[0]) | uint32(block[1])<<8 | uint32(block[2])<<16
		last = head&1 != 0
		length := int(head >> 3)
		if head>>1&3 == 1 { // one byte, repeated
			length = 1
		}
		if err := skip(3 + length); err != nil {
			return size, err
		}
	}
	if h.HasCheckSum {
		err = skip(4)
		return size, err
	}
	return size, nil
}

func (z *zstdFrames) reader(r io.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return d, nil
}
