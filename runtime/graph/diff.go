package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// Change is what a new graph does to a stage of an old one.
type Change struct {
	Addr string
	Kind ChangeKind
	// Old is nil for an added stage, New for a removed one.
	Old, New *Stage
}

// ChangeKind is the kind of a change.
type ChangeKind string

// The kinds of changes.
const (
	Added   ChangeKind = "added"
	Changed ChangeKind = "changed" // the stage itself behaves differently
	Rewired ChangeKind = "rewired" // only where its records come from
	Removed ChangeKind = "removed"
)

// Diff returns what has to be done to turn the old graph into the new one,
// stages of the new graph first, in its order. Stages that stay as they are
// are not in it. Old may be nil.
func Diff(old, new *Graph) []Change {
	var changes []Change
	for _, s := range new.Stages {
		var o *Stage
		if old != nil {
			o = old.Stage(s.Addr())
		}
		switch {
		case o == nil:
			changes = append(changes, Change{s.Addr(), Added, nil, s})
		case o.Fingerprint() != s.Fingerprint():
			changes = append(changes, Change{s.Addr(), Changed, o, s})
		case o.wiring() != s.wiring():
			changes = append(changes, Change{s.Addr(), Rewired, o, s})
		}
	}
	if old != nil {
		for _, o := range old.Stages {
			if new.Stage(o.Addr()) == nil {
				changes = append(changes, Change{o.Addr(), Removed, o, nil})
			}
		}
	}
	return changes
}

// Attributes are the names of what is not alike in a stage that is [Changed], as
// in the files; none of other changes, nor where it is of another kind.
func (c Change) Attributes() []string {
	if c.Kind != Changed || c.Old.Kind != c.New.Kind {
		return nil
	}
	old, now := c.Old, c.New
	names := now.Config.Differs(old.Config)
	for _, x := range []struct {
		name   string
		differ bool
	}{
		{"via", old.Via != now.Via},
		{"connector." + now.Via, old.Via == now.Via && old.Over() != now.Over()},
		{"plugin", old.Plugin != now.Plugin},
		{"format", old.Format != now.Format || old.Options.Fingerprint() != now.Options.Fingerprint()},
		{"schema", fmt.Sprint(old.Schema) != fmt.Sprint(now.Schema)},
		{"key", old.keys() != now.keys()},
		{"spool", old.SpoolBytes != now.SpoolBytes},
		{"retry", old.Retry != now.Retry},
		{"on_error", old.OnError != now.OnError},
	} {
		if x.differ && !slices.Contains(names, x.name) {
			names = append(names, x.name)
		}
	}
	return names
}

// Fingerprint is a text that is equal for stages that behave alike, whatever
// feeds them.
func (s *Stage) Fingerprint() string {
	return fmt.Sprintf("%s %s via %q\n%s\nformat %q %s\nschema %s\nkey %s\nspool %d\none lane %v\nfollows %s\nretry %v\non_error %s\nplugin %s",
		s.Addr(), s.Kind, s.Via, s.Config.Fingerprint(), s.Format, s.Options.Fingerprint(), s.Schema, s.keys(), s.SpoolBytes, s.OneLane, s.Follows, s.Retry, s.OnError, s.Plugin)
}

func (s *Stage) keys() string {
	var keys []string
	if s.Key != nil {
		keys = append(keys, s.Key.String())
	}
	for _, k := range s.Keys {
		keys = append(keys, k.String())
	}
	return strings.Join(keys, ",")
}

// Over is a text that is equal for stages over connections that behave alike.
func (s *Stage) Over() string {
	kind, config := s.Config.Connector()
	return kind.Name + "\n" + config.Fingerprint()
}

func (s *Stage) wiring() string {
	var parts []string
	for _, in := range s.Inputs {
		parts = append(parts, in.Port+"="+in.From+"."+in.Output)
	}
	slices.Sort(parts)
	for _, in := range slices.Concat([]plugins.Shape{s.In}, s.Ins) {
		parts = append(parts, fmt.Sprintf("%+v", in.Type))
	}
	return strings.Join(parts, " ")
}
