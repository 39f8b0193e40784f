package main

import (
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
	byFile medium = "file"
	byHTTP medium = "http"
)

// stages are what is between.
type stages string

const (
	plain  stages = "plain"  // totals and windows
	dedupe stages = "dedupe" // windows of what comes for the first time
)

// streams returns what the pipeline writes.
func (d design) streams() []string {
	if d.stages == dedupe {
		return []string{records, uniques, windows, errored, lates}
	}
	return []string{records, totals, windows, errored, lates}
}

// lateness returns how long the windows stay open for what comes late.
func (d design) lateness() time.Duration {
	if d.stages == dedupe {
		return time.Hour
	}
	return lateness
}

// write puts the pipeline into a folder, which it makes.
func (d design) write(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make pipeline: %w", err)
	}
	for _, part := range []string{
		"pipeline.hcl",
		fmt.Sprintf("source-%s.hcl", d.source),
		fmt.Sprintf("stages-%s.hcl", d.stages),
		fmt.Sprintf("sinks-%s.hcl", d.sink),
		fmt.Sprintf("sinks-%s-%s.hcl", d.sink, d.stages),
	} {
		text, err := fs.ReadFile(pipelineFiles, "pipelines/"+part)
		if err != nil {
			return fmt.Errorf("make pipeline: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, part), text, 0o600); err != nil {
			return fmt.Errorf("make pipeline: %w", err)
		}
	}
	return nil
}
