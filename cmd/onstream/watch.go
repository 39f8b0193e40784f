package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// watchInterval is how often the files of the pipelines are looked at.
const watchInterval = 200 * time.Millisecond

// watch asks for a reload whenever the files of a pipeline have changed and
// then stayed the same for a while: an editor may write in several steps.
func (s *supervisor) watch(ctx context.Context, reloads chan<- struct{}) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	loaded := s.fingerprint()
	last := loaded
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.fingerprint()
		if now != loaded && now == last {
			loaded = now
			s.logger.Info("reloading", "because", "a file changed")
			request(reloads)
		}
		last = now
	}
}

// fingerprint changes when a file of a pipeline does.
func (s *supervisor) fingerprint() string {
	var b strings.Builder
	add := func(name string) {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
		}
	}
	for _, j := range s.jobs {
		entries, err := os.ReadDir(j.path)
		if err != nil {
			add(j.path) // it is a file
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".hcl") || strings.HasSuffix(e.Name(), ".hcl.json") {
				add(filepath.Join(j.path, e.Name()))
			}
		}
	}
	return b.String()
}
