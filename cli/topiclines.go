package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

const (
	maxProduced  = 16 << 20 // bytes of a line
	produceRows  = 1000     // of a batch
	produceBytes = 1 << 20  // of a batch, but for its last record
)

// lineReader cuts the input into records.
type lineReader struct {
	in   *bufio.Reader
	keys lineKeys
	pool *plugins.Pool
	read int64 // lines
}

func newLineReader(in io.Reader, keys lineKeys, pool *plugins.Pool) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(in, 64<<10), keys: keys, pool: pool}
}

// part is a batch of lines, and the number of the first. The last one has the error that
// ended the input; it may have no batch.
type part struct {
	batch *plugins.Batch
	first int64
	err   error
}

// run sends all lines, until the input or ctx ends. It may wait for its input for longer
// than that: then it ends with the process.
func (l *lineReader) run(ctx context.Context, parts chan<- part) {
	for {
		var p part
		p.batch, p.first, p.err = l.batch()
		select {
		case parts <- p:
		case <-ctx.Done():
			return
		}
		if p.err != nil {
			return
		}
	}
}

// batch returns lines that are there and follow each other, and the number of the first; nil
// for an empty line, which is no record. It does not wait for a second one. The error is what
// ended the input.
func (l *lineReader) batch() (batch *plugins.Batch, first int64, err error) {
	b := connectors.NewBuilder(l.pool.Batch(), plugins.Partition{Name: "input"}, plugins.Framing{})
	for b.Len() == 0 || l.in.Buffered() > 0 && b.Len() < produceRows && b.Size() < produceBytes {
		var line []byte
		if line, err = l.line(); err != nil {
			break
		}
		l.read++
		if len(line) == 0 {
			break
		}
		var key []byte
		if key, err = l.keys.of(line); err != nil {
			err = fmt.Errorf("line %d: %w", l.read, err)
			break
		}
		if b.Len() == 0 {
			first = l.read
		}
		b.Add(connectors.Record{Value: line, Key: key})
	}
	made := b.Batch()
	if made.Len == 0 {
		made.Release()
		return nil, l.read, err
	}
	return made, first, err
}

// line returns the next line, without its end.
func (l *lineReader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := l.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxProduced:
			return nil, fmt.Errorf("line %d is longer than %d bytes", l.read+1, maxProduced)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
		case errors.Is(err, os.ErrClosed), errors.Is(err, io.EOF):
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("read line %d: %w", l.read+1, err)
		}
	}
}
