package mqtt

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// people are who may use an embedded broker.
type people struct {
	anonymous bool
	named     map[string]person
}

// person is a user. Nil lists allow everything.
type person struct {
	password           [sha256.Size]byte // its digest: equal lengths tell nothing
	publish, subscribe []filter
}

func usersOf(own plugins.Config) (people, error) {
	p := people{anonymous: own.Bool("anonymous"), named: map[string]person{}}
	for _, b := range own.Blocks("user") {
		path := "embedded.user[" + b.Label + "]"
		if _, twice := p.named[b.Label]; twice {
			return p, plugins.ConfigErrorf(path, "there is a user of that name already")
		}
		if b.Config.Secret("password").Reveal() == "" {
			return p, plugins.ConfigErrorf(path+".password", "the password is empty, so everybody has it: set one")
		}
		u := person{password: sha256.Sum256([]byte(b.Config.Secret("password").Reveal()))}
		var err error
		if u.publish, err = filtersOf(b.Config, "publish"); err != nil {
			return p, plugins.ConfigErrorf(path+".publish", "%v", err)
		}
		if u.subscribe, err = filtersOf(b.Config, "subscribe"); err != nil {
			return p, plugins.ConfigErrorf(path+".subscribe", "%v", err)
		}
		p.named[b.Label] = u
	}
	return p, nil
}

func filtersOf(c plugins.Config, name string) ([]filter, error) {
	if !c.Has(name) {
		return nil, nil
	}
	all := []filter{}
	for _, text := range c.Strings(name) {
		topic, err := connectors.ParseTopic(text)
		if err != nil {
			return nil, err
		}
		f, err := filterOf(topic)
		if err != nil {
			return nil, fmt.Errorf("%w", err)
		}
		all = append(all, f)
	}
	return all, nil
}

// knows reports whether somebody may connect.
func (p people) knows(name string, password []byte) bool {
	if name == "" && len(password) == 0 {
		return p.anonymous
	}
	u, known := p.named[name]
	given := sha256.Sum256(password)
	return subtle.ConstantTimeCompare(given[:], u.password[:]) == 1 && known
}

// may reports whether a user may publish to a topic, or read it.
func (p people) may(name, topic string, publish bool) bool {
	u := p.named[name]
	allowed := u.subscribe
	if publish {
		allowed = u.publish
	} else if shared, ok := strings.CutPrefix(topic, "$share/"); ok {
		_, topic, _ = strings.Cut(shared, "/")
	}
	if allowed == nil {
		return true
	}
	for _, f := range allowed {
		if f.matches([]byte(topic)) {
			return true
		}
	}
	return false
}
