package nats

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// check finds what the schema cannot say.
func check(c plugins.Config) error {
	for _, find := range []func(plugins.Config) error{checkPlace, checkServers, checkAuthentication, checkStream, checkConsumer, connectors.CheckTLS} {
		if err := find(c); err != nil {
			return err
		}
	}
	return nil
}

// checkPlace tells servers that run elsewhere and the embedded one apart.
func checkPlace(c plugins.Config) error {
	elsewhere := len(c.Strings("servers")) > 0
	switch {
	case elsewhere && c.Bool("embedded"):
		return plugins.ConfigErrorf("embedded", "servers names servers that run elsewhere, and this is for one in the process: leave one of them out")
	case !elsewhere && c.Has("embedded") && !c.Bool("embedded"):
		return plugins.ConfigErrorf("embedded", "then there is no server at all: name some with servers, or leave this out")
	}
	for _, name := range []string{"listen", "store_dir", "max_file_store"} {
		if elsewhere && c.Has(name) {
			return plugins.ConfigErrorf(name, "it is for the embedded server, and servers names others: leave one of them out")
		}
	}
	for _, name := range []string{"creds_file", "nkey_seed_file", "jetstream_domain"} {
		if !elsewhere && c.Has(name) {
			return plugins.ConfigErrorf(name, "it is for servers that run elsewhere: name them with servers, or leave it out")
		}
	}
	if !elsewhere && len(c.Blocks("tls")) > 0 {
		return plugins.ConfigErrorf("tls", "it is for servers that run elsewhere: name them with servers, or leave it out")
	}
	if listen := c.String("listen"); listen != "" {
		if err := plugins.CheckListen("listen", listen, "127.0.0.1:4222"); err != nil {
			return err
		}
	}
	if !elsewhere && !c.Has("listen") {
		for _, name := range []string{"token", "username", "password"} {
			if c.Has(name) {
				return plugins.ConfigErrorf(name, "nobody but this pipeline can connect to the embedded server: set listen, or leave this out")
			}
		}
	}
	if c.Int("partitions") > 1 && c.Block("stream").String("retention") == "interest" {
		return plugins.ConfigErrorf("partitions", "a stream that keeps what some group has not read would drop what comes while a partition has no reader: set retention = \"limits\"")
	}
	return nil
}

func checkServers(c plugins.Config) error {
	for _, s := range c.Strings("servers") {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			return plugins.ConfigErrorf("servers", "%q is no URL of a server: write it like \"nats://127.0.0.1:4222\"", redact(s))
		}
		if u.User != nil {
			return plugins.ConfigErrorf("servers", "%s holds a password, which would be seen: write it with username and password, or token", redact(s))
		}
	}
	return nil
}

// redact returns a URL without what stands before its @.
func redact(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "(secret)" + rest[at:]
	}
	if !ok {
		return rest
	}
	return scheme + "://" + rest
}

func checkAuthentication(c plugins.Config) error {
	var ways []string
	for _, name := range []string{"creds_file", "nkey_seed_file", "token", "username"} {
		if c.Has(name) {
			ways = append(ways, name)
		}
	}
	switch {
	case len(ways) > 1:
		return plugins.ConfigErrorf(ways[1], "%s says already who connects: leave one of them out", ways[0])
	case c.Has("password") && !c.Has("username"):
		return plugins.ConfigErrorf("password", "whose is it? set username")
	case c.Has("username") && !c.Has("password"):
		return plugins.ConfigErrorf("username", "set password, too")
	case c.Has("token") && c.Secret("token").Reveal() == "":
		return plugins.ConfigErrorf("token", "the token is empty: set one, or leave the attribute out")
	}
	return nil
}

func checkStream(c plugins.Config) error {
	s := c.Block("stream")
	switch name := s.String("name"); {
	case s.Has("subjects") && !s.Has("name"):
		return plugins.ConfigErrorf("stream.subjects", "of which stream? set name")
	case strings.ContainsAny(name, ".*>/\\ \t\r\n"):
		return plugins.ConfigErrorf("stream.name", "%q cannot be the name of a stream: leave out dots, spaces, slashes, * and >", name)
	case s.String("discard") == "new" && !s.Has("max_bytes"):
		return plugins.ConfigErrorf("stream.discard", "nothing is discarded without a limit: set max_bytes")
	}
	for _, subject := range s.Strings("subjects") {
		if err := checkSubject(subject); err != nil {
			return plugins.ConfigErrorf("stream.subjects", "%v", err)
		}
	}
	return nil
}

// checkSubject checks a subject that a stream is to take.
func checkSubject(subject string) error {
	t, err := connectors.ParseTopic(subject)
	if err != nil {
		return err
	}
	if _, err = subjectOf(t); err != nil {
		return err
	}
	if subject == ">" || strings.HasPrefix(subject, "*.") || subject == "*" {
		return fmt.Errorf("%q takes the server's own subjects, too: begin with a level that has a name", subject)
	}
	return nil
}

func checkConsumer(c plugins.Config) error {
	if name := c.Block("consumer").String("durable"); name != "" && name != consumerName(name) {
		return plugins.ConfigErrorf("consumer.durable", "%q cannot be the name of a consumer: write letters, digits, - and _", name)
	}
	return nil
}
