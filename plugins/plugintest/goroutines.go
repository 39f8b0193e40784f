package plugintest

import (
	"bytes"
	"context"
	"crypto/rand"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// labelName is the label of all goroutines that a plugin under test starts.
const labelName = "plugintest"

// brand is a label that one check gives to its plugin's goroutines: they
// inherit it from those that call the plugin.
type brand struct{ value string }

func newBrand() brand { return brand{rand.Text()} }

// do calls f under the brand.
func (b brand) do(ctx context.Context, f func(context.Context)) {
	pprof.Do(ctx, pprof.Labels(labelName, b.value), f)
}

// gone waits until no goroutine with the brand is left.
func (b brand) gone(t testing.TB, after string) {
	t.Helper()
	for end := time.Now().Add(patience(t)); ; time.Sleep(2 * time.Millisecond) {
		left := b.left()
		if left == "" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("goroutines are left after %s:\n%s", after, left)
			return
		}
	}
}

// left describes the goroutines with the brand, "" for none.
func (b brand) left() string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	var ours []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, b.value) {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}
