package mqtt

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// written reads what was encoded as a wire does.
func written(t interface{ Fatal(...any) }, encoded []byte, limit int) packet {
	here, there := net.Pipe()
	defer here.Close()
	go func() {
		_, _ = there.Write(encoded) // the test ends before all of it is read, where it fails
		there.Close()
	}()
	w := newWire(here, limit)
	defer w.close(errLeft)
	p, err := w.next()
	if err != nil {
		t.Fatal(err)
	}
	p.body = bytes.Clone(p.body)
	return p
}

func TestPublicationsSurviveTheWire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v5 := rapid.Bool().Draw(t, "v5")
		m := publication{
			dup: rapid.Bool().Draw(t, "dup"), retain: rapid.Bool().Draw(t, "retain"), qos: rapid.Byte().Draw(t, "qos") % 3,
			topic: []byte(rapid.StringMatching(`[a-z/]{1,300}`).Draw(t, "topic")), payload: rapid.SliceOfN(rapid.Byte(), 0, 20_000).Draw(t, "payload"),
		}
		if m.qos > 0 {
			m.id = rapid.Uint16Min(1).Draw(t, "id")
		}
		if v5 {
			for range rapid.IntRange(0, 40).Draw(t, "headers") {
				m.properties = appendText(appendText(append(m.properties, propertyUser), []byte("name")), []byte(rapid.String().Draw(t, "header")))
			}
		}
		p := written(t, appendPublish(nil, v5, m), maxRemaining)
		got, err := parsePublish(p, v5)
		if err != nil {
			t.Fatal(err)
		}
		if got.dup != m.dup || got.retain != m.retain || got.qos != m.qos || got.id != m.id || !bytes.Equal(got.topic, m.topic) || !bytes.Equal(got.payload, m.payload) || !bytes.Equal(got.properties, m.properties) {
			t.Fatalf("got %+v, want %+v", got, m)
		}
		if publishSize(v5, m) != p.size {
			t.Fatalf("the size is said to be %d, and is %d", publishSize(v5, m), p.size)
		}
	})
}

func TestPacketTooLargeIsCut(t *testing.T) {
	t.Parallel()
	m := publication{qos: 1, id: 7, topic: []byte("a/b"), payload: make([]byte, 1<<20)}
	p := written(t, appendPublish(nil, true, m), 1000)
	got, err := parsePublish(p, true)
	if err != nil || string(got.topic) != "a/b" || got.id != 7 || len(got.payload) > 0 || p.size != publishSize(true, m) {
		t.Errorf("got %+v of %d bytes, %v", got, p.size, err)
	}
}

func FuzzPublish(f *testing.F) {
	f.Add(byte(2), true, appendPublish(nil, true, publication{qos: 1, id: 7, topic: []byte("a"), properties: []byte{propertyUser, 0, 1, 'a', 0, 1, 'b'}})[2:])
	f.Add(byte(0), false, appendPublish(nil, false, publication{topic: []byte("a"), payload: []byte("x")})[2:])
	f.Fuzz(func(_ *testing.T, flags byte, v5 bool, body []byte) {
		for _, size := range []int{len(body), len(body) + 1} {
			m, err := parsePublish(packet{kind: typePublish, flags: flags, body: body, size: size}, v5)
			if err == nil {
				_, _, _ = appendHeaders(nil, m) // it may fail, but does not panic
			}
		}
	})
}

// FuzzAnswers reads whatever a broker may answer.
func FuzzAnswers(f *testing.F) {
	f.Add(byte(typeConnack), true, []byte{0, 0, 0})
	f.Add(byte(typeSuback), true, []byte{0, 1, 0, 0x87})
	f.Add(byte(typePuback), true, []byte{0, 1, 0x87, 4, propertyReason, 0, 1, 'x'})
	f.Add(byte(typeDisconnect), true, []byte{0x8e, 0})
	f.Fuzz(func(_ *testing.T, kind byte, v5 bool, body []byte) {
		p := packet{kind: kind, body: body, size: len(body)}
		// They may all fail, but do not panic.
		_, _ = parseConnack(p, v5, greeting{})
		_, _, _ = parseSuback(p, v5)
		_, _ = parseAck(p, v5)
		_, _, _ = parseDisconnect(p)
	})
}

