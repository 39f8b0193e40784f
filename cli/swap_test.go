package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// A pipeline whose connector block is replaced, and nothing else of it, gives the same on
// every bus: what a program by hand computes of the same readings.
func TestSwapTheBus(t *testing.T) {
	t.Parallel()
	for _, bus := range []struct {
		name     string
		file     string // of the example
		at       string // the address that it names
		addr     func(*testing.T) string
		patterns bool // a source may read several topics
	}{
		{name: "memory", file: "buses/memory.hcl", patterns: true},
		{name: "nats embedded", file: "bus.hcl", patterns: true},
		{name: "nats", file: "buses/nats.hcl", at: "127.0.0.1:4222", addr: server("ONSTREAM_TEST_NATS"), patterns: true},
		{name: "kfake", file: "buses/kafka.hcl", at: "127.0.0.1:9092", addr: fakeKafka, patterns: true},
		{name: "kafka", file: "buses/kafka.hcl", at: "127.0.0.1:9092", addr: server("ONSTREAM_TEST_KAFKA"), patterns: true},
		{name: "mqtt embedded", file: "buses/mqtt-embedded.hcl", at: "127.0.0.1:1883", addr: func(*testing.T) string { return "127.0.0.1:0" }, patterns: true},
		{name: "mqtt", file: "buses/mqtt.hcl", at: "127.0.0.1:1883", addr: server("ONSTREAM_TEST_MQTT"), patterns: true},
		{name: "amqp", file: "buses/amqp.hcl", at: "127.0.0.1:5672", addr: server("ONSTREAM_TEST_AMQP"), patterns: true},
		{name: "redis", file: "buses/redis.hcl", at: "127.0.0.1:6379", addr: server("ONSTREAM_TEST_REDIS")},
	} {
		for _, how := range []struct {
			name string
			main func(*testing.T, string) string
		}{
			{"topics", func(_ *testing.T, main string) string { return main }},
			{"patterns", withPattern},
		} {
			if how.name == "patterns" && !bus.patterns {
				continue
			}
			t.Run(bus.name+" "+how.name, func(t *testing.T) {
				t.Parallel()
				dir := workspace(t)
				example := filepath.Join(dir, "examples", "bus-swap")
				block := read(t, filepath.Join(example, bus.file))
				if bus.addr != nil {
					block = replaced(t, block, bus.at, bus.addr(t))
				}
				// Kafka finds topics that are new when it looks for them.
				block = strings.ReplaceAll(block, "  bootstrap_servers", "  metadata_max_age  = \"100ms\"\n  bootstrap_servers")
				write(t, filepath.Join(example, "bus.hcl"), block)
				main := filepath.Join(example, "main.hcl")
				write(t, main, how.main(t, read(t, main)))
				swapped(t, dir, process)
			})
		}
	}
}

// withPattern lets one source of the example read the topics of two.
func withPattern(t *testing.T, main string) string {
	t.Helper()
	main = replaced(t, main, "${var.site}.results", "${var.site}.found.results")
	main = replaced(t, main, "${var.site}.${event.n", "${var.site}.found.${event.n")
	before, _, found := strings.Cut(main, "source \"topic\" \"results\"")
	_, after, closed := strings.Cut(main, "sink \"stdout\" \"screen\"")
	if !found || !closed {
		t.Fatal("the example is not what it was")
	}
	main = before + "source \"topic\" \"results\" {\n  via   = connector.bus\n  topic = \"${var.site}.found.*\"\n}\n\nsink \"stdout\" \"screen\"" + after
	return replaced(t, main, "[source.results, source.gaps]", "source.results")
}

// replaced replaces a text that must be there.
func replaced(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %s in\n%s", old, text)
	}
	return strings.ReplaceAll(text, old, with)
}

// server is the address of a real server, where there is one.
func server(variable string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		addr := os.Getenv(variable)
		if addr == "" {
			t.Skipf("%s is not set: scripts/services starts a server and tells its address", variable)
		}
		return addr
	}
}

