package sinks

import (
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

func fileKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "file",
		Schema: plugins.Schema{
			Doc: "Writes records to a file. After a full disk or a failed write the file is cut back to the last whole batch, and the engine tries again. When the process is killed while it writes, a part of a batch may stay in the file, the last record cut off: of JSON, the next start cuts that record off, in other formats it ends the line, and either is a warning in the log. The batch was not acknowledged, and a source that can be resumed gives it again. With compression the file is a sequence of whole members, and the next start cuts off one that is not whole. While nobody reads a named pipe, records wait.",
			Example: `sink "file" "archive" {
  from  = source.readings
  path  = "readings.ndjson"
  fsync = "always"
  rotate {
    size = "64MiB"
    keep = 10
  }
}`,
			Attrs: []plugins.Attr{
				{Name: "path", Type: plugins.AttrString, Required: true, Doc: "The file; its folder must exist."},
				{Name: "append", Type: plugins.AttrBool, Default: true, Doc: "Whether to add to a file that is there already, or to empty it at the start."},
				{Name: "fsync", Type: plugins.AttrString, Default: "interval", Enum: []string{"interval", "always", "never"}, Doc: "When data is forced to the disk: once a second, before records count as written (several batches at once), or whenever the system likes."},
				{Name: "compression", Type: plugins.AttrString, Default: "none", Enum: []string{"none", "gzip", "zstd"}, Doc: "How the file is compressed; its name is not changed."},
			},
			Blocks: []plugins.Block{{
				Name: "rotate", Doc: "Begins new files. A full one is renamed, in one step, to a name with the time in it and a number within the second: readings-20260101T120000Z-0001.ndjson. Names sort by age, also after the clock was set back.",
				Schema: plugins.Schema{Attrs: []plugins.Attr{
					{Name: "size", Type: plugins.AttrSize, Min: plugins.Bound(1), Doc: "A file that has reached this size is full."},
					{Name: "every", Type: plugins.AttrDuration, Min: plugins.Bound(0.001), Doc: "A file with records that is open for so long is full."},
					{Name: "keep", Type: plugins.AttrInt, Default: int64(0), Min: plugins.Bound(0), Doc: "Full files to keep, the oldest are removed; 0 keeps all."},
				}},
			}},
		},
		Payload:       true,
		DefaultFormat: "json",
		Check:         checkFile,
		Capabilities:  fileCapabilities,
		Direct: func(c plugins.Config) bool {
			return c.String("fsync") != string(syncAlways) && c.String("compression") == "none"
		},
		New: newFile,
	}
}

func fileCapabilities(c plugins.Config) plugins.Capabilities {
	var weakens []string
	if !c.Bool("append") {
		weakens = append(weakens, "the file is emptied at every start, and what was written before a restart is gone: set append = true")
	}
	switch c.String("fsync") {
	case "interval":
		weakens = append(weakens, "if the machine fails, and not only onstream, the last second of records may be lost: set fsync = \"always\"")
	case "never":
		weakens = append(weakens, "if the machine fails, and not only onstream, records may be lost: set fsync = \"always\"")
	}
	return plugins.Capabilities{Weakens: strings.Join(weakens, "; ")}
}

func checkFile(c plugins.Config) error {
	if c.String("path") == "" {
		return plugins.ConfigErrorf("path", "the path is empty: name a file")
	}
	if len(c.Blocks("rotate")) > 0 && !c.Block("rotate").Has("size") && !c.Block("rotate").Has("every") {
		return plugins.ConfigErrorf("rotate", "nothing says when the file is full: give size, every, or both")
	}
	return c.Payload().CheckStream()
}

func newFile(c plugins.Config, env plugins.Env) (plugins.Sink, error) {
	r := c.Block("rotate")
	return &file{
		path: c.String("path"), truncate: !c.Bool("append") && !env.Replaces, policy: syncPolicy(c.String("fsync")),
		rotate:   rotation{size: r.Int("size"), every: r.Duration("every"), keep: int(r.Int("keep"))},
		compress: newCompressor(c.String("compression")), env: env, open: openFile, term: env.Framing.Terminator,
		objects: c.Payload().Format == "json",
	}, nil
}

// syncPolicy says when data is forced to the disk.
type syncPolicy string

const (
	syncAlways   syncPolicy = "always"
	syncInterval syncPolicy = "interval"
	syncNever    syncPolicy = "never"
)

// syncEvery is the interval.
const syncEvery = time.Second

// groupCommit is how many bytes wait for one fsync at most.
const groupCommit = 1 << 20
