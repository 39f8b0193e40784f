// Command transform is a data transform of Redpanda, as its own kit builds it.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/redpanda-data/redpanda/src/transform-sdk/go/transform"
)

func main() { transform.OnRecordWritten(onRecord) }

func onRecord(e transform.WriteEvent, w transform.RecordWriter) error {
	r := e.Record()
	cmd, rest, _ := strings.Cut(string(r.Value), ":")
	switch cmd {
	case "drop":
		return nil
	case "fail":
		return errors.New(rest)
	case "twice":
		if err := w.Write(r); err != nil {
			return err
		}
		return w.Write(r)
	case "about":
		r.Value = fmt.Appendf(nil, "key=%s time=%d offset=%d headers=%d", r.Key, r.Timestamp.UnixMilli(), r.Offset, len(r.Headers))
	case "nokey":
		r.Key = nil
	case "header":
		r.Headers = append(r.Headers, transform.RecordHeader{Key: []byte("h"), Value: []byte(rest)})
	case "to":
		return w.Write(r, transform.ToTopic(rest))
	case "env":
		r.Value = []byte(os.Getenv(rest))
	case "spin":
		for {
		}
	}
	return w.Write(r)
}
