package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/onstream/onstream/chaos/bus"
)

// inputTopic is where the sender sends to, and outputTopic where a stream is; both behind the
// name of the run.
const inputTopic = "in"

func outputTopic(stream string) string { return "out." + stream }

// road is the bus of a trial: what records come and go by.
type road struct {
	kind   bus.Kind
	run    string
	server *bus.Server // nil where it is not ours
	aside  *bus.Server // of the source, where that has one of its own
	relay  *bus.Relay  // nil where nothing is cut
	input  bus.Client
	output bus.Client

	stop      context.CancelFunc
	following sync.WaitGroup
	failed    error
}

// openRoad starts the servers of a trial, and follows its streams.
func openRoad(ctx context.Context, t *trial) (_ *road, err error) {
	r := &road{kind: *t.over, run: strings.ReplaceAll(t.Name(), ".", "-")}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	addr := r.kind.Where
	switch {
	case addr != "":
		r.run = fmt.Sprintf("%s-%d", r.run, os.Getpid()) // somebody may have had the same before
	case r.kind.Launch == nil:
		if addr, err = bus.FreeAddr(); err != nil {
			return r, err
		}
	default:
		if r.server, err = t.startServer(ctx, r.kind, "server"); err != nil {
			return r, err
		}
		addr = r.server.Addr()
	}
	source := addr
	if t.source.apart() {
		if r.aside, err = t.startServer(ctx, r.kind, "aside"); err != nil {
			return r, err
		}
		source = r.aside.Addr()
	}
	r.input, r.output = r.kind.Connect(source, r.run), r.kind.Connect(addr, r.run)
	engine := addr
	if t.relayed {
		if r.relay, err = bus.NewRelay(ctx, addr); err != nil {
			return r, err
		}
		engine = r.relay.Addr()
	}
	if err := r.describe(t, engine, source); err != nil {
		return r, err
	}
	return r, r.follow(ctx, t)
}

// startServer starts a server with a folder of the trial.
func (t *trial) startServer(ctx context.Context, k bus.Kind, name string) (*bus.Server, error) {
	dir := t.path(name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for a server: %w", err)
	}
	return k.Start(ctx, dir, t.path(name+".log"))
}

// describe writes the file of the pipeline that differs from bus to bus.
func (r *road) describe(t *trial, engine, source string) error {
	options := bus.Options{Shared: t.source == byKeyed, Run: r.run}
	if t.stages == exact {
		options.Transactional = r.run
	}
	text := r.kind.Connector("bus", engine, options)
	if t.source.apart() {
		text += r.kind.Connector("aside", source, bus.Options{})
	}
	text += fmt.Sprintf(`
variable "run" {
  type    = string
  default = %q
}

variable "input" {
  type    = string
  default = %q
}
`, r.run, r.kind.Source)
	return t.addPart("bus.hcl", text)
}

// follow makes the topics, and has the observer see what comes out.
func (r *road) follow(ctx context.Context, t *trial) error {
	if err := r.input.Make(ctx, inputTopic); err != nil {
		return err
	}
	streams := map[string][]string{} // by topic
	var topics []string
	for _, s := range t.topics() {
		topics = append(topics, outputTopic(s))
		streams[outputTopic(s)] = t.streamsOf(s)
	}
	if err := r.output.Keep(ctx, topics); err != nil {
		return err
	}
	following, stop := context.WithCancel(ctx)
	r.stop = stop
	r.following.Go(func() {
		r.failed = r.output.Follow(following, topics, func(topic string, text []byte) {
			for _, s := range streams[topic] {
				t.observer.see(s, text)
			}
		})
	})
	return nil
}

// servers returns those that are ours.
func (r *road) servers() []*bus.Server {
	var all []*bus.Server
	for _, s := range []*bus.Server{r.server, r.aside} {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// close ends all that is on the road.
func (r *road) close() error {
	if r.stop != nil {
		r.stop()
		r.following.Wait()
	}
	for _, c := range []bus.Client{r.input, r.output} {
		if c != nil {
			c.Close()
		}
	}
	if r.relay != nil {
		r.relay.Close()
	}
	for _, s := range r.servers() {
		s.Close()
	}
	if errors.Is(r.failed, context.Canceled) {
		return nil
	}
	return r.failed
}