func TestFilters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		topic connectors.Topic
		text  string
		match []string
		not   []string
	}{
		{"plant.d1.temp", "plant/d1/temp", []string{"plant/d1/temp"}, []string{"plant/d1", "plant/d1/temp/x", "plant/d1/hum"}},
		{"plant.*.temp", "plant/+/temp", []string{"plant/d1/temp", "plant//temp"}, []string{"plant/temp", "plant/d1/x/temp", "plant/d1/temp/x", "plants/d1/temp"}},
		{"plant.>", "plant/#", []string{"plant/d1", "plant/d1/temp", "plant/"}, []string{"plant", "plants/d1"}},
		{">", "#", []string{"a", "a/b"}, nil},
		{"*", "+", []string{"a"}, []string{"a/b"}},
		{"/plant/+/#", "/plant/+/#", []string{"/plant/a/b"}, []string{"plant/a/b", "/plant/a"}},
		{"temp", "temp", []string{"temp"}, []string{"Temp", "temp/"}},
	} {
		f, err := filterOf(c.topic)
		if err != nil || f.text != c.text {
			t.Errorf("%s: got %q, %v", c.topic, f.text, err)
		}
		for _, name := range c.match {
			if !f.matches([]byte(name)) {
				t.Errorf("%s does not match %s", f.text, name)
			}
		}
		for _, name := range c.not {
			if f.matches([]byte(name)) {
				t.Errorf("%s matches %s", f.text, name)
			}
		}
	}
}

// TestFiltersMatchAsTopicsDo compares with the one meaning of patterns for all buses.
func TestFiltersMatchAsTopicsDo(t *testing.T) {
	t.Parallel()
	level := rapid.SampledFrom([]string{"a", "b", "cc"})
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SliceOfN(rapid.OneOf(level, rapid.Just("*")), 1, 4).Draw(t, "pattern")
		if rapid.Bool().Draw(t, "rest") {
			pattern = append(pattern, ">")
		}
		topic, err := connectors.ParseTopic(strings.Join(pattern, "."))
		if err != nil {
			t.Fatal(err)
		}
		f, err := filterOf(topic)
		if err != nil {
			t.Fatal(err)
		}
		name := rapid.SliceOfN(level, 1, 5).Draw(t, "name")
		if got, want := f.matches([]byte(strings.Join(name, "/"))), topic.Matches(strings.Join(name, ".")); got != want {
			t.Fatalf("%s matches %s: %v, and should be %v", f.text, name, got, want)
		}
	})
}

// TestFlightsKeepTheirPlaces compares with a plain list, over the end of the numbers.
func TestFlightsKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := flights{next: maxText - 50}
		var want []uint16
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			if len(want) == 0 || rapid.IntRange(0, 2).Draw(t, "add") > 0 {
				f.add(flight{topic: "x"})
				want = append(want, f.at(f.len()-1).id)
			} else {
				if got := f.pop(); got.id != want[0] {
					t.Fatalf("the first is %d, and should be %d", got.id, want[0])
				}
				want = want[1:]
			}
			if f.len() != len(want) || slices.Contains(want, 0) {
				t.Fatalf("there are %d of %v", f.len(), want)
			}
			for i, id := range want {
				if f.find(id) != i {
					t.Fatalf("%d is said to be at %d, and is at %d", id, f.find(id), i)
				}
			}
			if gone := f.next + 1; f.find(gone) >= 0 && !slices.Contains(want, gone) {
				t.Fatalf("%d is found, which is none of %v", gone, want)
			}
		}
	})
}

func TestNothingIsAllocatedForARecord(t *testing.T) {
	value := bytes.Repeat([]byte("x"), 143)
	encoded := appendPublish(nil, true, publication{qos: 1, id: 7, topic: []byte("plant/d1"), payload: value})
	r := &reader{connection: &connection{settings: &settings{v5: true}}, filter: filter{text: "plant/d1"}, inbound: newInbound(), link: &link{wire: &wire{}}}
	r.desk.init("plant/d1", plugins.Env{}, 0)
	pool := &plugins.Pool{}
	r.desk.open(outlet{pool})
	const records = 1000
	one := func() {
		for i := range records {
			encoded[13], encoded[14] = byte((i+1)>>8), byte(i+1)
			p := packet{kind: typePublish, flags: 2, body: encoded[3:], size: len(encoded) - 3}
			if err := r.handle(p); err != nil {
				t.Fatal(err)
			}
		}
		if r.desk.page.Len() != records {
			t.Fatalf("%d records are on the page", r.desk.page.Len())
		}
		r.acknowledge(r.desk.page.receipts)
		r.link.out = r.link.out[:0]
		receipts := r.desk.page.receipts
		r.desk.page.batch().Release()
		r.desk.turn(outlet{pool})
		r.desk.page.receipts = receipts[:0]
	}
	one()
	if n := testing.AllocsPerRun(20, one) / records; n > 0.05 {
		t.Errorf("%.2f allocations for each record", n)
	}
}

// outlet only has batches.
type outlet struct{ pool *plugins.Pool }

func (o outlet) Batch() *plugins.Batch { return o.pool.Batch() }

func (outlet) Hand(context.Context, plugins.Delivery) error { return nil }

func (outlet) Done(plugins.Partition) {}
