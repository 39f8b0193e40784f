//go:build unix

package remote_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/onstream/onstream/plugins"
)

// addHazards adds kinds whose records are in files, so that what was done to them outlives the process.
func addHazards(r *plugins.Registry) error {
	path := plugins.Schema{Doc: "Has a file.", Attrs: []plugins.Attr{{Name: "path", Type: plugins.AttrString, Doc: "The file."}}}
	err := r.AddSink(plugins.SinkKind{
		Name: "write", Schema: path, Payload: true, DefaultFormat: "json",
		New: func(c plugins.Config, _ plugins.Env) (plugins.Sink, error) {
			return &lines{path: c.String("path")}, nil
		},
	})
	if err != nil {
		return err
	}
	return r.AddSource(plugins.SourceKind{
		Name: "queue", Schema: path,
		Output: func(plugins.Config) (plugins.Shape, error) {
			return plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}), nil
		},
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Redelivers: true} },
		New: func(c plugins.Config, _ plugins.Env) (plugins.Source, error) {
			return &queue{path: c.String("path")}, nil
		},
	})
}

// saysLong writes lines that are longer than anybody wants to read, in every way there is.
func saysLong() {
	megabyte := strings.Repeat("z", 1<<20)
	fmt.Println("stdout " + megabyte)
	fmt.Fprintln(os.Stderr, "stderr "+megabyte)
	for _, fd := range []int{1, 2} { // past what go-plugin makes of them
		writeTo(fd, fmt.Sprintf("pipe %d %s\n", fd, megabyte))
	}
}

// saysMuch writes more lines than anybody wants to read.
func saysMuch() {
	for _, fd := range []int{1, 2} {
		writeTo(fd, strings.Repeat("again\n", 5000))
	}
}

func writeTo(fd int, text string) {
	for rest := []byte(text); len(rest) > 0; {
		n, err := syscall.Write(fd, rest)
		if err != nil {
			panic(err)
		}
		rest = rest[n:]
	}
}

// appendTo writes a line to a file.
func appendTo(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, line); err != nil {
		return err
	}
	return f.Close()
}

// linesOf are those of a file; none where there is none.
func linesOf(path string) []string {
	text, _ := os.ReadFile(path)
	return strings.Fields(string(text))
}

// lines is a sink to a file, which panics at some records.
type lines struct{ path string }

func (l *lines) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	for _, i := range b.Sel {
		if strings.Contains(string(b.Value(i)), "bad") {
			panic("cannot stand " + string(b.Value(i)))
		}
	}
	for _, i := range b.Sel {
		if err := appendTo(l.path, string(b.Value(i))); err != nil {
			return err
		}
	}
	done(nil)
	return nil
}

func (l *lines) Flush(context.Context) error { return nil }

// queue is a source that cannot seek: it brings the numbers from 0 to 19 that the file does not have, into which it puts those that are acknowledged. The first
// process ends in the middle, when the first five are.
type queue struct {
	path string
	mu   sync.Mutex
}

func (q *queue) Run(ctx context.Context, out plugins.Outlet) error {
	before := linesOf(q.path)
	isFirst := len(before) == 0
	var first, all sync.WaitGroup
	first.Add(5)
	for n := range 20 {
		if slices.Contains(before, strconv.Itoa(n)) {
			continue
		}
		if isFirst && n == 10 {
			first.Wait()
			os.Exit(9)
		}
		b := out.Batch()
		b.SelectAll(1)
		b.NewColumn("n", plugins.Int).Ints[0] = int64(n)
		all.Add(1)
		if err := out.Hand(ctx, plugins.Delivery{Batch: b, Ack: func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			if err := appendTo(q.path, strconv.Itoa(n)); err != nil {
				panic(err)
			}
			if n < 5 && isFirst {
				first.Done()
			}
			all.Done()
		}}); err != nil {
			return err
		}
	}
	all.Wait()
	return nil
}
