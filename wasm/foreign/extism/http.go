package extism

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
)

// answer is what a request of a plug-in has got, besides the body.
type answer struct {
	status  int64
	headers []byte // JSON, a string for each name
}

// ask makes the request that meta tells, as JSON, and returns the body of the answer as a block. Where there is none, the
// call ends, as Extism has it.
func (p *plugin) ask(meta, body []byte) uint64 {
	var request struct {
		URL     string            `json:"url"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.Unmarshal(meta, &request); err != nil {
		panic(host.Faultf(host.Trap, "the request of the plug-in cannot be read: %v", err))
	}
	settings := []abi.Setting{text("url", request.URL), text("body", string(body))}
	if request.Method != "" {
		settings = append(settings, text("method", request.Method))
	}
	for _, name := range slices.Sorted(maps.Keys(request.Headers)) {
		settings = append(settings, text("header."+name, request.Headers[name]))
	}
	got, err := p.instance.Request(settings)
	if err != nil {
		panic(host.Faultf(host.Trap, "the request of the plug-in has failed: %v", err))
	}
	p.answer = answer{}
	headers, content := map[string]string{}, ""
	for _, s := range got {
		switch name, isHeader := strings.CutPrefix(s.Name, "header."); {
		case isHeader:
			headers[strings.ToLower(name)] = s.Text
		case s.Name == "status":
			p.answer.status = s.Int
		case s.Name == "body":
			content = s.Text
		}
	}
	if p.answer.headers, err = json.Marshal(headers); err != nil {
		panic(host.Faultf(host.Trap, "the answer to the plug-in cannot be written: %v", err))
	}
	return p.arena.put([]byte(content))
}

func text(name, value string) abi.Setting {
	return abi.Setting{Name: name, Type: abi.Text, Text: value}
}
