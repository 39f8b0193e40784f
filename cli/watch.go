package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/project"
)

// watchInterval is how often the files of the pipelines are looked at.
const watchInterval = 200 * time.Millisecond

// watch asks for a reload whenever the files of a pipeline have changed and
// then stayed the same for a while: an editor may write in several steps.
// loaded is their fingerprint from before they were read, so that what changes
// while they are, or while the pipelines start, is seen. Files and folders that their
// stages name as parts, such as modules, are looked at as well; parts is how they were.
func (s *supervisor) watch(ctx context.Context, loaded string, parts map[string]string, reloads chan<- struct{}) {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	last := loaded
	before := parts // at the last look
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, at := fingerprint(s.paths), s.parts()
		if now != loaded && now == last || differ(parts, at) && !differ(before, at) {
			loaded, parts = now, at
			s.logger.Info("reloading", "because", "a file changed")
			request(reloads)
		}
		last, before = now, at
		parts = known(parts, at)
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

// parts are the files and folders that belong to the pipelines without being their files: what stages name by attributes
// of that type, and the programs of plugins. Each has a fingerprint.
func (s *supervisor) parts() map[string]string {
	at := map[string]string{}
	for _, j := range s.jobs {
		for _, path := range j.watched() {
			at[path] = fingerprint([]string{path})
		}
		for _, stage := range j.pipeline().Stages {
			kind, _ := stage.TransformKind(s.registry)
			for _, a := range kind.Schema.Attrs {
				if a.Type != plugins.AttrFile || !stage.Config.Has(a.Name) {
					continue
				}
				path := stage.Config.String(a.Name)
				at[path] = fingerprint([]string{path}) + project.Stamp(path)
			}
		}
	}
	return at
}

// differ reports whether something that is in both differs.
func differ(a, b map[string]string) bool {
	for path, stamp := range a {
		if other, ok := b[path]; ok && other != stamp {
			return true
		}
	}
	return false
}

// known returns the parts as they were loaded, with those that have come.
func known(loaded, now map[string]string) map[string]string {
	all := map[string]string{}
	for path, stamp := range now {
		all[path] = stamp
		if was, ok := loaded[path]; ok {
			all[path] = was
		}
	}
	return all
}
