// Command events is a behaviour that tells how event time goes on, measures what its records say, and asks hosts.
package main

import (
	"bytes"
	"strconv"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
	"github.com/onstream/onstream/wasm/sdk/go/watermarks"
)

var (
	_ = onstream.Register(onstream.Behaviour{Open: open, Records: process})
	_ = watermarks.Register(tell)
)

var level, sizes onstream.Metric

func open(onstream.Settings) error {
	level, sizes = onstream.Gauge("level"), onstream.Histogram("sizes")
	return nil
}

func process(in *onstream.Records, out *onstream.Output) error {
	for row := range in.Len() {
		word, rest, _ := bytes.Cut(in.Value(row), []byte{' '})
		switch string(word) {
		case "pass":
			out.Pass(row)
		case "gauge":
			level.Record(number(rest))
			out.Pass(row)
		case "observe":
			sizes.Record(number(rest))
			out.Pass(row)
		case "ask":
			out.Record(row).SetValue(ask(rest))
		default:
			out.Fail(row, "unknown command "+string(word))
		}
	}
	return nil
}

func number(text []byte) float64 {
	v, _ := onstream.Number(text)
	return v
}

// ask makes a request, and returns the status and the body of the answer.
func ask(text []byte) []byte {
	method, rest, _ := bytes.Cut(text, []byte{' '})
	url, body, _ := bytes.Cut(rest, []byte{' '})
	r := onstream.Request{Method: string(method), URL: string(url), Header: map[string]string{"X-Test": "yes"}, Body: body}
	answer, err := r.Do()
	if err != nil {
		return []byte("0 " + err.Error())
	}
	return append([]byte(strconv.Itoa(answer.Status)+" "), answer.Body...)
}

func tell(us int64, out *onstream.Output) error {
	out.New().SetValue(strconv.AppendInt([]byte("watermark "), us, 10))
	return nil
}

func main() {}
