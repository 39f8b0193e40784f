package dsl

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// A line longer than longLine bytes is shown as the part around what is
// wrong: before bytes in front of where that begins, and behind from there.
// Generated files may be one line.
const (
	longLine = 400
	before   = 80
	behind   = 160
	cut      = "..."
)

// lineAt returns the line that holds a byte of src, without its end, and the
// offset where it begins.
func lineAt(src []byte, offset int) ([]byte, int) {
	offset = min(max(offset, 0), len(src))
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	line, _, _ := bytes.Cut(src[start:], []byte("\n"))
	return bytes.TrimRight(line, "\r"), start
}

// excerpt returns what to show of a line for something that begins at byte at,
// and where that is in what it returns.
func excerpt(line []byte, at int) (string, int) {
	if len(line) <= longLine {
		return string(line), at
	}
	at = min(max(at, 0), len(line))
	from, to := max(at-before, 0), min(at+behind, len(line))
	for from > 0 && from < at && !utf8.RuneStart(line[from]) {
		from++
	}
	for to < len(line) && to > at && !utf8.RuneStart(line[to]) {
		to--
	}
	text, shown := string(line[from:to]), at-from
	if from > 0 {
		text, shown = cut+text, shown+len(cut)
	}
	if to < len(line) {
		text += cut
	}
	return text, shown
}

// shorten prepares a diagnostic for HCL's writer, which goes through the whole
// file for each: it returns the lines to show in place of the file, and the
// diagnostic with the range in there. Of a long line it takes the excerpt.
func shorten(files map[string]*hcl.File, d *hcl.Diagnostic) (map[string]*hcl.File, *hcl.Diagnostic) {
	if d.Subject == nil || files[d.Subject.Filename] == nil {
		return files, d
	}
	f, r, shown := files[d.Subject.Filename], *d.Subject, *d.Subject
	if d.Context != nil {
		shown = hcl.RangeOver(r, *d.Context)
	}
	short := *d
	text, isLong := linesOf(f.Bytes, shown)
	if isLong {
		line, start := lineAt(f.Bytes, r.Start.Byte)
		part, at := excerpt(line, r.Start.Byte-start)
		size := min(max(r.End.Byte-r.Start.Byte, 0), max(len(strings.TrimSuffix(part, cut))-at, 0))
		r.End = hcl.Pos{Line: r.Start.Line, Column: r.Start.Column + size, Byte: r.Start.Byte + size}
		text, shown, short.Context = []byte(part), r, nil
		r = shifted(r, at-r.Start.Byte)
	} else {
		_, start := lineAt(f.Bytes, shown.Start.Byte)
		r = shifted(r, -start)
		if d.Context != nil {
			short.Context = shifted(*d.Context, -start).Ptr()
		}
	}
	above := strings.Repeat("\n", max(shown.Start.Line-1, 0)) // the lines keep their numbers
	short.Subject = shifted(r, len(above)).Ptr()
	if short.Context != nil {
		short.Context = shifted(*short.Context, len(above)).Ptr()
	}
	var nav any
	if n, ok := f.Nav.(navigator); ok {
		nav = within(n.ContextString(d.Subject.Start.Byte))
	}
	return map[string]*hcl.File{r.Filename: {Body: f.Body, Bytes: append([]byte(above), text...), Nav: nav}}, &short
}

// shifted moves a range by some bytes, within its lines.
func shifted(r hcl.Range, by int) hcl.Range {
	r.Start.Byte += by
	r.End.Byte += by
	return r
}

// linesOf returns the lines that a range touches, and whether one is long.
func linesOf(src []byte, r hcl.Range) (text []byte, isLong bool) {
	_, start := lineAt(src, r.Start.Byte)
	last, end := lineAt(src, r.End.Byte)
	text = src[start:max(start, end+len(last))]
	for line := range bytes.Lines(text) {
		isLong = isLong || len(line) > longLine
	}
	return text, isLong
}

// navigator is what HCL asks of a file for the block around an offset.
type navigator interface{ ContextString(offset int) string }

// within is a navigator in an excerpt: all of it is in one block.
type within string

var _ navigator = within("")

// ContextString is the head of the block.
func (w within) ContextString(int) string { return string(w) }
