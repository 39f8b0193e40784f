package wasm

import (
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/manifest"
)

// setGrants compares what the module wants to do besides with what the stage lets it do.
func (p *plan) setGrants(given []string) error {
	for _, grant := range given {
		if err := manifest.CheckGrant(grant); err != nil {
			return plugins.ConfigErrorf("grant", "%v", err)
		}
	}
	wants := p.module.Manifest.Grants
	for _, want := range wants {
		if !slices.ContainsFunc(given, func(g string) bool { return strings.EqualFold(g, want) }) {
			return plugins.ConfigErrorf("grant", "the module wants %s: if it may have that, write grant = %s", want, list(wants))
		}
	}
	switch {
	case p.module.HTTP && len(given) == 0:
		return plugins.ConfigErrorf("grant", `the module makes HTTP requests: if it may, name the hosts, such as grant = ["http:api.example.com"]`)
	case !p.module.HTTP && len(given) > 0:
		return plugins.ConfigErrorf("grant", "the module makes no HTTP requests: remove grant")
	}
	p.grants = given
	return nil
}

// list writes strings as a list of the language.
func list(texts []string) string { return `["` + strings.Join(texts, `", "`) + `"]` }
