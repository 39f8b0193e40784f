// Command redpanda does the work of P2 as a data transform of Redpanda, as its own kit builds it.
package main

import (
	"bytes"
	"strconv"

	"github.com/redpanda-data/redpanda/src/transform-sdk/go/transform"
)

func main() { transform.OnRecordWritten(onRecord) }

var value []byte // that is being made

func onRecord(e transform.WriteEvent, w transform.RecordWriter) error {
	reading := e.Record().Value
	t, err := strconv.ParseFloat(string(field(reading, `"temperature":`)), 64)
	if err != nil || t <= 75 {
		return nil
	}
	value = append(append(value[:0], `{"device_id":`...), field(reading, `"device_id":`)...)
	value = strconv.AppendFloat(append(value, `,"f":`...), t*9/5+32, 'f', -1, 64)
	value = append(append(append(value, `,"site":`...), field(reading, `"site":`)...), '}')
	return w.Write(transform.Record{Value: value})
}

// field returns what is between a name and the next comma: readings have no values with one.
func field(reading []byte, name string) []byte {
	at := bytes.Index(reading, []byte(name))
	if at < 0 {
		return nil
	}
	rest := reading[at+len(name):]
	if end := bytes.IndexByte(rest, ','); end >= 0 {
		rest = rest[:end]
	}
	return rest
}
