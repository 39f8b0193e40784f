package connectors_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/connectors"
)

func TestParseTopic(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "plant.d1.temp", "plant.*.temp", "plant.>", ">", "*", "a-b_c:d$", "äöü.x", "plant/d1/#", "/a", "a..b/c", strings.Repeat("x", 1024)} {
		if got, err := connectors.ParseTopic(name); err != nil || string(got) != name {
			t.Errorf("%.40q became %.40q, %v", name, got, err)
		}
	}
	for name, says := range map[string]string{
		"":                        "a topic has a name, such as plant.d1.temp",
		strings.Repeat("x", 1025): "the name of a topic has 1024 bytes at most, and this one has 1025",
		"a b":                     `"a b" cannot be the name of a topic: leave out spaces and control characters`,
		"a\x00":                   `"a\x00" cannot be the name of a topic: leave out spaces and control characters`,
		"a\xff":                   `"a\xff" cannot be the name of a topic: leave out spaces and control characters`,
		"a/b c":                   `"a/b c" cannot be the name of a topic: leave out spaces and control characters`,
		"a..b":                    `"a..b" cannot be the name of a topic: a level of it is empty; write levels with one dot between them`,
		".a":                      `".a" cannot be the name of a topic: a level of it is empty; write levels with one dot between them`,
		"a.":                      `"a." cannot be the name of a topic: a level of it is empty; write levels with one dot between them`,
		"a.>.b":                   `"a.>.b" cannot be the name of a topic: > stands for all that follows, so that nothing comes behind it`,
		"a.b*":                    `"a.b*" cannot be the name of a topic: * and > stand for whole levels; write them alone, as in plant.*.temp and plant.>`,
		"a.**":                    `"a.**" cannot be the name of a topic: * and > stand for whole levels; write them alone, as in plant.*.temp and plant.>`,
	} {
		if _, err := connectors.ParseTopic(name); err == nil || err.Error() != says {
			t.Errorf("%.40q: the error is %v, and should be %s", name, err, says)
		}
	}
}

func TestTopicMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		topic, name string
		want        bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a.c", false},
		{"a.*", "a.b", true},
		{"a.*", "a", false},
		{"a.*", "a.b.c", false},
		{"*.b", "a.b", true},
		{"a.>", "a", false},
		{"a.>", "a.b", true},
		{"a.>", "a.b.c", true},
		{">", "a", true},
		{"a.*.>", "a.b", false},
		{"a.*.>", "a.b.c", true},
		{"a/*", "a/*", true},
		{"a/*", "a/b", false},
	} {
		if got := connectors.Topic(c.topic).Matches(c.name); got != c.want {
			t.Errorf("%s matches %s: %v", c.topic, c.name, got)
		}
	}
}

func TestTopicRender(t *testing.T) {
	t.Parallel()
	for topic, want := range map[connectors.Topic]string{
		"plant.d1.temp":   "plant/d1/temp",
		"plant.*.temp.>":  "plant/+/temp/#",
		"native/as.it-is": "native/as.it-is",
	} {
		if got := topic.Render("/", "+", "#"); got != want {
			t.Errorf("%s is written %s, and should be %s", topic, got, want)
		}
	}
}

// TestTopicLaws compares matching with its definition: a pattern matches a name exactly when
// one can put levels of the name in place of its signs.
func TestTopicLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.SampledFrom([]string{"a", "b", "c"})
		names := rapid.SliceOfN(level, 1, 4).Draw(t, "name")
		pattern := append([]string{}, names...)
		for i := range pattern {
			if rapid.Bool().Draw(t, "star") {
				pattern[i] = "*"
			}
		}
		if cut := rapid.IntRange(0, len(pattern)-1).Draw(t, "rest"); rapid.Bool().Draw(t, "cut") {
			pattern = append(pattern[:cut:cut], ">")
		}
		topic, err := connectors.ParseTopic(strings.Join(pattern, "."))
		if err != nil {
			t.Fatal(err)
		}
		if !topic.Matches(strings.Join(names, ".")) {
			t.Fatalf("%s does not match %v", topic, names)
		}
		i := rapid.IntRange(0, len(pattern)-1).Draw(t, "changed")
		if pattern[i] != "*" && pattern[i] != ">" {
			names[i] += "x"
			if topic.Matches(strings.Join(names, ".")) {
				t.Fatalf("%s matches %v", topic, names)
			}
		}
	})
}

func FuzzParseTopic(f *testing.F) {
	for _, s := range []string{"a.b", "a.*", "a.>", "a..b", "a/b", "**", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		topic, err := connectors.ParseTopic(name)
		if err != nil {
			return
		}
		if string(topic) != name {
			t.Errorf("%q became %q", name, topic)
		}
		if got := topic.Render(".", "*", ">"); got != name {
			t.Errorf("%q is written %q", name, got)
		}
		if !topic.Pattern() && !topic.Matches(name) {
			t.Errorf("%q does not match itself", name)
		}
	})
}

// A name that a bus has is the topic that a pipeline reaches it under, as far as there is one.
func TestTopicOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sep, want string }{
		{"plant/d1/temp", "/", "plant.d1.temp"},
		{"plant:in", ":", "plant.in"},
		{"plant.in", ".", "plant.in"},
		{"plant", "/", "plant"},
		{"plant/d1.x/temp", "/", "plant/d1.x/temp"},
		{"/plant/d1", "/", "/plant/d1"},
		{"plant//d1", "/", "plant//d1"},
		{"plant/*/d1", "/", "plant/*/d1"},
		{"a b/c", "/", "a b/c"},
	} {
		if got := connectors.TopicOf(c.name, c.sep); string(got) != c.want {
			t.Errorf("%s with %s is %s, and should be %s", c.name, c.sep, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab*>+./:]{1,8}`).Draw(t, "name")
		sep := rapid.SampledFrom([]string{".", "/", ":"}).Draw(t, "separator")
		topic := connectors.TopicOf(name, sep)
		if got := topic.Render(sep, "*", ">"); got != name && string(topic) != name {
			t.Errorf("%q with %q became %q, which is %q", name, sep, topic, got)
		}
	})
}
