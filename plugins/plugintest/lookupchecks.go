package plugintest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// lookupRig is a place with a look-up in it.
type lookupRig struct {
	Place
	kind   plugins.LookupKind
	t      testing.TB
	brand  brand
	lookup plugins.Lookup
}

func (c LookupCase) rig(t testing.TB) *lookupRig {
	t.Helper()
	p := c.Open(t)
	p.Env = Environment(p.Env)
	if p.New == nil {
		p.New = c.Kind.New
	}
	if len(p.Known) < 2 || len(p.Unknown) == 0 {
		t.Fatal("a case has at least two keys that are known, and one that is not")
	}
	r := &lookupRig{Place: p, kind: c.Kind, t: t, brand: newBrand()}
	var err error
	r.brand.do(context.Background(), func(context.Context) { r.lookup, err = p.New(p.Config, p.Env) })
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if o, is := r.lookup.(plugins.Opener); is {
		if err := r.call(context.Background(), "Open", o.Open); err != nil {
			t.Fatalf("Open: %v", err)
		}
	}
	return r
}

// call calls the look-up, which is to return in time.
func (r *lookupRig) call(ctx context.Context, what string, f func(context.Context) error) (err error) {
	r.t.Helper()
	returns(r.t, what, func() { r.brand.do(ctx, func(ctx context.Context) { err = f(ctx) }) })
	return err
}

// find looks keys up, and returns what was found of each, "" for nothing.
func (r *lookupRig) find(ctx context.Context, keys []plugins.Value) ([]string, error) {
	r.t.Helper()
	found := make([]string, len(keys))
	var inside atomic.Bool // the call is under way
	err := r.call(ctx, "Find", func(ctx context.Context) error {
		self := goroutine()
		inside.Store(true)
		defer inside.Store(false)
		return r.lookup.Find(ctx, keys, func(i int, record []byte) {
			switch {
			case !inside.Load():
				r.t.Error("found was called after Find had returned")
			case goroutine() != self:
				r.t.Error("found was called from another goroutine than the one that Find was called from")
			case i < 0 || i >= len(keys):
				r.t.Errorf("found was called for key %d of %d", i, len(keys))
			case found[i] != "":
				r.t.Errorf("found was called twice for key %d, which is %s", i, keys[i])
			case !json.Valid(record) || !bytes.HasPrefix(bytes.TrimSpace(record), []byte("{")):
				r.t.Errorf("what was found for %s is no record as JSON text: %.200q", keys[i], record)
			default:
				found[i] = string(record)
			}
		})
	})
	return found, err
}

// goroutine tells the goroutine it is called from apart from others.
func goroutine() string {
	var text [64]byte
	number, _, _ := strings.Cut(strings.TrimPrefix(string(text[:runtime.Stack(text[:], false)]), "goroutine "), " ")
	return number
}

// expect looks keys up and checks what comes: entries with a record are known.
func (r *lookupRig) expect(entries []Entry) {
	r.t.Helper()
	keys := make([]plugins.Value, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	found, err := r.find(context.Background(), keys)
	if err != nil {
		r.t.Errorf("Find: %v", err)
		return
	}
	for i, e := range entries {
		if !sameJSON(found[i], e.Record) {
			r.t.Errorf("for %s, key %d of %d, %.200q was found and should be %.200q", e.Key, i, len(keys), found[i], e.Record)
			return
		}
	}
}

func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return fmt.Sprintf("%#v", x) == fmt.Sprintf("%#v", y)
}

// mixture chooses entries at random, known and unknown, some of them several times.
func (r *lookupRig) mixture(rng *rand.Rand, n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		if k := rng.IntN(len(r.Known) + len(r.Unknown)); k < len(r.Known) {
			entries[i] = r.Known[k]
		} else {
			entries[i] = Entry{Key: r.Unknown[k-len(r.Known)]}
		}
	}
	return entries
}

// finish closes the look-up and checks that nothing is left of it.
func (r *lookupRig) finish() {
	r.t.Helper()
	if c, is := r.lookup.(plugins.Closer); is {
		if err := r.call(context.Background(), "Close", c.Close); err != nil {
			r.t.Errorf("Close: %v", err)
		}
	}
	if r.Close != nil {
		r.Close()
	}
	closeConnection(r.t, r.Env)
	r.brand.gone(r.t, "the look-up was closed")
}

