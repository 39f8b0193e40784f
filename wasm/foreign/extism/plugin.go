package extism

import (
	"log/slog"
	"math"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// maxVars is how many bytes a plug-in may keep in variables, names included, as Extism's own hosts have it.
const maxVars = 1 << 20

// plugin is an instance of a plug-in.
type plugin struct {
	instance *host.Instance
	function api.Function
	tells    bool // whether the function returns a code
	arena    arena
	config   map[string]string
	vars     map[string][]byte
	varsSize int

	input, inputSize uint64
	output           []byte
	answer           answer // the last one
}

// New makes an instance.
func New(c foreign.Config) (foreign.Guest, error) {
	p := &plugin{config: map[string]string{}, vars: map[string][]byte{}}
	for _, s := range c.Settings {
		p.config[s.Name] = s.Value
	}
	i, err := c.Module.Start(host.Surroundings{Log: c.Log, Now: c.Now, Owner: p})
	if err != nil {
		return nil, err
	}
	p.instance, p.function = i, i.Function(c.Function)
	p.tells = len(p.function.Definition().ResultTypes()) > 0
	p.arena.limit = int(i.Limits().Memory)
	p.arena.reset()
	if err := p.initialize(); err != nil {
		i.Discard()
		return nil, err
	}
	return p, nil
}

// initialize does what the run-times of languages need, as Extism's own hosts do it.
func (p *plugin) initialize() error {
	if f := p.instance.Function("hs_init"); f != nil { // Haskell's: argc, argv
		if _, err := p.instance.Call(f, 0, 0); err != nil {
			return err
		}
	}
	for _, name := range []string{abi.Initialize, "__wasm_call_ctors"} {
		if f := p.instance.Function(name); f != nil {
			_, err := p.instance.Call(f)
			return err
		}
	}
	return nil
}

// Discard implements [foreign.Guest].
func (p *plugin) Discard() { p.instance.Discard() }

// Give implements [foreign.Guest]. A record for which there is no output is dropped, one for which the plug-in
// returns an error fails.
func (p *plugin) Give(c host.Call, rows foreign.Rows, out *abi.OutputWriter) (int, error) {
	defer func() {
		p.output = foreign.Reuse(p.output)
		p.arena.trim()
	}()
	for n := range rows.Len() {
		p.instance.Begin(c)
		p.arena.reset()
		value := rows.Value(n)
		p.input, p.inputSize, p.output, p.answer = p.arena.put(value), uint64(len(value)), p.output[:0], answer{}
		code, err := p.instance.Call(p.function)
		rec := abi.Record{Row: uint32(n), Flags: abi.SameKey | abi.SameHeaders | abi.SameTime, Value: p.output}
		switch {
		case err != nil:
			return n, err
		case p.tells && uint32(code) != 0:
			rec.Flags, rec.Status, rec.Value = 0, abi.DeadLetter, p.said()
			out.Add(rec)
		case len(p.output) > 0:
			out.Add(rec)
		}
		if out.Size() > foreign.FrameSize {
			return n + 1, nil
		}
	}
	return rows.Len(), nil
}

func (p *plugin) said() []byte {
	if text := p.instance.Said(); text != "" {
		return []byte(text)
	}
	return []byte("the plug-in has returned an error, and no text for it")
}

// checkInput returns an offset at which there are so many bytes of the input.
func (p *plugin) checkInput(at, size uint64) uint64 {
	if at > p.inputSize || size > p.inputSize-at {
		panic(host.Faultf(host.Trap, "the plug-in reads %d bytes at %d of its input, which has %d", size, at, p.inputSize))
	}
	return at
}

func (p *plugin) inputAt(at, size uint64) []byte {
	return p.arena.slice(p.input+p.checkInput(at, size), size)
}

func (p *plugin) setOutput(at, size uint64) {
	if limit := p.instance.Limits().Output; size > uint64(limit) {
		panic(host.Faultf(host.Limit, "the plug-in returns more than %d bytes in a call: raise limits.output, or return less", limit))
	}
	p.instance.Count(int(size / 4096))
	p.output = append(p.output[:0], p.arena.slice(at, size)...)
}

// setVar sets a variable to a block, or removes it where that is 0.
func (p *plugin) setVar(name []byte, at uint64) {
	old, ok := p.vars[string(name)]
	if ok {
		p.varsSize -= len(name) + len(old)
		delete(p.vars, string(name))
	}
	if at == 0 {
		return
	}
	value := p.arena.text(at)
	if p.varsSize += len(name) + len(value); p.varsSize > maxVars {
		panic(host.Faultf(host.Limit, "the plug-in keeps more than %d bytes in variables: keep less", maxVars))
	}
	p.vars[string(name)] = append(old[:0], value...)
}

// logLevel is the lowest level that somebody reads, as Extism counts them: from 0 for trace to 4 for error.
func (p *plugin) logLevel() uint64 {
	for k, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if p.instance.LogEnabled(level) {
			return uint64(k + 1)
		}
	}
	return math.MaxInt32
}
