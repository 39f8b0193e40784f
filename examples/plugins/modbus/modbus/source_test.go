package modbus_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	driver "github.com/simonvetter/modbus"

	"github.com/onstream/onstream/plugins"
)

func TestValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		words []uint16
		given attrs
		want  string // or why it is null
	}{
		"uint16":            {[]uint16{65535}, attrs{}, "65535"},
		"int16":             {[]uint16{65535}, attrs{"type": "int16"}, "-1"},
		"little endian":     {[]uint16{0x0100}, attrs{"byte_order": "little"}, "1"},
		"uint32":            {[]uint16{0xffff, 0xfffe}, attrs{"type": "uint32"}, "4294967294"},
		"int32":             {[]uint16{0xffff, 0xfffe}, attrs{"type": "int32"}, "-2"},
		"int32, low first":  {[]uint16{2, 1}, attrs{"type": "int32", "word_order": "low_first"}, "65538"},
		"int64":             {[]uint16{0xffff, 0xffff, 0xffff, 0xfff0}, attrs{"type": "int64"}, "-16"},
		"uint64":            {[]uint16{0, 0, 0, 7}, attrs{"type": "uint64"}, "7"},
		"uint64, too large": {[]uint16{0xffff, 0xffff, 0xffff, 0xffff}, attrs{"type": "uint64"}, "18446744073709551615 is more than an int holds: give the register a scale, which makes it a float"},
		"uint64, scaled":    {[]uint16{0x8000, 0, 0, 0}, attrs{"type": "uint64", "scale": 0.5}, "4.611686018427388e+18"},
		"float32":           {float32Words(1.5), attrs{"type": "float32"}, "1.5"},
		"float32, no value": {float32Words(float32(math.NaN())), attrs{"type": "float32"}, "the value is no finite number"},
		"float64":           {[]uint16{0x4009, 0x21fb, 0x5444, 0x2d18}, attrs{"type": "float64"}, "3.141592653589793"},
		"scale and offset":  {[]uint16{0xff9c}, attrs{"type": "int16", "scale": 0.5, "offset": 3.0}, "-47"},
		"tenths":            {[]uint16{519}, attrs{"scale": 0.1}, "51.9"},
		"large steps":       {[]uint16{7}, attrs{"scale": 1000.0}, "7000"},
		"a bit":             {[]uint16{0b100}, attrs{"bit": int64(2)}, "true"},
		"another bit":       {[]uint16{0b100}, attrs{"bit": int64(1)}, "false"},
		"any bit":           {[]uint16{0b100}, attrs{"type": "bool"}, "true"},
		"text":              {[]uint16{0x4142, 0x4300, 0x4444}, attrs{"type": "string", "length": int64(3)}, `"ABC"`},
		"no text":           {[]uint16{0xffff}, attrs{"type": "string", "length": int64(1)}, "the text is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.device.SetHolding(40, c.words...)
			r.on(t)
			c.given["address"] = int64(40)
			r.start(t, nil, register("a", c.given))
			got := r.out.until(t, "a value", whatever)
			if v, ok := got["a"]; ok && v.String() != c.want {
				t.Errorf("the value is %v, want %s", v, c.want)
			} else if !ok && got["errors"].Text != fmt.Sprintf(`{"a":%q}`, c.want) {
				t.Errorf("the errors are %s, want %s", got["errors"].Text, c.want)
			}
		})
	}
}

func float32Words(f float32) []uint16 {
	bits := math.Float32bits(f)
	return []uint16{uint16(bits >> 16), uint16(bits)}
}

