// Command records is a behaviour whose records say what to do with them: words, separated by one blank. It shows all that a
// behaviour that takes records can do, and is what the SDK is tested with.
package main

import (
	"bytes"
	"errors"
	"strconv"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
	"github.com/onstream/onstream/wasm/sdk/go/snapshots"
	"github.com/onstream/onstream/wasm/sdk/go/timers"
)

var (
	_ = onstream.Register(onstream.Behaviour{Open: open, Records: process, Configure: configure})
	_ = timers.Register(ring)
	_ = snapshots.Register(func() []byte { return memory }, func(saved []byte) error {
		memory = append(memory, saved...)
		return nil
	})
)

// parameters are those of the manifest, as they are told.
var parameters = map[string]string{}

var (
	hits   onstream.Metric
	memory []byte // what it remembers
	text   []byte // a value that is being made
)

func open(s onstream.Settings) error {
	hits = onstream.Counter("hits")
	return configure(s)
}

func configure(s onstream.Settings) error {
	flag := "0"
	if s.Bool("flag") {
		flag = "1"
	}
	parameters["milli"] = strconv.FormatInt(int64(s.Float("milli")*1000), 10)
	parameters["label"] = s.Text("label")
	parameters["flag"] = flag
	parameters["wait"] = strconv.FormatInt(s.Micros("wait"), 10)
	parameters["count"] = strconv.FormatInt(s.Int("count"), 10)
	parameters[".pipeline"], parameters[".stage"] = s.Pipeline(), s.Stage()
	return nil
}

// command is a row and what it says.
type command struct {
	in   *onstream.Records
	out  *onstream.Output
	row  int
	rest []byte // the words that nobody has taken yet
}

// word takes a word.
func (c *command) word() string {
	word, rest, _ := bytes.Cut(c.rest, []byte{' '})
	c.rest = rest
	return string(word)
}

// number takes a word that is a number.
func (c *command) number() int64 {
	n, err := strconv.ParseInt(c.word(), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (c *command) space() onstream.Space {
	if c.word() == "b" {
		return 1
	}
	return 0
}

func (c *command) clock() timers.Clock {
	if c.word() == "wall" {
		return timers.Wall
	}
	return timers.Event
}

func (c *command) pass()               { c.out.Pass(c.row) }
func (c *command) say(value []byte)    { c.out.Record(c.row).SetValue(value) }
func (c *command) sayText(text string) { c.say([]byte(text)) }
func (c *command) sayNumber(n int64)   { c.say(strconv.AppendInt(nil, n, 10)) }

func (c *command) sayIf(is bool, yes, no string) {
	if is {
		c.sayText(yes)
	} else {
		c.sayText(no)
	}
}

func process(in *onstream.Records, out *onstream.Output) error {
	for row := range in.Len() {
		c := command{in, out, row, in.Value(row)}
		if err := c.run(c.word()); err != nil {
			return err
		}
	}
	return nil
}

// run does what concerns the record.
func (c *command) run(word string) error {
	switch word {
	case "pass", "stale":
		c.pass()
	case "drop":
	case "fail":
		c.out.Fail(c.row, string(c.rest))
	case "retry":
		c.out.Retry(c.row)
	case "value":
		c.say(c.rest)
	case "key":
		c.out.Record(c.row).SetKey(c.rest)
	case "nokey":
		c.out.Record(c.row).RemoveKey()
	case "time":
		c.out.Record(c.row).SetTime(c.number())
	case "header":
		name := c.word()
		c.out.Record(c.row).AddHeader([]byte(name), c.rest)
	case "side":
		c.out.Record(c.row).SetValue(c.rest).To(1)
	case "twice":
		c.pass()
		c.pass()
	case "new":
		c.out.New().SetValue(c.rest)
	case "emit":
		c.say(c.rest)
		c.out.Flush()
		c.pass()
	case "error":
		return errors.New(string(c.rest))
	case "trap":
		panic("told to")
	case "spin":
		for n := uint32(1); n != 0; n = n*5 | 1 { // n is always odd
		}
	default:
		c.ask(word)
	}
	return nil
}

// ask does what concerns the host.
func (c *command) ask(word string) {
	switch word {
	case "about":
		c.say(c.about())
	case "now":
		c.sayNumber(onstream.Now())
	case "watermark":
		if us, ok := onstream.Watermark(); ok {
			c.sayNumber(us)
		} else {
			c.sayText("none")
		}
	case "param":
		c.sayText(parameters[c.word()])
	case "log":
		level := c.number()
		onstream.Log(onstream.Level(level), string(c.rest))
		c.pass()
	case "remember":
		memory = append(memory[:0], c.rest...)
		c.pass()
	case "recall":
		c.say(memory)
	case "count":
		c.word()
		hits.Record(float64(c.number()))
		c.pass()
	default:
		c.keep(word)
	}
}

// keep does what concerns state and timers.
func (c *command) keep(word string) {
	switch word {
	case "get":
		value, ok := c.space().Get(c.row, c.word())
		if ok {
			c.say(value)
		} else {
			c.sayText("absent")
		}
	case "put":
		space, name, ttl := c.space(), c.word(), c.number()
		space.PutFor(c.row, name, c.rest, ttl)
		c.pass()
	case "del":
		c.sayIf(c.space().Delete(c.row, c.word()), "deleted", "absent")
	case "many":
		values := c.space().GetAll(c.word(), c.in.Len())
		c.say(list(values, c.in.Len()))
	case "some":
		space, name := c.space(), c.word()
		var rows []uint32
		for len(c.rest) > 0 {
			rows = append(rows, uint32(c.number()))
		}
		c.say(list(space.GetMany(name, rows), len(rows)))
	case "timer":
		clock, id, us := c.clock(), c.number(), c.number()
		timers.Set(c.row, clock, id, us)
		c.pass()
	case "clear":
		c.sayIf(timers.Clear(c.row, c.clock(), c.number()), "cleared", "absent")
	default:
		c.out.Fail(c.row, "unknown command "+word)
	}
}

// about tells what is known of the record.
func (c *command) about() []byte {
	text = append(text[:0], "key="...)
	if key, ok := c.in.Key(c.row); ok {
		text = append(text, key...)
	} else {
		text = append(text, '-')
	}
	text = append(text, " time="...)
	if us, ok := c.in.Time(c.row); ok {
		text = strconv.AppendInt(text, us, 10)
	} else {
		text = append(text, '-')
	}
	text = strconv.AppendUint(append(text, " seq="...), c.in.Seq(c.row), 10)
	text = append(text, " headers="...)
	for i := range c.in.Headers(c.row) {
		if i > 0 {
			text = append(text, ',')
		}
		name, value := c.in.Header(c.row, i)
		text = append(append(append(text, name...), ':'), value...)
	}
	return text
}

// list tells the values of a name.
func list(values onstream.Values, n int) []byte {
	text = text[:0]
	for i := range n {
		if i > 0 {
			text = append(text, ',')
		}
		if value, ok := values.At(i); ok {
			text = append(text, value...)
		} else {
			text = append(text, '-')
		}
	}
	return text
}

func ring(due *timers.Due, out *onstream.Output) error {
	for row := range due.Len() {
		clock := "event "
		if due.Clock(row) == timers.Wall {
			clock = "wall "
		}
		text = strconv.AppendInt(append(append(text[:0], "timer "...), clock...), due.ID(row), 10)
		text = strconv.AppendInt(append(text, ' '), due.Time(row), 10)
		out.New().SetKey(due.Key(row)).SetValue(text)
	}
	return nil
}

func main() {}
