package remote

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/process"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Config says which program is a plugin, and how it is run.
type Config struct {
	// Name is what the pipeline calls the plugin: its kinds have it in front of their names. Letters, digits and "_", beginning with a letter.
	Name string
	// Source is the path of the program.
	Source string
	// SHA256 is the digest, in hexadecimal digits, that the program must have at each start; "" for any.
	SHA256 string
	// Args are the program's arguments.
	Args []string
	// Env is the whole environment of the program, by name, besides what the handshake needs. Any of it may be a secret.
	Env map[string]plugins.Secret
	// Shown are the names in Env whose values are no secrets: all others are kept out of the log and out of errors.
	Shown  []string
	Limits Limits
	// HostVersion is the version of onstream, for the plugin's log.
	HostVersion string
	// Logger takes what the plugin writes to its standard error, and what becomes of its process. Nil for nowhere.
	Logger *slog.Logger
}

// Limits bound what a plugin may use. Zero values are the defaults.
type Limits struct {
	// Memory is the most that the process may have, in bytes; 0 for no limit. Where the system cannot enforce it, Launch refuses it.
	Memory int64
	// Restart is how many times in ten minutes a process that ended may be started again before its stages give up; 0 for 10, a negative number for never.
	Restart int
	// Start is how long the program has from its start to the end of the handshake; 0 for 10 s.
	Start time.Duration
	// Timeout is how long a call may take before the process counts as hung and is killed; 0 for 30 s.
	Timeout time.Duration
}

const (
	defaultRestart = 10
	defaultStart   = 10 * time.Second
	defaultTimeout = 30 * time.Second
)

// restarts returns how many times a process may be started again within [restartWindow].
func (l Limits) restarts() int {
	switch {
	case l.Restart == 0:
		return defaultRestart
	case l.Restart < 0:
		return 0
	}
	return l.Restart
}

// check fills in the defaults, and returns an error about what cannot be.
func (c *Config) check() error {
	if err := wire.CheckIdentifier("the name of a plugin", c.Name); err != nil {
		return plugins.ConfigErrorf("", "%v", err)
	}
	if c.Limits.Start == 0 {
		c.Limits.Start = defaultStart
	}
	if c.Limits.Timeout == 0 {
		c.Limits.Timeout = defaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for _, x := range []struct {
		path  string
		value int64
	}{{"limits.memory", c.Limits.Memory}, {"limits.start", int64(c.Limits.Start)}, {"limits.timeout", int64(c.Limits.Timeout)}} {
		if x.value < 0 {
			return plugins.ConfigErrorf(x.path, "it is negative: leave it out for the usual limit")
		}
	}
	if c.Limits.Memory > 0 && !process.CanLimitMemory {
		return plugins.ConfigErrorf("limits.memory", "the memory of a process cannot be limited on this system (%s): leave it out", runtime.GOOS)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		if err := checkVariable(name, c.Env[name].Reveal()); err != nil {
			return err
		}
	}
	for _, a := range c.Args {
		if strings.Contains(a, "\x00") {
			return plugins.ConfigErrorf("args", "an argument has a zero byte in it, which no program can be given")
		}
	}
	return nil
}

// checkVariable refuses what is no variable, and those of the handshake.
func checkVariable(name, value string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return plugins.ConfigErrorf("env", "%q is no name of a variable", name)
	}
	if strings.Contains(value, "\x00") {
		return plugins.ConfigErrorf("env", "the value of %s has a zero byte in it, which no variable can have", name)
	}
	if name == Cookie || strings.HasPrefix(name, "PLUGIN_") {
		return plugins.ConfigErrorf("env", "%s belongs to the handshake between onstream and the plugin: give yours another name", name)
	}
	return nil
}

// Fingerprint is a text that is equal for configurations whose processes behave alike. What is in the program's file is a part of it, and secrets are
// as digests only.
func (c Config) Fingerprint() string {
	digest, err := process.Digest(c.Source)
	if err != nil {
		digest = err.Error()
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s %q %s %q %q\n%d %d %v %v\n", c.Name, c.Source, digest, c.SHA256, c.Args, c.Limits.Memory, c.Limits.restarts(),
		cmp.Or(c.Limits.Start, defaultStart), cmp.Or(c.Limits.Timeout, defaultTimeout))
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		fmt.Fprintf(&s, "%q=%x %t\n", name, sha256.Sum256([]byte(c.Env[name].Reveal())), slices.Contains(c.Shown, name))
	}
	return s.String()
}
