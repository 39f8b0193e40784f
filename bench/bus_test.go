package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
)

// The engine and the programs by hand agree on what is to be written to topics.
func TestBusReport(t *testing.T) {
	if _, _, err := usage(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("starts brokers")
	}
	o := smallOptions(t)
	o.run = "P5-kafka,P5-jetstream,P5-memory"
	var stdout, stderr bytes.Buffer
	if err := measure(t.Context(), o, newEngine(), &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, line := range []string{
		`(?m)^P5-kafka .*ns of CPU per record`,
		`(?m)^broker: .*, which is not measured`,
		`(?m)^one partition, sink that answers each 10ms: \d+ records/s`,
		`(?m)^server: in the process`,
		`(?m)^P5-kafka engine +1600 `,
		`(?m)^P5-kafka engine +1.5 .* times by hand `,
		`(?m)^P5-kafka engine, late answers +10 `,
		`(?m)^P5-jetstream engine +8000 `,
		`(?m)^P5-jetstream engine +1.5 .* times by hand `,
		`(?m)^P5-memory engine +667 `,
	} {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("the report lacks %s", line)
		}
	}
	t.Logf("%s", stdout.String())
}

// An engine that is fast because it leaves out the work is found out.
func TestWrongTopic(t *testing.T) {
	if _, _, err := usage(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("starts brokers")
	}
	idle := func(context.Context, string, io.Reader, io.Writer, engineOptions) error { return nil }
	for _, workload := range []string{"P5-kafka", "P5-jetstream"} {
		t.Run(workload, func(t *testing.T) {
			o := smallOptions(t)
			o.run = workload
			err := measure(t.Context(), o, idle, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), workload+`, engine: wrong output: line 1 is "", want "{`) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNoBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil { // nobody listens there now
		t.Fatal(err)
	}
	t.Setenv(kafkaServer, addr)
	o := smallOptions(t)
	o.run = "P5-kafka"
	err = measure(t.Context(), o, nil, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "reach the broker at "+addr) || !strings.Contains(err.Error(), "unset "+kafkaServer) {
		t.Errorf("got %v", err)
	}
}
