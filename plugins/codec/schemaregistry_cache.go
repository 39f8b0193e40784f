package codec

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxSchemas is how many schemas of a registry are remembered. Each producer
// has a few; more than these is a registry that is used for something else.
const maxSchemas = 4096

// registries are the registries that a codec reads schemas from, each a T. All
// stages that use the same one share it, so that a schema is fetched once.
type registries[T any] struct {
	parse func(*registrySchema) (T, error)

	mu  sync.Mutex
	all map[string]*registry[T]
}

// of returns the registry that options name.
func (r *registries[T]) of(o registryOptions) *registry[T] {
	key := fmt.Sprintf("%s\n%s\n%x", o.base, o.username, sha256.Sum256([]byte(o.password.Reveal())))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[string]*registry[T]{}
	}
	if r.all[key] == nil {
		r.all[key] = &registry[T]{
			client:  &registryClient{base: o.base, username: o.username, password: o.password.Reveal, http: &http.Client{}},
			parse:   r.parse,
			schemas: map[uint32]*registryEntry[T]{},
			ids:     map[string]uint32{},
		}
	}
	return r.all[key]
}

// registry remembers what a registry has told: a schema never changes under its
// id.
type registry[T any] struct {
	client *registryClient
	parse  func(*registrySchema) (T, error)

	mu      sync.Mutex
	schemas map[uint32]*registryEntry[T]
	ids     map[string]uint32
}

// registryEntry is a schema that is there, or asked for.
type registryEntry[T any] struct {
	mu     sync.Mutex // held while it is fetched: one asks, the others wait
	there  bool
	schema T
	err    error // why the schema cannot be used
}

// schema returns the schema of an id. While the registry cannot be reached it
// tries again for as long as wait.
func (r *registry[T]) schema(id uint32, wait time.Duration) (T, error) {
	e := r.entry(id)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.there {
		return e.schema, e.err
	}
	var s *registrySchema
	err := patiently(wait, func(ctx context.Context) (err error) {
		s, err = r.client.schema(ctx, id)
		return err
	})
	if err != nil {
		r.forget(id, e)
		var none T
		if notThere(err) {
			return none, &codedError{codeSchemaUnknown, fmt.Sprintf("record names schema %d, which the registry %s does not have: was it written with another one?", id, r.client.base)}
		}
		return none, r.unavailable(err)
	}
	e.schema, e.err = r.parse(s)
	if e.err != nil {
		e.err = &codedError{codeDecode, fmt.Sprintf("schema %d of the registry cannot be used: %v", id, e.err)}
	}
	e.there = true
	return e.schema, e.err
}

// entry returns the entry of an id, and makes room for it.
func (r *registry[T]) entry(id uint32) *registryEntry[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.schemas[id]
	if e == nil {
		if len(r.schemas) >= maxSchemas {
			for old := range r.schemas {
				delete(r.schemas, old)
				break
			}
		}
		e = new(registryEntry[T])
		r.schemas[id] = e
	}
	return e
}

// forget takes an entry back that came to nothing.
func (r *registry[T]) forget(id uint32, e *registryEntry[T]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.schemas[id] == e {
		delete(r.schemas, id)
	}
}

// idOf returns the id of a schema under a subject, as [registryClient.idOf].
func (r *registry[T]) idOf(o registryOptions, s registrySchema) (uint32, error) {
	key := o.subject + "\n" + s.Schema
	r.mu.Lock()
	id, ok := r.ids[key]
	r.mu.Unlock()
	if ok {
		return id, nil
	}
	err := patiently(o.wait, func(ctx context.Context) (err error) {
		id, err = r.client.idOf(ctx, o.subject, s, o.register)
		return err
	})
	switch {
	case err != nil && notThere(err) && !o.register:
		return 0, &codedError{codeSchemaUnknown, fmt.Sprintf("the registry %s does not have this schema under subject %s: register it, or set auto_register = true", r.client.base, o.subject)}
	case err != nil && !temporary(err):
		return 0, &codedError{codeSchemaUnknown, fmt.Sprintf("the registry %s does not take the schema under subject %s: it %v", r.client.base, o.subject, err)}
	case err != nil:
		return 0, r.unavailable(err)
	}
	r.mu.Lock()
	r.ids[key] = id
	r.mu.Unlock()
	return id, nil
}

// unavailable says that the registry did not give what it may have.
func (r *registry[T]) unavailable(err error) error {
	if !temporary(err) {
		return &codedError{codeSchemaUnavailable, fmt.Sprintf("the schema registry %s %v", r.client.base, err)}
	}
	return &codedError{codeSchemaUnavailable, fmt.Sprintf("the schema registry %s cannot be reached: %v", r.client.base, err)}
}

// leastAttempt is how long an attempt may take, however short the wait is.
const leastAttempt = time.Second

// patiently calls f until it succeeds, what it fails with is not temporary, or
// the time to wait is over.
func patiently(wait time.Duration, f func(context.Context) error) error {
	deadline := time.Now().Add(wait)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		ctx, cancel := context.WithTimeout(context.Background(), max(time.Until(deadline), leastAttempt))
		err := f(ctx)
		cancel()
		if err == nil || !temporary(err) || time.Until(deadline) <= 0 {
			return err
		}
		time.Sleep(min(pause, time.Until(deadline)))
	}
}
