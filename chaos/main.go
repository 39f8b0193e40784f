// Command chaos shows that what the engine has accepted is never lost, and what
// it has counted is counted once, whatever happens to it.
//
//	go run ./chaos                                   every scenario: minutes
//	go run ./chaos -short                            some of each: what CI runs
//	go run ./chaos -fault kill9,reload -seed 7       these, with this seed
//	go run ./chaos -fault kill9 -cycles 1000         many kills
//	go run ./chaos -fault 'nats-*'                   all over one bus
//	go run ./chaos -fault kafka-stall -stall 10m -rate 200
//	go run ./chaos -selftest                         shows that the harness finds what is broken (-fault: of these scenarios)
//
// A run of a scenario builds the real binary with its fault points, and starts
// it with a pipeline of chaos/pipelines, a state directory, and a sender. The
// sender notes each record in a ledger on the disk before it sends it; what the
// engine has then accepted (the disk has it; the request was answered with 2xx)
// it owes. While records are sent, the engine is killed, starved and misled, as
// the seed has it, and started again. Then it may settle, has to pass a fresh
// record of each device, and is asked to end. What the ledger makes of the
// records, computed once more with nothing of the project, is compared with
// what came out, and a line is printed:
//
//	RESULT fault= seed= cycles= sent= accepted= unique_out= lost= dup= ooo= state_diff= recovery_ms= rss_mib= verdict=
//
// Over a bus, the line also names the server that it was, and what of the gates that server does
// not promise, should that have shown: server= declared=. The servers run in processes of their own, and are
// killed, restarted, frozen and cut off as the engine is. Kafka (a fake that speaks its protocol) and NATS are built in,
// Mosquitto and Redis are used where they are installed, Apache Kafka where ONSTREAM_TEST_KAFKA_JARS has the folder of its jars
// (.services/kafka/jars, after scripts/services install kafka). Where ONSTREAM_TEST_KAFKA and ONSTREAM_TEST_AMQP have the addresses of
// an Apache Kafka and a RabbitMQ, these are used, and left alone. mongo-java-server, of the scenarios mongo-*, is used where ONSTREAM_TEST_MONGO_JARS has the
// folder of its jars. The memory bus ends with its
// process, so there is nothing that it could owe.
//
// A run fails, and so does the command, unless lost, ooo and state_diff are 0,
// no more came out twice than can have been under way at the kills (0 where the
// sink is idempotent, or writes in transactions), and output was back within 10 s each time,
// to which the time is added after which a group takes a silent process for dead. The same seed
// sends the same records and kills at the same moments; what the engine was
// doing then is never quite the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/onstream/onstream/chaos/bus"
)

func main() {
	if served, err := bus.Serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	} else if served {
		return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command line's.
type options struct {
	fault    string
	seed     uint64
	cycles   int
	rate     int
	patience time.Duration
	short    bool
	selftest bool
	list     bool
	keep     bool
	stall    time.Duration
	binary   string
	dir      string
}

func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "chaos kills, starves and misleads the engine, and compares what it gives with what it owes.\n\nusage: go run ./chaos [flags]\n\n")
		flags.PrintDefaults()
	}
	flags.StringVar(&o.fault, "fault", "", "scenarios, separated by commas; nats-* is all that begin so (default: all; see -list)")
	flags.Uint64Var(&o.seed, "seed", 1, "what all that is random comes from")
	flags.IntVar(&o.cycles, "cycles", 0, "how often each fault comes (default: as the scenario has it)")
	flags.IntVar(&o.rate, "rate", 2000, "records a second that are sent")
	flags.DurationVar(&o.patience, "patience", 10*time.Second, "how long the output may stand still before what is missing is lost")
	flags.DurationVar(&o.stall, "stall", 3*time.Second, "how long a server that sinks write to stands still when the engine has all that it may hold (try 10m, with -rate 200)")
	flags.BoolVar(&o.short, "short", false, "a few cycles of the scenarios that matter most: about a minute")
	flags.BoolVar(&o.selftest, "selftest", false, "run engines that are broken on purpose, each of which must fail")
	flags.BoolVar(&o.list, "list", false, "list the scenarios")
	flags.BoolVar(&o.keep, "keep", false, "keep the folder of a run that failed, and say where it is")
	flags.StringVar(&o.binary, "binary", "", "the engine; it needs the build tag chaos for fault points (default: it is built)")
	flags.StringVar(&o.dir, "dir", "", "directory for a temporary directory with the data (default: the system's)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 || o.cycles < 0 || o.rate < 1 || o.patience <= 0 || o.stall <= 0 {
		fmt.Fprintln(stderr, "chaos: takes no arguments; -rate, -patience and -stall are positive, -cycles is not negative")
		return 2
	}
	chosen, err := choose(o)
	if err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
		return 2
	}
	if o.list {
		list(stdout)
		return 0
	}
	// Not SIGPIPE: asked for, it also comes for the connections of an engine that
	// was killed.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := harness(ctx, o, chosen, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
		return 1
	}
	return 0
}

// choose returns the scenarios that are asked for.
func choose(o options) ([]scenario, error) {
	all := scenarios()
	var chosen []scenario
	if o.fault == "" {
		for _, s := range all {
			if !o.short || s.short > 0 {
				chosen = append(chosen, s)
			}
		}
		return chosen, nil
	}
	for name := range strings.SplitSeq(o.fault, ",") {
		found := false
		for _, s := range all {
			if like, err := path.Match(strings.TrimSpace(name), s.fault); err == nil && like {
				chosen, found = append(chosen, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no scenario %q; -list names them", name)
		}
	}
	return chosen, nil
}

func list(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range scenarios() {
		fmt.Fprintf(t, "%s\t%d cycles\t%s\n", s.fault, s.cycles, s.doc)
	}
	_ = t.Flush()
}

// harness runs the scenarios, one after the other, in a temporary directory.
func harness(ctx context.Context, o options, chosen []scenario, stdout, stderr io.Writer) (err error) {
	dir, err := os.MkdirTemp(o.dir, "onstream-chaos-")
	if err != nil {
		return fmt.Errorf("make a directory for the data: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("find the directory of the data: %w", err)
	}
	h := &session{options: o, dir: dir, limit: recoveryLimit, stdout: stdout, stderr: stderr}
	defer func() {
		if h.kept == "" {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if h.binary == "" {
		h.progress("building the engine")
		if h.binary, err = build(ctx, dir); err != nil {
			return err
		}
	}
	if o.selftest {
		return h.selftest(ctx, chosen)
	}
	return h.scenarios(ctx, chosen)
}
