package mongo_test

import (
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// idFirst is a document as MongoDB stores it: _id is the first field.
func idFirst(t testing.TB, d bson.Raw) bson.Raw {
	t.Helper()
	elems, err := d.Elements()
	if err != nil {
		t.Error(err)
	}
	stored := bson.D{{Key: "_id", Value: d.Lookup("_id")}}
	for _, e := range elems {
		if e.Key() != "_id" {
			stored = append(stored, bson.E{Key: e.Key(), Value: e.Value()})
		}
	}
	raw, err := bson.Marshal(stored)
	if err != nil {
		t.Error(err)
	}
	return raw
}

// Whether a document is there because of an insert whose answer was lost is asked of the primary until it is known, and where
// its _id stood in the record does not matter.
func TestOwnDocumentIsLookedForUntilItIsKnown(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		t.Run(fmt.Sprint("ordered ", ordered), func(t *testing.T) {
			t.Parallel()
			st := &store{docs: map[string]bson.Raw{}, fail: times(1, true, hangUp)}
			asked, concern, preference := 0, "", ""
			p := newPeer(t, answers{"insert": st.write, "find": func(c call) bson.D {
				st.mu.Lock()
				asked++
				first := asked == 1
				concern, preference = c.lookup("readConcern").String(), c.lookup("$readPreference").String()
				for id, d := range st.docs {
					st.docs[id] = idFirst(t, d)
				}
				st.mu.Unlock()
				if first {
					return failure(24, "LockTimeout", "no lock")
				}
				return st.find(c)
			}})
			conn, _ := dial(t, "mongodb://"+p.Addr+"/db?replicaSet=rs0&readPreference=secondaryPreferred", nil)
			s := sinkOf(t, conn, map[string]any{"ordered": ordered})
			if err := persist(t, s, `{"v":1,"_id":7}`, `{"v":2}`, `{"v":3,"_id":8}`); err != nil {
				t.Fatal(err)
			}
			if st.count() != 3 || asked < 2 {
				t.Errorf("there are %d documents, not 3, and %d questions", st.count(), asked)
			}
			if !strings.Contains(concern, `"local"`) {
				t.Errorf("asked for is what a majority has by now, not what the primary has: %q", concern)
			}
			if strings.Contains(preference, "secondary") {
				t.Errorf("members may be asked that do not have it yet: %s", preference)
			}
		})
	}
}