func TestTables(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.device.SetHolding(1, 10)
	r.device.SetInput(1, 20)
	r.device.SetCoil(1, true)
	r.device.SetDiscrete(2, true)
	r.on(t)
	stop := r.start(t, attrs{"unit": int64(7), "device": "press"},
		register("a", attrs{"address": int64(1), "unit": "bar"}), register("b", attrs{"address": int64(1), "kind": "input"}),
		register("c", attrs{"address": int64(1), "kind": "coil"}), register("d", attrs{"address": int64(1), "kind": "discrete"}))
	got := r.out.until(t, "a value", whatever)
	for name, want := range map[string]string{"a": "10", "b": "20", "c": "true", "d": "false", "quality": `"good"`, "device": `"press"`, "units": `{"a":"bar"}`} {
		if got[name].String() != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	if _, failed := got["errors"]; failed {
		t.Errorf("there are errors: %v", got["errors"])
	}
	stop()
	if part := r.out.parts[0].String(); part != r.device.Address()+"/7" {
		t.Errorf("the partition is %s", part)
	}
}

func TestRegistersAreReadTogether(t *testing.T) {
	t.Parallel()
	row := func(kind string, n int, step int64) []plugins.ConfigBlock {
		var blocks []plugins.ConfigBlock
		for i := range int64(n) {
			blocks = append(blocks, register(fmt.Sprint(kind, i), attrs{"kind": kind, "address": i * step}))
		}
		return blocks
	}
	for name, c := range map[string]struct {
		gap       int64
		registers []plugins.ConfigBlock
		want      int
	}{
		"adjacent":           {0, row("holding", 125, 1), 1},
		"more than fits":     {0, row("holding", 126, 1), 2},
		"coils":              {0, row("coil", 2000, 1), 1},
		"more coils":         {0, row("coil", 2001, 1), 2},
		"apart":              {0, row("input", 5, 2), 5},
		"apart, with a gap":  {1, row("input", 5, 2), 1},
		"of two tables":      {0, append(row("input", 5, 1), row("holding", 5, 1)...), 2},
		"of the same place":  {0, []plugins.ConfigBlock{register("x", attrs{"address": int64(1)}), register("y", attrs{"address": int64(1), "type": "int16"})}, 1},
		"one in the next":    {0, []plugins.ConfigBlock{register("x", attrs{"address": int64(1), "type": "float64"}), register("y", attrs{"address": int64(3)})}, 1},
		"the last there are": {0, []plugins.ConfigBlock{register("x", attrs{"address": int64(65532), "type": "float64"})}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.on(t)
			stop := r.start(t, attrs{"interval": time.Hour, "max_gap": c.gap}, c.registers...)
			if got := r.out.until(t, "a value", whatever); got["quality"].Text != "good" {
				t.Errorf("the record is %v", got)
			}
			stop()
			if n := r.device.Requests(); n != c.want {
				t.Errorf("%d requests, want %d", n, c.want)
			}
		})
	}
}

func TestOneRegisterFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.device.SetHolding(1, 10, 20, 30)
	r.device.Fail(2, driver.ErrIllegalDataAddress)
	r.on(t)
	r.start(t, nil, register("a", attrs{"address": int64(1)}), register("b", attrs{"address": int64(2)}), register("c", attrs{"address": int64(3)}))
	for range 3 {
		got := r.out.until(t, "anything", whatever)
		if got["quality"].Text != "partial" || got["errors"].Text != `{"b":"illegal data address (exception 2)"}` {
			t.Errorf("the record is %v", got)
		}
		if _, has := got["b"]; has || got["a"].Int != 10 || got["c"].Int != 30 {
			t.Errorf("the record is %v", got)
		}
	}
	r.device.Fail(2, nil)
	if got := r.out.until(t, "all values", func(r row) bool { return r["quality"].Text == "good" }); got["b"].Int != 20 {
		t.Errorf("the record is %v", got)
	}
	for _, text := range []string{"a register cannot be read", "a register is read again"} {
		if n := r.journal.count(text); n != 1 {
			t.Errorf("%q was logged %d times", text, n)
		}
	}
	if n := r.metric("device_exceptions"); n < 3 {
		t.Errorf("%v exceptions were counted", n)
	}
	if r.metric("device_outages") != 0 || r.metric("device_connected") != 1 {
		t.Error("an exception counts as an outage")
	}
}

// TestGapThatIsRefused has a device without an address that is read for nothing: what was asked for is had all the same.
func TestGapThatIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.device.SetHolding(1, 10, 0, 30)
	r.device.Fail(2, driver.ErrIllegalDataAddress)
	r.on(t)
	r.start(t, attrs{"max_gap": int64(5)}, register("a", attrs{"address": int64(1)}), register("c", attrs{"address": int64(3)}))
	for range 3 {
		if got := r.out.until(t, "anything", whatever); got["quality"].Text != "good" || got["a"].Int != 10 || got["c"].Int != 30 {
			t.Errorf("the record is %v", got)
		}
	}
}

func TestExceptionsHaveNames(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		driver.ErrIllegalFunction:         "illegal function (exception 1)",
		driver.ErrServerDeviceFailure:     "server device failure (exception 4)",
		driver.ErrServerDeviceBusy:        "server device busy (exception 6)",
		driver.ErrGWTargetFailedToRespond: "gateway target device failed to respond (exception 11)",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.device.Fail(1, err)
			r.on(t)
			r.start(t, nil, register("a", attrs{"address": int64(1)}))
			got := r.out.until(t, "anything", whatever)
			if got["quality"].Text != "bad" || got["errors"].Text != fmt.Sprintf(`{"a":%q}`, want) {
				t.Errorf("the record is %v", got)
			}
		})
	}
}

func TestDeviceIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, nil, register("a", attrs{"address": int64(1)}))
	r.journal.until(t, "the device cannot be reached: it is tried again until it can", 1)
	if err := r.device.Start(); err != nil {
		t.Fatal(err)
	}
	r.out.until(t, "anything", whatever)
	if err := r.device.Stop(); err != nil { // cuts the connection
		t.Fatal(err)
	}
	r.journal.until(t, "cannot be reached", 2)
	r.device.SetHolding(1, 99)
	r.on(t)
	r.out.until(t, "the new value", func(r row) bool { return r["a"].Int == 99 })
	if n := r.journal.count("cannot be reached"); n != 2 {
		t.Errorf("two outages were logged %d times", n)
	}
	if n := r.journal.count("the device is reached"); n != 2 {
		t.Errorf("that the device is back was logged %d times", n)
	}
	if n := r.metric("device_outages"); n != 2 {
		t.Errorf("%v outages were counted", n)
	}
}

