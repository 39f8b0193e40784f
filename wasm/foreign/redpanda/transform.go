package redpanda

import (
	"iter"
	"runtime"
	"slices"
	"strconv"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// transform is an instance of a data transform. The coroutine knows the program only, so that a transform that nobody has any
// more is found, and its coroutine ended.
type transform struct{ *program }

// program is a transform as its functions see it.
type program struct {
	instance *host.Instance
	ports    []string
	name     string // of the first output
	next     func() (struct{}, bool)
	stop     func()
	pause    func(struct{}) bool // of the coroutine; false when it is to end
	err      error               // with which it has ended

	call  host.Call
	rows  foreign.Rows
	out   *abi.OutputWriter
	row   int            // that was read last, -1 for none
	mark  abi.OutputMark // what was written before it
	left  int            // that were announced to the guest, and not read
	input payload
	given payload
	buf   []byte
}

// New makes an instance and runs it until it asks for records.
func New(c foreign.Config) (foreign.Guest, error) {
	p := &program{ports: c.Ports, name: c.Stage}
	i, err := c.Module.Start(host.Surroundings{Log: c.Log, Now: c.Now, Owner: p, Env: environment(c)})
	if err != nil {
		return nil, err
	}
	p.instance = i
	p.next, p.stop = iter.Pull(func(yield func(struct{}) bool) {
		p.pause = yield
		_, p.err = i.Call(i.Function(start))
	})
	t := &transform{p}
	if _, ok := p.next(); !ok {
		t.Discard()
		return nil, p.ended()
	}
	runtime.AddCleanup(t, (*program).Discard, p)
	return t, nil
}

// environment is that of a transform: the topics that it may write to, and the settings.
func environment(c foreign.Config) []string {
	env := make([]string, 0, len(c.Settings)+len(c.Ports)+1)
	for _, s := range c.Settings {
		env = append(env, s.Name+"="+s.Value)
	}
	for k, name := range append([]string{c.Stage}, c.Ports...) {
		env = append(env, "REDPANDA_OUTPUT_TOPIC_"+strconv.Itoa(k)+"="+name)
	}
	return env
}

// ended is why the program has ended, which it should not.
func (p *program) ended() error {
	if p.err != nil {
		return p.err
	}
	return host.Faultf(host.Trap, "the transform has ended, and should ask for records for ever: call OnRecordWritten in main")
}

// Discard implements [foreign.Guest].
func (p *program) Discard() {
	p.stop()
	p.instance.Discard()
}

// Give implements [foreign.Guest]. Where it returns before the last row, the guest has been told of the rows that
// are left, which are to come next.
func (t *transform) Give(c host.Call, rows foreign.Rows, out *abi.OutputWriter) (int, error) {
	defer runtime.KeepAlive(t)
	p := t.program
	if p.left > 0 && p.left != rows.Len() {
		return 0, host.Faultf(host.Trap, "the transform was told of %d records, and is given %d", p.left, rows.Len())
	}
	p.call, p.rows, p.out, p.row, p.mark = c, rows, out, -1, out.Mark()
	defer func() { p.rows, p.out, p.buf = nil, nil, foreign.Reuse(p.buf) }()
	p.instance.Begin(c)
	if _, ok := p.next(); !ok {
		out.Rewind(p.mark)
		return max(p.row, 0), p.ended()
	}
	return p.row + 1, nil
}

// wait stands still until there are rows.
func (p *program) wait() {
	if !p.pause(struct{}{}) {
		panic(host.Faultf(host.Trap, "the transform is of no use any more"))
	}
}

// port returns the output for a topic.
func (p *program) port(topic string) (uint16, bool) {
	if topic == "" || topic == p.name {
		return 0, true
	}
	k := slices.Index(p.ports, topic)
	return uint16(k + 1), k >= 0
}
