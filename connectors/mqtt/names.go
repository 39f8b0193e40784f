package mqtt

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/onstream/onstream/connectors"
)

// filter is what a source reads: the name of a topic, or a pattern of such, as MQTT
// has them.
type filter struct {
	text    string
	pattern bool
	native  bool // the pipeline writes it as MQTT does
}

// filterOf writes a topic as MQTT has it.
func filterOf(t connectors.Topic) (filter, error) {
	f := filter{text: t.Render("/", "+", "#"), native: t.Native()}
	switch {
	case strings.HasPrefix(f.text, "$share/"):
		return f, fmt.Errorf("%q is a shared subscription: set share_name of the connector, and leave \"$share/\" and the name out here", t)
	case !t.Native() && strings.ContainsAny(string(t), "+#"):
		return f, fmt.Errorf("%q cannot be the name of a topic: + and # are wildcards of MQTT; write * for one level and > for all that follow", t)
	}
	levels := strings.Split(f.text, "/")
	for i, level := range levels {
		switch {
		case level == "#" && i < len(levels)-1:
			return f, fmt.Errorf("%q cannot be the name of a topic: # stands for all that follows, so that nothing comes behind it", t)
		case len(level) > 1 && strings.ContainsAny(level, "+#"):
			return f, fmt.Errorf("%q cannot be the name of a topic: + and # stand for whole levels", t)
		case level == "+" || level == "#":
			f.pattern = true
		}
	}
	return f, nil
}

// matches reports whether a name is one of those that are read. A # stands for at
// least one level, as on other buses, though not in MQTT.
func (f filter) matches(name []byte) bool {
	if !f.pattern {
		return string(name) == f.text
	}
	want := f.text
	for {
		level, rest, more := strings.Cut(want, "/")
		if level == "#" {
			return true
		}
		at := bytes.IndexByte(name, '/')
		have := name
		if at >= 0 {
			have = name[:at]
		}
		if level != "+" && level != string(have) {
			return false
		}
		if !more || at < 0 {
			return !more && at < 0
		}
		want, name = rest, name[at+1:]
	}
}

var (
	errNameEmpty   = errors.New("a topic has a name")
	errNameLong    = errors.New("the name of a topic has 65,535 bytes at most")
	errNameText    = errors.New("the name of a topic is text")
	errNamePattern = errors.New("it stands for several topics, and a record goes to one: write a name without wildcards")
	errNameSystem  = errors.New("topics that begin with $ are the broker's own")
)

// checkName checks the name of a topic that is to be written, as MQTT has it.
func checkName(name []byte) error {
	switch {
	case len(name) == 0:
		return errNameEmpty
	case len(name) > maxText:
		return errNameLong
	case !isText(name):
		return errNameText
	case bytes.ContainsAny(name, "+#"):
		return errNamePattern
	case name[0] == '$':
		return errNameSystem
	}
	return nil
}

// nameOf writes a topic that is to be written as MQTT has it.
func nameOf(t connectors.Topic) (string, error) {
	if t.Pattern() {
		return "", fmt.Errorf("topic %q: %w", t, errNamePattern)
	}
	name := t.Render("/", "+", "#")
	if err := checkName([]byte(name)); err != nil {
		return "", fmt.Errorf("topic %q: %w", t, err)
	}
	return name, nil
}

// names remembers how topics are written, for those that come again and again.
type names struct {
	known map[string]string
}

// maxNames bounds what is remembered.
const maxNames = 1 << 14

// of returns how MQTT has the topic that a record says.
func (n *names) of(topic []byte) (string, error) {
	if name, ok := n.known[string(topic)]; ok {
		return name, nil
	}
	t, err := connectors.ParseTopic(string(topic))
	if err != nil {
		return "", err
	}
	name, err := nameOf(t)
	if err != nil {
		return "", err
	}
	if n.known == nil || len(n.known) >= maxNames {
		n.known = map[string]string{}
	}
	n.known[string(topic)] = name
	return name, nil
}
