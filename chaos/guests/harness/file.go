package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/onstream/onstream/plugins"
)

// file appends records to a file, and answers when they are on the disk.
func file() plugins.SinkKind {
	return plugins.SinkKind{
		Name:          "file",
		Payload:       true,
		DefaultFormat: "json",
		Schema: plugins.Schema{Attrs: []plugins.Attr{
			{Name: "path", Type: plugins.AttrFile, Required: true, Doc: "The file."},
		}},
		Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Ordered: true} },
		New: func(c plugins.Config, _ plugins.Env) (plugins.Sink, error) {
			return &appending{path: c.String("path")}, nil
		},
	}
}

type appending struct {
	path string
	file *os.File
	text []byte
}

// Open finds the end of the last whole line: a process that was killed may have left a part of one.
func (a *appending) Open(context.Context) error {
	f, err := os.OpenFile(a.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	text, err := io.ReadAll(f)
	end := int64(bytes.LastIndexByte(text, '\n') + 1)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("find the end: %w", err), f.Close())
	}
	a.file = f
	return nil
}

// Write implements [plugins.Sink].
func (a *appending) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	a.text = a.text[:0]
	for _, i := range b.Sel {
		a.text = append(append(a.text, b.Value(i)...), '\n')
	}
	if _, err := a.file.Write(a.text); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := a.file.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	done(nil)
	return nil
}

// Flush has nothing to do: Write holds nothing back.
func (a *appending) Flush(context.Context) error { return nil }

// Close implements [plugins.Closer].
func (a *appending) Close(context.Context) error { return a.file.Close() }
