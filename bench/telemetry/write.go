package telemetry

import (
	"fmt"
	"io"
)

// chunk is the size of one write.
const chunk = 256 << 10

// Write writes the next n lines to w and returns the number of bytes written.
func (g *Generator) Write(w io.Writer, n int) (int64, error) {
	buf := make([]byte, 0, chunk)
	var total int64
	for ; n > 0; n-- {
		buf = g.Append(buf)
		if n > 1 && len(buf) <= chunk-maxLine {
			continue
		}
		k, err := w.Write(buf)
		total += int64(k)
		if err != nil {
			return total, fmt.Errorf("write telemetry: %w", err)
		}
		buf = buf[:0]
	}
	return total, nil
}
