package nats

import (
	"testing"

	"github.com/onstream/onstream/connectors"
)

func TestSubjects(t *testing.T) {
	t.Parallel()
	for topic, want := range map[connectors.Topic]string{
		"plant.d1.temp": "plant.d1.temp", "plant.*.>": "plant.*.>", "a/b": "a/b", "$KV.x": "", "$JS.API.STREAM.DELETE.x": "", "_INBOX.x": "",
		"a/b..c": "", "plant.=0a": "", "plant.=0ab": "plant.=0ab",
	} {
		got, err := subjectOf(topic)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("subjectOf(%q) = %q, %v; want %q", topic, got, err, want)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, subject string
		want             bool
	}{
		{"a.b", "a.b", true}, {"a.b", "a.c", false}, {"a.*", "a.b", true}, {"a.*", "a", false}, {"a.*", "a.b.c", false}, {"a.>", "a.b.c", true},
		{"a.>", "a", false}, {"a.*", "a.>", false}, {"a.>", "a.*", true}, {"a.*.c", "a.>", false}, {">", "a", true}, {"a.b", "a.*", false},
	} {
		if got := covers(c.pattern, c.subject); got != c.want {
			t.Errorf("covers(%q, %q) = %v", c.pattern, c.subject, got)
		}
	}
}

// What is written with a key is found by the filters of its partition, and of no other topic.
func TestStoredSubjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored, topic, want string
		ok                  bool
	}{
		{"3.a.b", "a.b", "a.b", true}, {"3.a.b.=0f", "a.b", "a.b", true}, {"3.a.b.c", "a.b", "a.b.c", false},
		{"3.a.b.=0f", "a.*", "a.b", true}, {"3.a.b.c", "a.*", "a.b.c", false}, {"3.a.b.c", "a.>", "a.b.c", true}, {"3.a.=0f", "a", "a", true},
	} {
		got, ok := published(c.stored, 4, c.topic)
		if got != c.want || ok != c.ok {
			t.Errorf("published(%q, %q) = %q, %v; want %q, %v", c.stored, c.topic, got, ok, c.want, c.ok)
		}
	}
	if got, ok := published("a.b.=0f", 1, "a.>"); got != "a.b.=0f" || !ok {
		t.Errorf("without partitions a subject is another one: %q, %v", got, ok)
	}
}