func fakeKafka(t *testing.T) string {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

// finding is what the pipeline says of a device.
type finding struct {
	Kind   string    `json:"kind"`
	Device string    `json:"device"`
	At     time.Time `json:"at"`
	Value  float64   `json:"value"`
}

// stream is findings that keep their order: of one device, of one stage, in one topic.
type stream struct{ device, kind, topic string }

// launch runs a pipeline. What it is given to end with ends it, and returns how that was.
type launch func(t *testing.T, dir, listen, site string, out, log *os.File) (end func() error)

// process runs the example with the block that is in it as a process of its own.
func process(t *testing.T, dir, listen, site string, out, log *os.File) func() error {
	t.Helper()
	cmd, _, _ := binary(t, dir, "run", "--state", "state", "--var", "listen="+listen, "--var", "site="+site, "examples/bus-swap")
	cmd.Stdout, cmd.Stderr = out, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() error {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		return cmd.Wait()
	}
}

// swapped runs the example in a folder, and compares what comes out.
func swapped(t *testing.T, dir string, run launch) {
	t.Helper()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	// The topics are this test's own, also on a server that has seen others.
	end := run(t, dir, "127.0.0.1:0", fmt.Sprintf("swap%d", time.Now().UnixNano()), out, log)
	defer func() {
		if err := end(); err != nil || t.Failed() {
			t.Errorf("onstream: %v\n%s", err, read(t, log.Name()))
		}
	}()
	var addr string
	wait(t, func() bool {
		m := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)/readings`).FindStringSubmatch(read(t, log.Name()))
		if m != nil {
			addr = m[1]
		}
		return m != nil
	})
	prime(t, addr, out.Name())

	readings, want := plantReadings()
	for part := range slices.Chunk(readings, 100) {
		post(t, addr, part)
	}
	total := 0
	for _, all := range want {
		total += len(all)
	}
	var got map[stream][]finding
	wait(t, func() bool {
		got = map[stream][]finding{}
		n := 0
		for _, f := range findings(t, out.Name()) {
			if f.Device != "probe" {
				s := streamOf(f, want)
				got[s] = append(got[s], f)
				n++
			}
		}
		return n >= total
	})
	for s, all := range want {
		if !slices.Equal(got[s], all) {
			t.Errorf("%v: got\n%v\nwant\n%v", s, got[s], all)
		}
		delete(got, s)
	}
	for s, all := range got {
		t.Errorf("%v is more than there should be: %v", s, all)
	}
}

// prime sends readings until something has come out on all ways: some buses keep nothing for
// readers that are not there yet.
func prime(t *testing.T, addr, out string) {
	t.Helper()
	at := time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)
	wait(t, func() bool {
		post(t, addr, []map[string]any{{"device": "probe", "temp_c": 99, "ts": at}})
		at = at.Add(time.Minute)
		kinds := map[string]bool{}
		for _, f := range findings(t, out) {
			kinds[f.Kind] = true
		}
		return kinds["hot"] && kinds["minute"]
	})
}

// plantReadings are some devices' readings of 25 minutes, and what is to be found of them.
func plantReadings() (readings []map[string]any, want map[stream][]finding) {
	type minute struct {
		sum float64
		n   int
	}
	want = map[stream][]finding{}
	begin := time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)
	open := map[string]minute{}
	for i := range 25 * 6 {
		at := begin.Add(time.Duration(i) * 10 * time.Second)
		for d := range 6 {
			device := fmt.Sprintf("d%d", d)
			if i%6 == 0 && i > 0 { // the minute before is over
				m := open[device]
				s := stream{device, "minute", "results"}
				if m.n < 6 {
					s.topic = "gaps"
				}
				want[s] = append(want[s], finding{"minute", device, at.Add(-time.Minute), math.Round(m.sum/float64(m.n)*100) / 100})
				open[device] = minute{}
			}
			if i%6 != 0 && i%(11+d) == 0 {
				continue // it was not there
			}
			temp := 60 + float64((7*d+13*i)%40)/2
			readings = append(readings, map[string]any{"device": device, "temp_c": temp, "ts": at})
			open[device] = minute{open[device].sum + temp, open[device].n + 1}
			if temp > 75 {
				s := stream{device, "hot", "results"}
				want[s] = append(want[s], finding{"hot", device, at, temp})
			}
		}
	}
	return readings, want
}

// streamOf returns the stream that a finding should be in; one without a topic where nothing
// like it should be there.
func streamOf(f finding, want map[stream][]finding) stream {
	for _, topic := range []string{"results", "gaps"} {
		s := stream{f.Device, f.Kind, topic}
		if slices.ContainsFunc(want[s], func(w finding) bool { return w.At.Equal(f.At) }) {
			return s
		}
	}
	return stream{device: f.Device, kind: f.Kind}
}

// findings reads what came out. Besides, there may be probes that no reader was there for.
func findings(t *testing.T, name string) []finding {
	t.Helper()
	var all []finding
	text := read(t, name)
	for line := range strings.Lines(text[:strings.LastIndexByte(text, '\n')+1]) {
		var f finding
		if err := json.Unmarshal([]byte(line), &f); err != nil || f.Kind == "" {
			if !strings.Contains(line, "probe") {
				t.Fatalf("this came out: %s", line)
			}
			continue
		}
		f.At = f.At.UTC()
		all = append(all, f)
	}
	return all
}

// post sends readings, and waits until they are safe.
func post(t *testing.T, addr string, readings []map[string]any) {
	t.Helper()
	body, err := json.Marshal(readings)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post("http://"+addr+"/readings", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the gateway answers %s", resp.Status)
	}
}
