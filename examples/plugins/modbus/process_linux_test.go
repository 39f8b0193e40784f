package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/onstream/onstream/examples/plugins/modbus/simulator"
)

// TestPluginIsKilled has the process of the plugin killed: records go on with another one, of which nothing is left when onstream ends.
func TestPluginIsKilled(t *testing.T) {
	t.Parallel()
	press, err := simulator.New("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := press.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := press.Stop(); err != nil {
			t.Error(err)
		}
	}()
	press.SetInput(100, 555)
	cmd := onstream(t, "run", "--var", "address="+press.Address(), pipeline(t, "500ms", "20ms"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk strings.Builder
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	next := func() {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("there is no record: ", cmd.Wait(), talk.String())
		}
	}
	next()
	first := childrenOf(t, cmd.Process.Pid)
	if len(first) != 1 {
		t.Fatalf("the plugin has the processes %v, and should have one", first)
	}
	if err := syscall.Kill(first[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var second []int
	for deadline := time.Now().Add(time.Minute); len(second) == 0 || second[0] == first[0]; second = childrenOf(t, cmd.Process.Pid) {
		if next(); time.Now().After(deadline) {
			t.Fatal("the plugin is not started again")
		}
	}
	press.SetInput(100, 777)
	for next(); !strings.Contains(lines.Text(), `"oil_c":77.7`); next() { // the test ends before this does for ever
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what was on its way
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, talk.String())
	}
	if err := syscall.Kill(second[0], 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the plugin lives on: %v", err)
	}
}

// childrenOf returns the processes that a process has started.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, f := range files {
		text, _ := os.ReadFile(f) // a thread may have ended
		for _, w := range strings.Fields(string(text)) {
			n, err := strconv.Atoi(w)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, n)
		}
	}
	return all
}
