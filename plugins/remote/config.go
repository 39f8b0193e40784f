package remote

import (
	"log/slog"
	"time"

	"github.com/onstream/onstream/plugins"
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
	Env    map[string]plugins.Secret
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
