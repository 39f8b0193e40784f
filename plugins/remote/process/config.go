package process

import (
	"log/slog"
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/onstream/onstream/plugins"
)

// Config says what is started, and within which bounds.
type Config struct {
	Source string                    // the path of the program
	SHA256 string                    // that it must have, in hexadecimal digits; "" for any
	Args   []string                  // of the program
	Env    map[string]plugins.Secret // the whole environment besides what the handshake needs
	Memory int64                     // bytes that the process may have; 0 for no limit
	Start  time.Duration             // until the end of the handshake
	// Handshake and Versions are what both halves have in common. Versions are those of the protocol that the host speaks.
	Handshake plugin.HandshakeConfig
	Versions  map[int]plugin.PluginSet
	// MaxMessage is the size in bytes of the longest message, either way.
	MaxMessage int
	Logger     *slog.Logger // takes what the process says
	Hide       *Redactor    // what it must not say
}
