package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	// kafkaServer names the environment variable with the address of a real
	// Kafka.
	kafkaServer = "ONSTREAM_TEST_KAFKA"
	// serveBroker is the argument with which this program is a broker itself,
	// so that what the broker costs is not measured.
	serveBroker = "serve-broker"
)

// broker is what speaks Kafka's protocol.
type broker struct {
	addr, what string
	stop       func() error
}

// newBroker returns the real Kafka if there is one, or starts a stand-in in a
// process of its own.
func newBroker(ctx context.Context) (*broker, error) {
	if addr := os.Getenv(kafkaServer); addr != "" {
		return &broker{addr: addr, what: "the server of " + kafkaServer, stop: func() error { return nil }}, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, serveBroker)
	cmd.Stderr = os.Stderr
	end, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	stop := func() error {
		_ = end.Close() // it ends by that, or has ended
		return cmd.Wait()
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = stop() // why it ended it has said
		return nil, fmt.Errorf("start a broker: %w", err)
	}
	return &broker{addr: strings.TrimSpace(addr), what: "kfake in a process of its own", stop: stop}, nil
}

// runBroker is a broker until in ends. It tells its address.
func runBroker(in io.Reader, out io.Writer) error {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		return fmt.Errorf("start kfake: %w", err)
	}
	defer cluster.Close()
	if _, err := fmt.Fprintln(out, cluster.ListenAddrs()[0]); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}
