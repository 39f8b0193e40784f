package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// pipelineFiles are the parts that pipelines are put together from: a source,
// the stages, and the sinks for their streams.
//
//go:embed pipelines/*.hcl
var pipelineFiles embed.FS

// A design says which parts make the pipeline of a run.
type design struct {
	source medium
	stages stages
	sink   medium
}

// medium is how records come or go.
type medium string

const (
	byFile  medium = "file"
	byHTTP  medium = "http"
	byTopic medium = "topic"
	byKeyed medium = "keyed" // a topic of which several processes read some partitions each
	byAside medium = "aside" // a topic of another server than that of the sinks
	byStore medium = "store" // collections of a database, by keys
	bySpool medium = "spool" // the same, with a small spool, which a bus needs that brings nothing twice
)

// keepsOnce reports whether what is written again is there once.
func (m medium) keepsOnce() bool { return m == byHTTP || m == byStore }

// apart reports whether records come from another server than they go to.
func (m medium) apart() bool { return m == byAside || m == bySpool }

// stages are what is between.
type stages string

const (
	plain  stages = "plain"  // totals and windows
	dedupe stages = "dedupe" // windows of what comes for the first time
	shared stages = "shared" // plain, kept by the partitions of the source
	exact  stages = "exact"  // totals alone, in transactions
	wasm   stages = "wasm"   // plain, with totals by a WebAssembly module
	plugin stages = "plugin" // plain, with totals of what has gone through a plugin, which writes them
)

// streams returns what the pipeline writes.
func (d design) streams() []string {
	switch d.stages {
	case dedupe:
		return []string{records, uniques, windows, errored, lates}
	case exact:
		return []string{records, totals}
	}
	return []string{records, totals, windows, errored, lates}
}

// topics returns the streams that have a topic of their own.
func (d design) topics() []string {
	if d.stages == exact {
		return []string{totals}
	}
	return d.streams()
}

// streamsOf returns the streams that are in the topic of one.
func (d design) streamsOf(topic string) []string {
	if d.stages == exact {
		return []string{records, totals}
	}
	return []string{topic}
}

// lateness returns how long the windows stay open for what comes late.
func (d design) lateness() time.Duration {
	if d.stages == dedupe {
		return time.Hour
	}
	return lateness
}

// parts returns the names of the files.
func (d design) parts() []string {
	all := []string{
		"pipeline.hcl",
		fmt.Sprintf("source-%s.hcl", d.source),
		fmt.Sprintf("stages-%s.hcl", d.stages),
		fmt.Sprintf("sinks-%s-%s.hcl", d.sink, d.stages),
	}
	if d.stages != exact { // which has one sink, and no other
		all = append(all, fmt.Sprintf("sinks-%s.hcl", d.sink))
	}
	return all
}

// write puts the pipeline into a folder, which it makes. Its name is that of the
// run: servers keep what they know of a pipeline under it.
func (d design) write(dir, name string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make pipeline: %w", err)
	}
	for _, part := range d.parts() {
		text, err := fs.ReadFile(pipelineFiles, "pipelines/"+part)
		if err != nil {
			return fmt.Errorf("make pipeline: %w", err)
		}
		text = bytes.Replace(text, []byte(`pipeline "chaos"`), fmt.Appendf(nil, "pipeline %q", name), 1)
		if err := os.WriteFile(filepath.Join(dir, part), text, 0o600); err != nil {
			return fmt.Errorf("make pipeline: %w", err)
		}
	}
	return nil
}

// addPart adds a file to the pipeline.
func (t *trial) addPart(name, text string) error {
	if err := os.WriteFile(filepath.Join(t.path("pipeline"), name), []byte(text), 0o600); err != nil {
		return fmt.Errorf("make pipeline: %w", err)
	}
	return nil
}
