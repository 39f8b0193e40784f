//go:build unix

package mongo_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/onstream/onstream/connectors/bustest"
)

// ownServer is a mongo-java-server of a test's own, which keeps its address and data when it is killed.
type ownServer struct {
	addr, dir, jars string
	wanted          []string
	cmd             *exec.Cmd
}

// startOwn starts one, or skips the test where there is none to start.
func startOwn(t *testing.T, wanted ...string) *ownServer {
	t.Helper()
	s := &ownServer{jars: bustest.Server(t, "ONSTREAM_TEST_MONGO_JARS"), addr: bustest.Nowhere(t), dir: t.TempDir(), wanted: wanted}
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("there is no Java to start a server with")
	}
	t.Cleanup(s.kill)
	s.start(t)
	return s
}

// start starts it, again.
func (s *ownServer) start(t *testing.T) {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	args := append([]string{"-Xmx256m", "-XX:+UseSerialGC", "-cp", s.jars + ":" + s.jars + "/*", "Mongo", port, filepath.Join(s.dir, "store")}, s.wanted...)
	said, err := os.Create(filepath.Join(s.dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	s.cmd = exec.Command("java", args...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Stdout, s.cmd.Stderr = said, said
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile(said.Name()) // it may not have said anything yet
		if strings.Contains(string(text), "mongo listens") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not start: %s", text)
		}
	}
}

// kill ends it as a crash does.
func (s *ownServer) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()         // how it ended is not what is tested
		s.cmd = nil
	}
}

// A server that is killed, and comes back: nothing is missed, nothing comes twice, and that it was away is said once.
func TestPollOutlivesItsServer(t *testing.T) {
	t.Parallel()
	server := startOwn(t)
	uri, db := inDatabase(t, "mongodb://"+server.addr)
	c := db.Collection("docs")
	insert(t, c, doc("_id", 1, "seq", 1), doc("_id", 2, "seq", 2))
	conn, said := dial(t, uri, nil)
	o := &taker{}
	run(t, sourceOf(t, conn, nil, map[string]any{"collection": "docs", "mode": "poll", "cursor": "seq", "interval": 5 * time.Millisecond}), o)
	o.hasRecords(t, 2)
	server.kill()
	waitFor(t, "the outage is told", func() bool { return strings.Contains(said.String(), "cannot be reached") })
	server.start(t)
	again(t, c, doc("_id", 3, "seq", 3))
	o.hasRecords(t, 3)
	if !slices.Equal(o.keys, []string{"1", "2", "3"}) {
		t.Error(o.keys)
	}
	if n := strings.Count(said.String(), "cannot be reached"); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, said)
	}
	if strings.Count(said.String(), "is reached") != 1 {
		t.Errorf("that it is over was not said:\n%s", said)
	}
}

// The change streams of a server, which is killed in between: positions of its own lead on.
func TestChangesOfAServerThatIsKilled(t *testing.T) {
	t.Parallel()
	server := startOwn(t, "oplog")
	uri, db := inDatabase(t, "mongodb://"+server.addr)
	c := db.Collection("docs")
	insert(t, c, doc("_id", 0))
	conn, said := dial(t, uri, nil)
	o := &taker{}
	values := map[string]any{"collection": "docs"}
	r := run(t, sourceOf(t, conn, said, values), o)
	waitFor(t, "the stream is open", func() bool { return strings.Contains(said.String(), "no position before the first change") })
	insert(t, c, doc("_id", 1, "v", 1))
	o.hasRecords(t, 1)
	if _, err := c.UpdateByID(t.Context(), 1, doc("$set", doc("v", 2))); err != nil {
		t.Fatal(err)
	}
	o.hasRecords(t, 2) // this server does not know any more whose update it was when the document has gone
	if _, err := c.DeleteOne(t.Context(), doc("_id", 1)); err != nil {
		t.Fatal(err)
	}
	o.hasRecords(t, 3)
	server.kill()
	server.start(t)
	again(t, c, doc("_id", 2))
	o.hasRecords(t, 4)
	r.end(t)
	insert(t, c, doc("_id", bson.ObjectID{3}))
	run(t, sourceOf(t, conn, said, values), o)
	o.hasRecords(t, 5)
	var told []string
	for _, text := range o.records {
		told = append(told, strings.SplitN(text, `"`, 5)[3])
	}
	if want := []string{"insert", "update", "delete", "insert", "insert"}; !slices.Equal(told, want) {
		t.Errorf("%s\nwant %s\n%s", told, want, strings.Join(o.records, "\n"))
	}
	if want := []string{"1", "1", "1", "2", bson.ObjectID{3}.Hex()}; !slices.Equal(o.keys, want) {
		t.Errorf("%s, want %s", o.keys, want)
	}
}

// again inserts a document where connections of the client may be of a server that was killed.
func again(t *testing.T, c *driver.Collection, d bson.D) {
	t.Helper()
	waitFor(t, "it is inserted", func() bool {
		_, err := c.InsertOne(t.Context(), d)
		return err == nil || driver.IsDuplicateKeyError(err)
	})
}
