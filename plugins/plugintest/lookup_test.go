package plugintest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// fakeLookup is a look-up with one defect, or none.
type fakeLookup struct {
	defect string
	known  map[string]string
	over   chan struct{}

	mu      sync.Mutex
	broken  bool
	stalled chan struct{}
}

func (l *fakeLookup) Find(ctx context.Context, keys []plugins.Value, found func(int, []byte)) error {
	l.mu.Lock()
	stalled, broken := l.stalled, l.broken
	l.mu.Unlock()
	if l.defect == "leaves a goroutine" {
		go func() { <-l.over }()
	}
	if l.defect == "does not stop" {
		ctx = context.WithoutCancel(ctx)
	}
	select {
	case <-stalled:
	case <-ctx.Done():
	default:
		if stalled != nil {
			select {
			case <-stalled:
			case <-ctx.Done():
			}
		}
	}
	switch {
	case ctx.Err() != nil && l.defect == "knows nothing when it is stopped":
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case broken && l.defect == "gives up":
		return plugins.Permanent(errors.New("broken"))
	case broken && l.defect == "knows nothing when it is broken":
		return nil
	case broken:
		return errors.New("broken: mend it")
	}
	for i, k := range keys {
		record, ok := l.known[k.Text]
		switch {
		case k.Kind == plugins.Null && l.defect == "refuses null":
			return errors.New("null")
		case !ok && l.defect == "finds what is unknown":
			record, ok = `{"id":"?"}`, true
		case l.defect == "answers once for a key" && i > 0 && keys[0] == k:
			ok = false
		}
		switch {
		case !ok:
		case l.defect == "answers in another goroutine":
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				found(i, []byte(record))
			}()
			<-answered
		case l.defect == "answers twice":
			found(i, []byte(record))
			found(i, []byte(record))
		case l.defect == "mixes up":
			found(len(keys)-1-i, []byte(record))
		case l.defect == "answers with no record":
			found(i, []byte(k.Text))
		default:
			found(i, []byte(record))
		}
	}
	return nil
}

func fakeLookupCase(defect string) LookupCase {
	return LookupCase{
		Kind: plugins.LookupKind{
			Name: "fake", Schema: plugins.Schema{Doc: "A fake."},
			Type: func(plugins.Config) (plugins.Type, error) { return plugins.Type{}, nil },
		},
		Open: func(t testing.TB) Place {
			l := &fakeLookup{defect: defect, known: map[string]string{}, over: make(chan struct{})}
			t.Cleanup(func() { close(l.over) })
			set := func(f func()) func() { return func() { l.mu.Lock(); defer l.mu.Unlock(); f() } }
			p := Place{
				New:     func(plugins.Config, plugins.Env) (plugins.Lookup, error) { return l, nil },
				Unknown: []plugins.Value{{Kind: plugins.String, Text: "nobody"}},
				Break:   set(func() { l.broken = true }), Mend: set(func() { l.broken = false }),
				Stall: set(func() { l.stalled = make(chan struct{}) }), Free: set(func() { close(l.stalled); l.stalled = nil }),
			}
			for i := range 10 {
				key := fmt.Sprint("k", i)
				l.known[key] = fmt.Sprintf(`{"id":%q}`, key)
				p.Known = append(p.Known, Entry{plugins.Value{Kind: plugins.String, Text: key}, l.known[key]})
			}
			return p
		},
	}
}

func TestLookupCatches(t *testing.T) {
	t.Parallel()
	catches(t, lookupChecks(), fakeLookupCase, []defect{
		{"leaves a goroutine", "find", "goroutines are left"},
		{"does not stop", "stop", "has not returned"},
		{"knows nothing when it is stopped", "stop", "taken for unknown"},
		{"gives up", "temporary", "for good"},
		{"knows nothing when it is broken", "temporary", "taken for unknown"},
		{"refuses null", "strange_keys", "keys that nobody has"},
		{"finds what is unknown", "find", "was found and should be"},
		{"answers once for a key", "find", "was found and should be"},
		{"answers in another goroutine", "find", "from another goroutine"},
		{"answers twice", "concurrent", "twice for key"},
		{"mixes up", "find", "was found and should be"},
		{"answers with no record", "find", "no record as JSON text"},
	})
}
