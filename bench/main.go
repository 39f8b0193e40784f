// Command bench measures the engine against programs written by hand for the
// same work, in one process and alternately, so that the ratio holds on a
// noisy machine.
//
//	go run ./bench                      everything
//	go run ./bench -run P2 -rounds 11   one workload, more rounds
//	go run ./bench -run P2 -cpuprofile cpu.out
//	go tool pprof -tagfocus=program=engine cpu.out
//
// P1 passes lines through, P2 filters and maps them, P2-plugin does that in a plugin's process, P3 is an average of each
// device in windows of ten seconds, without and with a checkpoint on disk each
// second; these are file to file. P4 is P2 by WebAssembly modules of several
// languages, against the engine's own stages. P5 is P2 between two topics: P5-kafka over the
// server of ONSTREAM_TEST_KAFKA or, without one, kfake in a process of its own,
// neither of which is measured; P5-jetstream over a NATS server in the process,
// which is; P5-memory is P1 with a topic of the memory bus on its way. mongo puts records into a
// collection of the server of MONGODB_URI or ONSTREAM_TEST_MONGO, which is not measured, against a program with the
// driver's bulk writes; without a server it says so. L is P2 at a steady 10,000 records/s from
// standard input to standard output; faults is L beside pipelines whose WebAssembly modules do harm. The others run the real binary: start is
// its start-up, idle memory and size, restart how fast a pipeline with state
// goes on, and keys what a million open windows cost, in memory and to recover.
//
// CPU is user and system time of the whole process, and of a plugin's, read after a garbage
// collection that each run pays for itself. "again" is the fastest program by
// hand measured a second time as if it were another one: how far its ratio is
// from 1 is what the machine's noise does to every other ratio.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == serveBroker {
		if err := runBroker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench: broker:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command line's.
type options struct {
	records    int
	rounds     int
	starts     int
	keys       int
	run        string
	dir        string
	binary     string
	guests     string
	latency    time.Duration
	cpuprofile string
}

func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.records, "records", 2_000_000, "records in the input of P1, P2, P2-plugin, P4 and P5-memory; P3 reads eight times as many, P5-kafka a quarter, P5-jetstream a tenth, mongo a fiftieth")
	flags.IntVar(&o.rounds, "rounds", 5, "rounds in which each program of P1 to P5 runs once")
	flags.IntVar(&o.starts, "starts", 10, "how often start and restart run the binary for each median")
	flags.IntVar(&o.keys, "keys", 1_000_000, "keys of keys")
	flags.StringVar(&o.guests, "guests", filepath.Join("bench", "guests"), "the folder with the behaviours of P4")
	flags.StringVar(&o.run, "run", "P1,P2,P2-plugin,P3,P4,P5-kafka,P5-jetstream,P5-memory,mongo,L,faults,start,restart,keys", "workloads, separated by commas")
	flags.StringVar(&o.dir, "dir", "", "directory for a temporary directory with the data (default: the system's)")
	flags.StringVar(&o.binary, "binary", "bin/onstream", "the binary that start, restart and keys run")
	flags.DurationVar(&o.latency, "latency", 5*time.Second, "how long L measures, after a second of warming up")
	flags.StringVar(&o.cpuprofile, "cpuprofile", "", "file for a CPU profile, labelled by program")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 || o.records < 1 || o.rounds < 1 || o.starts < 1 || o.keys < hotShare || o.latency <= 0 {
		fmt.Fprintln(stderr, "bench: takes no arguments; -records, -rounds, -starts and -latency are positive, -keys is 10 at least")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, o, newEngine(), stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// measure runs the workloads in a temporary directory and prints the report.
func measure(ctx context.Context, o options, run engine, stdout, stderr io.Writer) (err error) {
	workloads, err := parseWorkloads(o.run)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.dir, "onstream-bench-")
	if err != nil {
		return fmt.Errorf("make a directory for the data: %w", err)
	}
	// Pipelines in directories of their own name files in this one.
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("find the directory of the data: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.cpuprofile != "" {
		f, err := os.Create(o.cpuprofile)
		if err != nil {
			return fmt.Errorf("create profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("start profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Fprintf(stdout, "%s %s/%s, %d CPUs; medians of %d rounds\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.rounds)
	b := &bench{options: o, dir: dir, engine: run, stdout: stdout, stderr: stderr}
	if b.engine == nil {
		fmt.Fprintln(stdout, "engine: none is plugged in (bench/engine.go), only the programs by hand run")
	}
	for _, w := range workloads {
		if err := w(b, ctx); err != nil {
			return err
		}
	}
	b.printBudgets()
	return nil
}

// parseWorkloads returns the workloads that are named in list.
func parseWorkloads(list string) ([]func(*bench, context.Context) error, error) {
	known := map[string]func(*bench, context.Context) error{
		"P1":           (*bench).passThrough,
		"P2":           (*bench).filterMap,
		"P2-plugin":    (*bench).byPlugin,
		"P3":           (*bench).windowMean,
		"P4":           (*bench).modules,
		"P5-kafka":     (*bench).overKafka,
		"P5-jetstream": (*bench).overJetStream,
		"P5-memory":    (*bench).overMemory,
		"mongo":        (*bench).toMongo,
		"L":            (*bench).latencies,
		"faults":       (*bench).besideFaults,
		"start":        (*bench).start,
		"restart":      (*bench).restart,
		"keys":         (*bench).manyKeys,
	}
	var chosen []func(*bench, context.Context) error
	for name := range strings.SplitSeq(list, ",") {
		w, ok := known[strings.TrimSpace(name)]
		if !ok {
			return nil, fmt.Errorf("no workload %q; there are P1, P2, P2-plugin, P3, P4, P5-kafka, P5-jetstream, P5-memory, mongo, L, faults, start, restart and keys", name)
		}
		chosen = append(chosen, w)
	}
	return chosen, nil
}
