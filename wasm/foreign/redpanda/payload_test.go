package redpanda

import (
	"bytes"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
)

// What is encoded is decoded; of anything else, what is decoded is encoded again as it was understood.
func FuzzPayload(f *testing.F) {
	f.Add((&payload{key: []byte("k"), value: []byte("v"), headers: []abi.Pair{{Name: []byte("a"), Value: []byte("b")}}}).appendTo(nil))
	f.Add((&payload{}).appendTo(nil))
	f.Add([]byte{1, 1, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		topicOf(text)
		var p, again payload
		if !p.decode(text) {
			return
		}
		encoded := p.appendTo(nil)
		if !again.decode(encoded) || !bytes.Equal(again.key, p.key) || !bytes.Equal(again.value, p.value) || len(again.headers) != len(p.headers) {
			t.Errorf("%+v becomes %+v", p, again)
		}
		size := len(p.key) + len(p.value)
		for _, h := range p.headers {
			size += len(h.Name) + len(h.Value)
		}
		if most := maxPayload(size, len(p.headers)); len(encoded) > most {
			t.Errorf("it takes %d bytes, more than %d", len(encoded), most)
		}
	})
}

func TestTopic(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]string{"": "", "\x01\x02a": "a", "\x01\x02a\x01\x04bc": "bc", "\x01\x00": ""} {
		if topic, ok := topicOf([]byte(options)); topic != want || !ok {
			t.Errorf("%q names %q, %v", options, topic, ok)
		}
	}
	for _, options := range []string{"\x02", "\x01", "\x01\x04a", "\x01\xff"} {
		if topic, ok := topicOf([]byte(options)); ok {
			t.Errorf("%q names %q", options, topic)
		}
	}
}
