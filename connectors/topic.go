package connectors

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Topic is the name of a topic, or a pattern of names, as pipelines write it:
// levels with dots between them, in which * stands for one level and > for all
// that follow. Each bus writes levels in its own way ([Topic.Render]). A name
// with a slash in it is taken as the bus has it.
type Topic string

// maxTopic bounds names: no bus takes longer ones.
const maxTopic = 1024

// ParseTopic checks a name.
func ParseTopic(name string) (Topic, error) {
	t := Topic(name)
	switch {
	case name == "":
		return "", errors.New("a topic has a name, such as plant.d1.temp")
	case len(name) > maxTopic:
		return "", fmt.Errorf("the name of a topic has %d bytes at most, and this one has %d", maxTopic, len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return "", fmt.Errorf("%q cannot be the name of a topic: leave out spaces and control characters", name)
	case t.Native():
		return t, nil
	}
	levels := t.Levels()
	for i, level := range levels {
		switch {
		case level == "":
			return "", fmt.Errorf("%q cannot be the name of a topic: a level of it is empty; write levels with one dot between them", name)
		case level == ">" && i < len(levels)-1:
			return "", fmt.Errorf("%q cannot be the name of a topic: > stands for all that follows, so that nothing comes behind it", name)
		case len(level) > 1 && strings.ContainsAny(level, "*>"):
			return "", fmt.Errorf("%q cannot be the name of a topic: * and > stand for whole levels; write them alone, as in plant.*.temp and plant.>", name)
		}
	}
	return t, nil
}

// Native reports whether the name is to be taken as the bus has it.
func (t Topic) Native() bool { return strings.Contains(string(t), "/") }

// Levels returns the levels of a name that is not native.
func (t Topic) Levels() []string { return strings.Split(string(t), ".") }

// Pattern reports whether the name stands for several topics; of a native name
// only its bus knows.
func (t Topic) Pattern() bool {
	if t.Native() {
		return false
	}
	return slices.ContainsFunc(t.Levels(), func(l string) bool { return l == "*" || l == ">" })
}

// Render writes the name as a bus does: with sep between levels, and one and
// rest for * and >. A native name stays as it is.
func (t Topic) Render(sep, one, rest string) string {
	if t.Native() {
		return string(t)
	}
	levels := t.Levels()
	for i, l := range levels {
		switch l {
		case "*":
			levels[i] = one
		case ">":
			levels[i] = rest
		}
	}
	return strings.Join(levels, sep)
}

// TopicOf returns the topic that a bus with sep between levels has under a name, written as pipelines
// do it. A name that cannot be written with dots stays as the bus has it.
func TopicOf(name, sep string) Topic {
	t, err := ParseTopic(strings.ReplaceAll(name, sep, "."))
	if err != nil || t.Pattern() || t.Render(sep, "", "") != name {
		return Topic(name)
	}
	return t
}

// Matches reports whether a name with dots between its levels is one of those
// that the topic stands for.
func (t Topic) Matches(name string) bool {
	if !t.Pattern() {
		return string(t) == name
	}
	levels := t.Levels()
	names := strings.Split(name, ".")
	for i, l := range levels {
		switch {
		case l == ">":
			return len(names) > i
		case i >= len(names) || l != "*" && l != names[i]:
			return false
		}
	}
	return len(names) == len(levels)
}

// mayBe reports whether a bus may give a name to the topic, or to one of those that
// it stands for. Buses write levels each in its own way, and may put something in
// front: only a name that ends otherwise is surely another.
func (t Topic) mayBe(name string) bool {
	plain := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '.'
	}
	return t.Native() || t.Pattern() || strings.HasSuffix(strings.Map(plain, name), strings.Map(plain, string(t)))
}
