package extism

import (
	"errors"
	"log/slog"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/host"
)

// Module is what plug-ins import from.
const Module = "extism:host/env"

// Interface returns what plug-ins import and export.
func Interface() *host.Interface {
	return &host.Interface{
		Name: "Extism plug-ins", Module: Module, Functions: functions(), Check: check,
		Refused: map[string]string{
			"extism:host/user": "that is a function of the program that it was made for, and onstream has none for it: build it without",
			"env":              "that is of Extism before 1.0: build it with a newer plug-in development kit",
		},
	}
}

// check finds the functions that a host may call: those without parameters, with a result that tells of an error or none.
func check(m *binary.Module) ([]string, error) {
	var names []string
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, "_") || e.Name == "hs_init" {
			continue
		}
		if host.Exports(m, e.Name, ":i") || host.Exports(m, e.Name, ":I") || host.Exports(m, e.Name, ":") {
			names = append(names, e.Name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("it exports no function that a host could call, which has no parameters: it is no Extism plug-in")
	}
	return names, nil
}

func functions() map[string]host.Function {
	fs := map[string]host.Function{}
	add := func(name, typ string, run func(p *plugin, s []uint64)) {
		fs[name] = host.NewFunction(typ, func(i *host.Instance, _ api.Memory, s []uint64) { run(i.Owner().(*plugin), s) })
	}
	add("alloc", "I:I", func(p *plugin, s []uint64) {
		size := s[0]
		s[0] = p.arena.alloc(size)
		p.instance.Count(int(size / 4096)) // it is cleared
	})
	add("free", "I:", func(p *plugin, s []uint64) { p.arena.free(s[0]) })
	add("length", "I:I", func(p *plugin, s []uint64) { s[0] = p.arena.length(s[0]) })
	add("length_unsafe", "I:I", func(p *plugin, s []uint64) { s[0] = p.arena.length(s[0]) })
	add("load_u8", "I:i", func(p *plugin, s []uint64) { s[0] = uint64(p.arena.slice(s[0], 1)[0]) })
	add("load_u64", "I:I", func(p *plugin, s []uint64) { s[0] = p.arena.load(s[0]) })
	add("store_u8", "Ii:", func(p *plugin, s []uint64) { p.arena.slice(s[0], 1)[0] = byte(s[1]) })
	add("store_u64", "II:", func(p *plugin, s []uint64) { p.arena.store(s[0], s[1]) })
	add("input_offset", ":I", func(p *plugin, s []uint64) { s[0] = p.input })
	add("input_length", ":I", func(p *plugin, s []uint64) { s[0] = p.inputSize })
	add("input_load_u8", "I:i", func(p *plugin, s []uint64) { s[0] = uint64(p.inputAt(s[0], 1)[0]) })
	add("input_load_u64", "I:I", func(p *plugin, s []uint64) { s[0] = p.arena.load(p.input + p.checkInput(s[0], 8)) })
	add("output_set", "II:", func(p *plugin, s []uint64) { p.setOutput(s[0], s[1]) })
	add("error_set", "I:", func(p *plugin, s []uint64) { p.instance.Say(p.arena.text(s[0])) })
	add("config_get", "I:I", func(p *plugin, s []uint64) { s[0] = p.arena.put([]byte(p.config[string(p.arena.text(s[0]))])) })
	add("var_get", "I:I", func(p *plugin, s []uint64) { s[0] = p.arena.put(p.vars[string(p.arena.text(s[0]))]) })
	add("var_set", "II:", func(p *plugin, s []uint64) { p.setVar(p.arena.text(s[0]), s[1]) })
	add("http_request", "II:I", func(p *plugin, s []uint64) { s[0] = p.ask(p.arena.text(s[0]), p.arena.text(s[1])) })
	add("http_status_code", ":i", func(p *plugin, s []uint64) { s[0] = uint64(p.answer.status) })
	add("http_headers", ":I", func(p *plugin, s []uint64) { s[0] = p.arena.put(p.answer.headers) })
	for name, level := range map[string]slog.Level{
		"log_trace": slog.LevelDebug, "log_debug": slog.LevelDebug, "log_info": slog.LevelInfo, "log_warn": slog.LevelWarn, "log_error": slog.LevelError,
	} {
		add(name, "I:", func(p *plugin, s []uint64) { p.instance.Log(level, p.arena.text(s[0])) })
	}
	add("get_log_level", ":i", func(p *plugin, s []uint64) { s[0] = p.logLevel() })
	return fs
}
