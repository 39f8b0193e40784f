package sources

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/onstream/onstream/plugins"
)

// maxRecordSize is the attribute of all sources that cut streams.
func maxRecordSize() plugins.Attr {
	return plugins.Attr{
		Name: "max_record_size", Type: plugins.AttrSize, Default: int64(1 << 20), Min: plugins.Bound(1), Max: plugins.Bound(1 << 30),
		Doc: "The largest record. A larger one is read past and fails with code too_large, its first 64 KiB and its size.",
	}
}

func fileKind() plugins.SourceKind {
	return plugins.SourceKind{
		Name: "file",
		Schema: plugins.Schema{
			Doc: "Reads files, one after the other in the order of their names, or follows them as they grow. Each file is a partition; a stored position is exact to the record, also in compressed files.",
			Example: `source "file" "readings" {
  path   = "data/*.ndjson.gz"
  format = "json"
}`,
			Attrs: []plugins.Attr{
				{Name: "path", Type: plugins.AttrStrings, Required: true, Doc: "A file or pattern (* ? [a-z], as in a shell), or a list of them."},
				{Name: "compression", Type: plugins.AttrString, Default: "auto", Enum: []string{"auto", "none", "gzip", "zstd"}, Doc: "How the files are compressed; auto goes by .gz and .zst at the end of the name."},
				{Name: "follow", Type: plugins.AttrBool, Default: false, Doc: "Wait for files and for what is added to them, as tail -F does, through rotation by renaming or by truncating. The pattern must not match the names of rotated files, which would be read again; a file that is rotated away twice within one poll is missed."},
				{Name: "start", Type: plugins.AttrString, Default: "beginning", Enum: []string{"beginning", "end"}, Doc: "Where to begin, when following, in files that are there at the start."},
				{Name: "poll", Type: plugins.AttrDuration, Default: 50 * time.Millisecond, Min: plugins.Bound(0.001), Doc: "How often to look for more, when following."},
				maxRecordSize(),
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Check:         checkFile,
		Capabilities: func(c plugins.Config) plugins.Capabilities {
			if c.String("start") == "end" {
				// Until positions are stored, a start anew begins at the end anew.
				return plugins.Capabilities{Weakens: "with start = \"end\", what is added while onstream does not run is not read"}
			}
			return plugins.Capabilities{Seekable: true}
		},
		New: func(c plugins.Config, env plugins.Env) (plugins.Source, error) {
			return &file{
				patterns: c.Strings("path"), compression: c.String("compression"), follow: c.Bool("follow"),
				fromEnd: c.String("start") == "end", poll: c.Duration("poll"), limit: c.Int("max_record_size"), env: env,
			}, nil
		},
	}
}

func checkFile(c plugins.Config) error {
	if err := checkPatterns(c.Strings("path")); err != nil {
		return err
	}
	if err := c.Payload().CheckStream(); err != nil {
		return err
	}
	if !c.Bool("follow") {
		if c.String("start") == "end" {
			return plugins.ConfigErrorf("start", "only files that are followed can be read from their end: set follow = true")
		}
		return nil
	}
	for _, p := range c.Strings("path") {
		if m := compressionOf(p, c.String("compression")); m != "none" && m != "auto" {
			return plugins.ConfigErrorf("follow", "a file compressed with %s cannot be followed, because it is not written record by record", m)
		}
	}
	return nil
}

type file struct {
	patterns    []string
	compression string
	follow      bool
	fromEnd     bool
	poll        time.Duration
	limit       int64
	env         plugins.Env

	resume      map[string]*resumption // by name of the partition
	read, total atomic.Int64           // bytes on the disk
}

var (
	_ plugins.Source     = (*file)(nil)
	_ plugins.Seeker     = (*file)(nil)
	_ plugins.Progresser = (*file)(nil)
)

// Seek implements [plugins.Seeker].
func (f *file) Seek(positions map[plugins.Partition]plugins.Position) error {
	f.resume = map[string]*resumption{}
	for part, encoded := range positions {
		p, err := decodePosition(encoded)
		if err != nil {
			return fmt.Errorf("resume %s: the stored position cannot be read: %w; remove it to read the file from its beginning", part.Name, err)
		}
		if old, known := f.resume[part.Name]; !known || part.Epoch >= old.epoch {
			f.resume[part.Name] = &resumption{part.Epoch, p}
		}
	}
	return nil
}

// Progress implements [plugins.Progresser].
func (f *file) Progress() (done, total int64) {
	return f.read.Load(), f.total.Load()
}

// Run implements [plugins.Source].
func (f *file) Run(ctx context.Context, out plugins.Outlet) error {
	if f.follow {
		return f.followAll(ctx, out)
	}
	paths, err := matchFiles(f.patterns)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return errNoFiles(f.patterns)
	}
	var total int64
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return openError(err)
		}
		if info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	f.total.Store(total)
	for _, p := range paths {
		if err := f.readFile(ctx, p, out); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads one file to its end.
func (f *file) readFile(ctx context.Context, path string, out plugins.Outlet) error {
	in, err := openInput(path, f.compression, &f.read)
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := f.open(in, out, f.resume[path])
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return readError(ctx, path, s, err)
	}
	out.Done(s.part)
	return nil
}
