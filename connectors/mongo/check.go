package mongo

import (
	"strconv"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// check finds what the schema cannot say. It reads nothing but the configuration.
func check(c plugins.Config) error {
	at, err := parseURI(c.Secret("uri").Reveal())
	if err != nil {
		return plugins.ConfigErrorf("uri", "%v", err)
	}
	switch {
	case at.database == "" && c.String("database") == "":
		return plugins.ConfigErrorf("database", "neither the URI nor this names a database: set it, such as database = \"plant\"")
	case at.database != "" && c.Has("database") && at.database != c.String("database"):
		return plugins.ConfigErrorf("database", "the URI names the database %q, and this %q: leave one of them out; where the first only knows the users, write authSource=%s in the URI", at.database, c.String("database"), at.database)
	case strings.ContainsAny(c.String("database"), "/\\. \"$\x00"):
		return plugins.ConfigErrorf("database", "%q is no name of a database: it has none of / \\ . $ \" and no spaces", c.String("database"))
	case at.user != "" && (c.Has("username") || c.Has("password")):
		return plugins.ConfigErrorf("username", "the URI has a user, too: leave it out there, or username and password here")
	case c.Has("password") && !c.Has("username"):
		return plugins.ConfigErrorf("password", "set username, too")
	case c.Has("username") && !c.Has("password"):
		return plugins.ConfigErrorf("username", "set password, too")
	}
	if w := c.String("write_concern"); c.Has("write_concern") {
		if n, err := strconv.Atoi(w); w == "" || err == nil && n <= 0 {
			return plugins.ConfigErrorf("write_concern", "%q confirms nothing: write \"majority\", or a number from 1 on", w)
		}
	}
	for _, twice := range contradictions {
		if c.Has(twice.attr) || len(c.Blocks(twice.attr)) > 0 {
			for _, option := range twice.options {
				if at.options[strings.ToLower(option)] {
					return plugins.ConfigErrorf(twice.attr, "the URI has the option %s, too: leave one of them out", option)
				}
			}
		}
	}
	return connectors.CheckTLS(c)
}

// contradictions are options of the URI that say what attributes and blocks say.
var contradictions = []struct {
	attr    string
	options []string
}{
	{"tls", []string{"tls", "ssl", "tlsCAFile", "tlsCertificateKeyFile", "tlsCertificateKeyFilePassword", "tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames", "sslCertificateAuthorityFile", "sslClientCertificateKeyFile", "sslInsecure"}},
	{"write_concern", []string{"w"}},
	{"journal", []string{"journal"}},
	{"read_concern", []string{"readConcernLevel"}},
}
