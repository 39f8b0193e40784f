package command

import (
	"bytes"
	"errors"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// start is what a program exports.
const start = "_start"

// Interface returns what programs import and export.
func Interface() *host.Interface {
	return &host.Interface{Name: "programs", Check: check}
}

func check(m *binary.Module) ([]string, error) {
	if !host.Exports(m, start, ":") {
		return nil, errors.New("it does not export _start, so it is no program of WASI: build a program, not a library")
	}
	return []string{start}, nil
}

// program is a program that runs for each call.
type program struct {
	instance *host.Instance
	fresh    bool // it has not run

	rows  foreign.Rows
	row   int    // whose line is read, rows.Len() at the end
	rest  []byte // of the line that is being read
	input []byte // room for lines

	text  []byte // that it has written
	lines []line
	ended bool // it knows that there are no more lines
	held  bool // it keeps what it writes back
}

// line is a line that was written, as far as where it ends.
type line struct{ end, row int }

// New makes an instance.
func New(c foreign.Config) (foreign.Guest, error) {
	p := &program{fresh: true}
	env := make([]string, len(c.Settings))
	for k, s := range c.Settings {
		env[k] = s.Name + "=" + s.Value
	}
	i, err := c.Module.Start(host.Surroundings{Log: c.Log, Now: c.Now, Args: c.Args, Env: env, Stdin: p.read, Stdout: p.write})
	if err != nil {
		return nil, err
	}
	p.instance = i
	return p, nil
}

// Discard implements [foreign.Guest].
func (p *program) Discard() { p.instance.Discard() }

// Give implements [foreign.Guest]. A program that fails has done nothing for any of the rows.
func (p *program) Give(c host.Call, rows foreign.Rows, out *abi.OutputWriter) (int, error) {
	p.rows, p.row, p.rest, p.text, p.lines, p.ended, p.held = rows, -1, nil, foreign.Reuse(p.text), foreign.Reuse(p.lines), false, false
	defer func() { p.rows, p.text, p.lines = nil, foreign.Reuse(p.text), foreign.Reuse(p.lines) }()
	p.instance.Begin(c)
	if !p.fresh {
		if err := p.instance.Again(); err != nil {
			return 0, err
		}
	}
	p.fresh = false
	if _, err := p.instance.Call(p.instance.Function(start)); err != nil {
		return 0, err
	}
	if p.leaves() {
		return 0, host.Faultf(host.Failed, "the program has ended before it has read all lines: read them up to the end of the input")
	}
	p.endLine(len(p.text)) // the last line may lack its end
	if err := p.tell(out); err != nil {
		return 0, err
	}
	return rows.Len(), nil
}

// read gives the program no more than a line, so that it is known which one it is about.
func (p *program) read(buf []byte) int {
	p.held = p.held || len(p.text) > p.told()
	for len(p.rest) == 0 {
		if p.row++; p.row >= p.rows.Len() {
			p.row, p.ended = p.rows.Len(), true
			return 0
		}
		if value := p.rows.Value(p.row); !severalLines(value) {
			p.input = append(append(p.input[:0], value...), '\n')
			p.rest = p.input
		}
	}
	n := copy(buf, p.rest)
	p.rest = p.rest[n:]
	return n
}

// leaves reports whether there are lines that the program has not begun to read.
func (p *program) leaves() bool {
	for n := p.row + 1; n < p.rows.Len(); n++ {
		if !severalLines(p.rows.Value(n)) {
			return true
		}
	}
	return false
}

func severalLines(value []byte) bool { return bytes.IndexByte(value, '\n') >= 0 }

// told is where the last line ends.
func (p *program) told() int {
	if len(p.lines) == 0 {
		return 0
	}
	return p.lines[len(p.lines)-1].end
}

// write keeps what the program writes. A line counts as a record does, also an empty one: it has to be kept as well.
func (p *program) write(text []byte) {
	limit, lines := p.instance.Limits().Output, len(p.lines)+bytes.Count(text, []byte{'\n'})
	if len(p.text)+len(text)+lines*abi.RecordSize > limit {
		panic(host.Faultf(host.Limit, "the program writes more than %d bytes in a call, of which each line takes %d: raise limits.output, or write less", limit, abi.RecordSize))
	}
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n') + 1
		if n == 0 {
			p.text = append(p.text, text...)
			return
		}
		p.text, text = append(p.text, text[:n]...), text[n:]
		p.endLine(len(p.text))
	}
}

func (p *program) endLine(end int) {
	if end > p.told() {
		p.lines = append(p.lines, line{end, max(p.row, 0)})
		p.held = p.held || p.ended
	}
}

// tell tells what becomes of the rows. An empty line stands for none.
func (p *program) tell(out *abi.OutputWriter) error {
	given := make([]uint32, 0, p.rows.Len())
	for n := range p.rows.Len() {
		if severalLines(p.rows.Value(n)) {
			out.Add(abi.Record{Row: uint32(n), Status: abi.DeadLetter, Value: []byte("the value has several lines, and a program is given a line for each record")})
			continue
		}
		given = append(given, uint32(n))
	}
	if p.held && len(p.lines) != len(given) {
		return host.Faultf(host.Frame, "the program has written %d lines for %d that it was given: write one for each, empty to drop the record, or write what becomes of a line before you read the next", len(p.lines), len(given))
	}
	from := 0
	for k, l := range p.lines {
		text := bytes.TrimSuffix(p.text[from:l.end], []byte{'\n'})
		row := uint32(l.row)
		if from = l.end; p.held {
			row = given[k]
		}
		if len(text) > 0 {
			out.Add(abi.Record{Row: row, Flags: abi.SameKey | abi.SameHeaders | abi.SameTime, Value: text})
		}
	}
	return nil
}
