package limit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// chunk is the size of a read. It fits the second-level cache together
	// with what is made of it; half and double of it measured the same.
	chunk = 256 << 10
	// slack is how far behind the last newline the word-wise loops may look.
	slack = 32
	// maxRecord bounds the buffer against input without newlines.
	maxRecord = 64 << 20
)

// errRecordSize reports a line that no buffer holds.
var errRecordSize = errors.New("a record is longer than 64 MiB")

// chunks reads whole lines.
type chunks struct {
	r     io.Reader
	buf   []byte // the last slack bytes are never filled
	begin int    // start of the line that the last chunk ended in
	end   int    // end of what was read
	eof   bool
}

func newChunks(r io.Reader) *chunks {
	return &chunks{r: r, buf: make([]byte, chunk+slack)}
}

// next returns a buffer and the length of the whole lines it starts with; the
// buffer has at least slack bytes after them and is valid until the following
// call. The last line gets a newline if it lacks one. At the end of the
// input it returns io.EOF.
func (c *chunks) next() (buf []byte, n int, err error) {
	c.end = copy(c.buf, c.buf[c.begin:c.end])
	c.begin = 0
	for !c.eof {
		if c.end == len(c.buf)-slack {
			if len(c.buf) > maxRecord {
				return nil, 0, errRecordSize
			}
			c.buf = append(c.buf, make([]byte, len(c.buf))...)
		}
		fresh := c.end
		n, err := c.r.Read(c.buf[c.end : len(c.buf)-slack])
		c.end += n
		if errors.Is(err, io.EOF) {
			c.eof = true
		} else if err != nil {
			return nil, 0, fmt.Errorf("read records: %w", err)
		}
		if last := bytes.LastIndexByte(c.buf[fresh:c.end], '\n'); last >= 0 {
			c.begin = fresh + last + 1
			return c.buf, c.begin, nil
		}
	}
	if c.end == 0 {
		return nil, 0, io.EOF
	}
	// Slack has room for the newline.
	c.buf[c.end] = '\n'
	n, c.begin, c.end = c.end+1, 0, 0
	return c.buf, n, nil
}
