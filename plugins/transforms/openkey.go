package transforms

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/keyed"
)

// maxKeysAttr is the attribute of all kinds that keep something per key.
func maxKeysAttr() plugins.Attr {
	return plugins.Attr{
		Name: "max_keys", Type: plugins.AttrInt, Default: int64(10_000_000), Min: plugins.Bound(1),
		Doc: "Keys to keep at a time, in each lane; records of others fail with the code max_keys. Those that are not in use may be on disk.",
	}
}

// failKey fails the row for which [keyed.Table.Open] returned err, if the
// record is to blame; otherwise it returns the error.
func failKey(b *plugins.Batch, i uint32, err error) error {
	f := plugins.Failure{Code: "key", Msg: err.Error() + ": use a shorter one, such as a hash of it"}
	switch {
	case errors.Is(err, keyed.ErrTooManyKeys):
		f.Code, f.Msg = "max_keys", err.Error()+": raise it, or use a key with fewer values"
	case !errors.Is(err, keyed.ErrKeyTooLong):
		return err
	}
	b.Fail(i, f)
	return nil
}

// keyLocal is the local `key` of a stage that has one.
func keyLocal(c plugins.Config) []plugins.Local {
	key := c.Expr("key")
	if key == nil {
		return nil
	}
	return []plugins.Local{{Root: "key", Type: key.Type(), Doc: "The key.", Whole: true}}
}
