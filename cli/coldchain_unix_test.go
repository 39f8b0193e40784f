//go:build unix

package cli

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// The cold chain from end to end: devices publish, and who listens gets the alert that a behaviour in Go has given. The pipeline is
// killed while a room is too warm: what the behaviour knows of it is there again.
func TestColdChain(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	results := filepath.Join(dir, "examples", "cold-chain", "results")
	run := []string{"run", "--state", "state", "--var", "listen=127.0.0.1:0", "examples/cold-chain"}
	readings := bufio.NewScanner(strings.NewReader(read(t, filepath.Join(dir, "examples", "cold-chain", "devices", "sample.ndjson"))))

	// A message is acknowledged when the pipeline has it safe, with what became of it.
	publish := func(device paho.Client, n int) {
		for ; n > 0 && readings.Scan(); n-- {
			if sent := device.Publish("plant/oslo/gateway/temp", 1, false, readings.Text()); !sent.WaitTimeout(patience) || sent.Error() != nil {
				t.Fatalf("publish: %v", sent.Error())
			}
		}
	}
	first, log := start(t, dir, run...)
	t.Cleanup(func() { end(first, os.Kill) })
	publish(client(t, listening(t, log)), 6)
	end(first, os.Kill)

	second, log := start(t, dir, run...)
	t.Cleanup(func() { end(second, os.Kill) })
	device := client(t, listening(t, log))
	alerts := make(chan string, 10)
	subscribed := device.Subscribe("plant/alerts", 1, func(_ paho.Client, m paho.Message) { alerts <- string(m.Payload()) })
	if !subscribed.WaitTimeout(patience) || subscribed.Error() != nil {
		t.Fatalf("subscribe: %v", subscribed.Error())
	}
	publish(device, 100)
	select {
	case got := <-alerts:
		if want := `{"device":"r1","site":"oslo","temp_c":9.6,"warm_for":"2m10s","at":"2026-01-05T06:03:10Z"}`; got != want {
			t.Errorf("the alert is %s, not %s", got, want)
		}
	case <-time.After(patience):
		t.Fatal("there is no alert")
	}
	end(second, os.Interrupt)
	if dead := read(t, filepath.Join(results, "errors.ndjson")); strings.Count(dead, "\n") != 1 || !strings.Contains(dead, "defrosting") {
		t.Errorf("dead letters are %s", dead)
	}
	if minutes := read(t, filepath.Join(results, "minutes.csv")); !strings.Contains(minutes, "r1,2026-01-05T06:03:00Z,9,9,1") {
		t.Errorf("the minutes are %s", minutes)
	}
	if len(alerts) > 0 {
		t.Errorf("there is another alert: %s", <-alerts)
	}
}

// end ends a process, unless it has ended.
func end(cmd *exec.Cmd, with os.Signal) {
	if cmd.ProcessState == nil {
		_, _ = cmd.Process.Signal(with), cmd.Wait()
	}
}

// client returns a device that is connected to a broker.
func client(t *testing.T, addr string) paho.Client {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + strings.TrimPrefix(addr, "mqtt://")).SetAutoReconnect(false))
	if connected := c.Connect(); !connected.WaitTimeout(patience) || connected.Error() != nil {
		t.Fatalf("connect: %v", connected.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}
