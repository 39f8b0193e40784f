package sinks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// shownOfTorn is how many bytes of a record that is cut off are in the log.
const shownOfTorn = 100

// dropTornRecord cuts off the record that a crash has left half written at the
// end of the file, where the format lets that be seen. Otherwise the next batch
// ends the line.
func (s *file) dropTornRecord() error {
	if !s.out.regular || len(s.term) == 0 {
		return nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil // it may be written and not read: then nobody can tell
	}
	defer f.Close()
	begin, err := lastLine(f, s.out.size, s.term)
	if err != nil {
		return fmt.Errorf("look for the end of %s: %w", s.path, err)
	}
	if begin == s.out.size {
		return nil
	}
	if !s.objects {
		s.env.Logger.Warn("the file does not end with a whole line: its last record may be cut off; the line is ended, and what is new comes behind it", "path", s.path, "offset", begin)
		return nil
	}
	whole, err := isObject(io.NewSectionReader(f, begin, s.out.size-begin))
	if err != nil {
		return fmt.Errorf("read the last record of %s: %w", s.path, err)
	}
	if whole {
		return nil
	}
	shown := make([]byte, min(shownOfTorn, s.out.size-begin))
	if _, err := f.ReadAt(shown, begin); err != nil {
		return fmt.Errorf("read the last record of %s: %w", s.path, err)
	}
	s.env.Logger.Warn("cutting off a record that a crash has left half written", "path", s.path, "offset", begin, "bytes", s.out.size-begin, "begins", string(shown))
	return s.out.cutTo(begin)
}

// lastLine returns where in a file of a size stands what is behind the last
// terminator: the size where nothing is.
func lastLine(f io.ReaderAt, size int64, term []byte) (int64, error) {
	const step = 64 << 10
	buf := make([]byte, step+len(term)-1) // with the terminator that begins in a step and ends behind it
	for end := size; end > 0; {
		begin := max(0, end-step)
		part := buf[:min(int64(len(buf)), size-begin)]
		if _, err := f.ReadAt(part, begin); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndex(part, term); at >= 0 {
			return begin + int64(at+len(term)), nil
		}
		end = begin
	}
	return 0, nil
}

// isObject reports whether what is read is one JSON object. However long that
// is, no more than one of its values is in memory.
func isObject(r io.Reader) (bool, error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	for depth, first := 0, true; first || depth > 0; first = false {
		t, err := d.Token()
		if err != nil {
			return false, unlessSyntax(err)
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if first && t != json.Delim('{') {
			return false, nil
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return false, unlessSyntax(err)
	}
	return true, nil
}

// unlessSyntax returns an error of reading, and nil for one of what was read.
func unlessSyntax(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