// lookupKind: what the kind says of itself goes together with what is found.
func lookupKind(t testing.TB, c LookupCase) {
	r := c.rig(t)
	if c.Kind.Name == "" || c.Kind.Schema.Doc == "" {
		t.Errorf("the kind %q has no name or documentation", c.Kind.Name)
	}
	if c.Kind.Type == nil {
		t.Fatal("the kind has no Type")
	}
	typ, err := c.Kind.Type(r.Config)
	if err != nil {
		t.Errorf("Type: %v", err)
	}
	if typ.Kind != plugins.Record && typ.Kind != plugins.Any {
		t.Errorf("the kind says that it finds a %s: it is to be a record, or any", typ)
	}
	r.finish()
}

// lookupFind: what is known is found, with the index of its key, and nothing else: one key, several,
// none, and the same twice.
func lookupFind(t testing.TB, c LookupCase) {
	r := c.rig(t)
	r.expect(nil)
	for _, e := range r.Known {
		r.expect([]Entry{e})
	}
	r.expect(r.Known)
	r.expect([]Entry{r.Known[0], r.Known[1], r.Known[0], {Key: r.Unknown[0]}, r.Known[0]})
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 50 {
		r.expect(r.mixture(rng, n))
	}
	r.expect(r.mixture(rng, 5000))
	r.finish()
}

// lookupStrangeKeys: keys of any kind may be asked for; those that cannot be keys are not known.
func lookupStrangeKeys(t testing.TB, c LookupCase) {
	r := c.rig(t)
	keys := []plugins.Value{
		{Kind: plugins.Null}, {Kind: plugins.Bool, Int: 1}, {Kind: plugins.Int, Int: -1 << 63}, {Kind: plugins.Float, Float: 1e300},
		{Kind: plugins.String}, {Kind: plugins.Bytes, Text: "\x00\xff"}, {Kind: plugins.String, Text: "\x00'\"$;{}\n"}, {Kind: plugins.Time, Int: -1},
		{Kind: plugins.Duration, Int: 1}, {Kind: plugins.List, Text: `[1]`}, {Kind: plugins.Map, Text: `{"$ne":null}`}, {Kind: plugins.Record, Text: `{"$gt":""}`},
		{Kind: plugins.String, Text: strings.Repeat("x", 1<<16)},
	}
	found, err := r.find(context.Background(), append(keys, r.Known[0].Key))
	if err != nil {
		t.Errorf("Find returned %q because of keys that nobody has: about the others nothing is known then", err)
	} else if !sameJSON(found[len(keys)], r.Known[0].Record) {
		t.Errorf("beside strange keys %s was not found", r.Known[0].Key)
	}
	for i, k := range keys {
		if found[i] != "" {
			t.Errorf("something was found for the key %s: %.200q", k, found[i])
		}
	}
	r.finish()
}

// lookupConcurrent: Find is safe for concurrent use.
func lookupConcurrent(t testing.TB, c LookupCase) {
	r := c.rig(t)
	var askers sync.WaitGroup
	for k := range 8 {
		askers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(k), 3))
			for n := range 30 {
				r.expect(r.mixture(rng, n))
			}
		})
	}
	askers.Wait()
	r.finish()
}

// lookupStop: Find returns when its context ends, with an error where it has not found out.
func lookupStop(t testing.TB, c LookupCase) {
	r := c.rig(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if found, err := r.find(ctx, []plugins.Value{r.Known[0].Key}); err == nil && found[0] == "" {
		t.Error("Find returned nil and found nothing when its context had ended: now it is taken for unknown")
	}
	if r.Stall != nil {
		r.Stall()
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(quiet, cancel)
		if found, err := r.find(ctx, []plugins.Value{r.Known[1].Key}); err == nil && found[0] == "" {
			t.Error("Find returned nil and found nothing when its context ended: now it is taken for unknown")
		} else if plugins.IsPermanent(err) {
			t.Errorf("Find returned an error for good, %q, because its context ended", err)
		}
		r.Free()
	}
	r.expect(r.Known)
	r.finish()
}

// lookupTemporary: what fails for a while is an error that may pass, and then it does.
func lookupTemporary(t testing.TB, c LookupCase) {
	r := c.rig(t)
	if r.Break == nil {
		t.Skip("the case cannot make looking fail for a while")
	}
	r.Break()
	found, err := r.find(context.Background(), []plugins.Value{r.Known[0].Key})
	if plugins.IsPermanent(err) {
		t.Errorf("Find returned an error for good, %q, and it would have passed", err)
	}
	if err == nil && found[0] == "" {
		t.Error("Find returned nil and found nothing: now it is taken for unknown")
	}
	r.Mend()
	eventually(t, "the key is found again", func() bool {
		found, err := r.find(context.Background(), []plugins.Value{r.Known[0].Key})
		return err == nil && found[0] != ""
	})
	r.finish()
}
