package cli

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
// loaded is their fingerprint from before they were read, so that what changes
// while they are, or while the pipelines start, is seen.
func (s *supervisor) watch(ctx context.Context, loaded string, reloads chan<- struct{}) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	last := loaded
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := fingerprint(s.paths)
		if now != loaded && now == last {
			loaded = now
			s.logger.Info("reloading", "because", "a file changed")
			request(reloads)
		}
		last = now
	}
}

// fingerprint changes when a file of one of the pipelines at these paths does.
func fingerprint(paths []string) string {
	var b strings.Builder
	add := func(name string) {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			fmt.Fprintln(&b, name, info.Size(), info.ModTime().UnixNano())
		}
	}
	for _, path := range paths {
		entries, err := os.ReadDir(path)
		if err != nil {
			add(path) // it is a file
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".hcl") || strings.HasSuffix(e.Name(), ".hcl.json") {
				add(filepath.Join(path, e.Name()))
			}
		}
	}
	return b.String()
}
