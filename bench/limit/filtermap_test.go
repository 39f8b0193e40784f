package limit_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/onstream/onstream/bench/limit"
	"github.com/onstream/onstream/bench/telemetry"
)

// variants must all give what the oracle gives.
var variants = map[string]limit.FilterMap{
	"scan":       {},
	"guess":      {Guess: true},
	"scan time":  {Time: true},
	"guess time": {Guess: true, Time: true},
}

func TestFilterMapEqualsEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	inputs := map[string]string{
		"telemetry": generated(t, 20_000),
		"hot":       hot(t, 2_000),
		"rewritten": rewritten(rng, generated(t, 20_000), 100),
		"odd":       rewritten(rng, generated(t, 20_000), 2),
		"by hand":   strings.Join(byHand, "\n"),
		"mixed":     rewritten(rng, strings.Repeat(strings.Join(byHand, "\n")+"\n"+generated(t, 50), 50), 10),
		"empty":     "",
		"one line":  `{"temperature":80}`,
		"no object": "\n\n[1]\n{\n\"\nnull\n{\"temperature\":76,\"site\":\"a\n{\"temperature\"\n{\"a\":\"\\\n}\n",
		"long":      `{"temperature":80,"site":"` + strings.Repeat("x", 1<<20) + `"}` + "\n" + `{"temperature":90}`,
		"long keys": strings.Repeat(`{"temperature":80,"a key of more than sixteen bytes":[1],"another such key of the kind":"a"}`+"\n", 3),
	}
	for name, input := range inputs {
		for variant, f := range variants {
			t.Run(name+"/"+variant, func(t *testing.T) {
				want, tally := oracle(t, input, f.Time)
				compare(t, f, strings.NewReader(input), want, tally)
				if len(input) < 1<<16 {
					compare(t, f, iotest.OneByteReader(strings.NewReader(input)), want, tally)
				}
			})
		}
	}
}

func compare(t *testing.T, f limit.FilterMap, input io.Reader, want []string, tally limit.Tally) {
	t.Helper()
	var out bytes.Buffer
	got, err := f.Run(&out, input)
	if err != nil {
		t.Fatal(err)
	}
	if got != tally {
		t.Errorf("counted %+v, want %+v", got, tally)
	}
	lines := strings.SplitAfter(out.String(), "\n")
	lines = lines[:len(lines)-1]
	for i := range max(len(lines), len(want)) {
		if i >= len(lines) || i >= len(want) || canonical(t, lines[i]) != want[i] {
			t.Fatalf("line %d of %d differs, want %d lines:\n%q\n%q", i, len(lines), len(want), lines[min(i, len(lines)):], want[min(i, len(want)):])
		}
	}
}

func TestFilterMapSpelling(t *testing.T) {
	in := `{"device_id":"d\u00e9","ts":1,"temperature":75.5,"site":"p"}`
	want := `{"device_id":"d\u00e9","f":167.9,"site":"p"}` + "\n"
	var out bytes.Buffer
	if _, err := (limit.FilterMap{Guess: true}).Run(&out, strings.NewReader(in)); err != nil || out.String() != want {
		t.Errorf("got %s and %v, want %s", out.String(), err, want)
	}
}

func FuzzFilterMap(f *testing.F) {
	for _, line := range byHand {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		input := line + "\n" + line + "\n" + fmt.Sprintf(`{"temperature":80,"site":%q}`, "a")
		var scanned, guessed bytes.Buffer
		one, err := limit.FilterMap{}.Run(&scanned, strings.NewReader(input))
		if err != nil {
			t.Fatal(err)
		}
		two, err := limit.FilterMap{Guess: true}.Run(&guessed, strings.NewReader(input))
		if err != nil {
			t.Fatal(err)
		}
		if one != two || scanned.String() != guessed.String() {
			t.Errorf("scan: %+v %s\nguess: %+v %s", one, scanned.String(), two, guessed.String())
		}
	})
}

func generated(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := telemetry.New(telemetry.Config{Seed: 3}).Write(&b, n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func hot(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := telemetry.New(telemetry.Config{Hot: true}).Write(&b, n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
