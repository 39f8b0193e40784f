package cli

import (
	"log/slog"
	"slices"
)

// tellStarted says which plugins run now.
func tellStarted(logger *slog.Logger, these []*plugged) {
	for _, p := range these {
		logger.Info("plugin started", "plugin", p.block.Name, "version", p.is.Version, "pid", p.Pid())
	}
}

// goOnWithPlugins notes which plugins a pipeline runs with. Those that it had end when what is still in flight has.
func (s *supervisor) goOnWithPlugins(j *job, now []*plugged) {
	s.processes.retire(slices.DeleteFunc(slices.Clone(j.plugins), func(p *plugged) bool { return slices.Contains(now, p) }))
	j.plugins = now
}

// endPlugins ends the plugins of a pipeline that has ended.
func (s *supervisor) endPlugins(j *job) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.processes.drop(j.plugins)
}

// watchPrograms notes the programs of the plugins that the files name, whether they can be started or not.
func (j *job) watchPrograms(paths []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.programs = paths
}

// watched are those programs.
func (j *job) watched() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.programs
}