// TestDeviceDoesNotAnswer waits for the timeout, and for the next attempt, which has an answer.
func TestDeviceDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hang := make(chan struct{})
	r.device.Before(func() { <-hang })
	r.on(t)
	r.start(t, attrs{"timeout": 20 * time.Millisecond}, register("a", attrs{"address": int64(1)}))
	r.journal.until(t, "request timed out", 1)
	close(hang)
	r.out.until(t, "anything", whatever)
}

func TestStopWhileTheDeviceDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hang, asked := make(chan struct{}), make(chan struct{}, 1)
	r.device.Before(func() {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-hang
	})
	r.on(t)
	stop := r.start(t, attrs{"timeout": 50 * time.Millisecond}, register("a", attrs{"address": int64(1)}))
	<-asked
	stop()
	close(hang)
}

func TestStopBetweenPolls(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.on(t)
	stop := r.start(t, attrs{"interval": 24 * time.Hour}, register("a", attrs{"address": int64(1)}))
	r.out.until(t, "anything", whatever)
	stop()
}

// TestStrangers has peers that are no Modbus devices: they are outages, and nothing they send becomes a value.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, greeting := range map[string]string{
		"another protocol":      "220 mail.example.com ESMTP ready\r\n",
		"too long an answer":    "\x00\x01\x00\x00\xff\xff\x01\x03",
		"too short an answer":   "\x00\x01\x00\x00\x00\x04\x01\x03\x01\x00",
		"another unit":          "\x00\x01\x00\x00\x00\x05\x09\x03\x02\x00\x01",
		"another function":      "\x00\x01\x00\x00\x00\x05\x01\x04\x02\x00\x01",
		"an end in the middle":  "\x00\x01\x00\x00\x00\x05\x01",
		"an end at once":        "",
		"a length that is none": "\x00\x01\x00\x00\x00\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = io.ReadFull(conn, make([]byte, 12)) // a request
					_, _ = io.WriteString(conn, greeting)
					conn.Close()
				}
			}()
			r := newRig(t)
			stop := r.start(t, attrs{"address": l.Addr().String()}, register("a", attrs{"address": int64(1)}))
			r.journal.until(t, "the device cannot be reached", 1)
			stop()
			l.Close()
			<-served
			if len(r.out.rows) > 0 {
				t.Errorf("it became %v", r.out.rows)
			}
		})
	}
}

func TestUnknownException(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.ReadFull(conn, make([]byte, 12))
		_, _ = io.WriteString(conn, "\x00\x01\x00\x00\x00\x03\x01\x83\x63")
	}()
	r := newRig(t)
	r.start(t, attrs{"address": l.Addr().String()}, register("a", attrs{"address": int64(1)}))
	got := r.out.until(t, "anything", whatever)
	if want := `{"a":"an exception that the standard does not have (exception 99)"}`; got["errors"].Text != want {
		t.Errorf("the errors are %s, want %s", got["errors"].Text, want)
	}
}

// TestOverruns has a device that takes two and a half intervals for an answer, by a clock of its own.
func TestOverruns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	clock := make(chan time.Time, 1)
	begin := time.Unix(1_000_000, 0)
	clock <- begin
	move := func(d time.Duration) {
		now := <-clock
		clock <- now.Add(d)
	}
	r.env.Now = func() time.Time {
		now := <-clock
		clock <- now
		return now
	}
	r.env.Sleep = func(ctx context.Context, d time.Duration) error {
		if ctx.Err() == nil {
			move(d)
		}
		return ctx.Err()
	}
	polls := 0
	r.device.Before(func() {
		if polls++; polls <= 2 {
			move(2500 * time.Millisecond)
		}
	})
	r.on(t)
	stop := r.start(t, attrs{"interval": time.Second}, register("a", attrs{"address": int64(1)}))
	for range 5 {
		r.out.until(t, "anything", whatever)
	}
	stop()
	var at []string
	for _, got := range r.out.rows[:5] {
		at = append(at, time.Duration(got["ts"].Int-begin.UnixNano()).String())
	}
	if got, want := strings.Join(at, " "), "0s 2.5s 5s 6s 7s"; got != want {
		t.Errorf("polls began at %s, want %s", got, want)
	}
	if n := r.metric("device_overruns"); n != 3 {
		t.Errorf("%v polls count as left out, and 3 were", n)
	}
	if n := r.journal.count("polls are left out"); n != 1 {
		t.Errorf("that was logged %d times", n)
	}
}
