package transforms

import (
	"encoding/binary"
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/aggregate"
)

// result emits what is known about the records of a window.
func (w *window) result(key string, start, end int64, final bool, s aggregate.State) {
	row := w.results.row
	w.keys.setKey(row, key)
	w.bounds.cols[0].Ints[row] = start
	w.bounds.cols[1].Ints[row] = end
	w.bounds.cols[2].Bools[row] = final
	for k := range w.values.cols {
		if err := w.calls.Result(k, s, &w.values.cols[k], row); err != nil {
			w.results.fail(plugins.Failure{Code: "overflow", Msg: err.Error()})
		}
	}
	w.results.next()
}

// resultOf emits what is known about one of a key's panes.
func (w *window) resultOf(key string, k *windowed, n int, final bool) {
	pane := w.panes.at(k, n)
	w.result(key, int64(pane[paneStart]), int64(pane[paneEnd]), final, w.panes.state(k, n))
}

// fireEarly emits what there is of the windows that are open, each of which is
// a pane, where the key's time has gone on by early. Panes note how far it had
// at the last result.
func (w *window) fireEarly(key string, k *windowed) {
	for n := range w.panes.count(k) {
		pane := w.panes.at(k, n)
		start, end := int64(pane[paneStart]), int64(pane[paneEnd])
		early, reached := uint64(w.early), uint64(min(k.Own, end-1)-start)
		if k.Own > start && reached/early > pane[paneNote]/early {
			pane[paneNote] = reached
			w.resultOf(key, k, n, false)
		}
	}
}

var errWindowState = errors.New("the stored windows of a key are damaged")

// encode appends what is stored of a key.
func (w *window) encode(dst []byte, k *windowed) []byte {
	for _, at := range [...]int64{k.Own, k.closed, k.Lane, k.wall(), k.shift()} {
		dst = binary.AppendVarint(dst, at)
	}
	n := w.panes.count(k)
	dst = binary.AppendUvarint(dst, uint64(n))
	for i := range n {
		pane := w.panes.at(k, i)
		note := uint64(0)
		if w.panes.noted {
			note = pane[paneNote]
		}
		for _, v := range [...]uint64{pane[paneStart], pane[paneEnd], note} {
			dst = binary.AppendVarint(dst, int64(v))
		}
		dst = w.calls.Append(dst, w.panes.state(k, i))
	}
	return dst
}

// decode reads what encode wrote.
func (w *window) decode(src []byte, k *windowed) (err error) {
	next := func() (v int64) {
		v, n := binary.Varint(src)
		if n <= 0 {
			err = errWindowState
			return 0
		}
		src = src[n:]
		return v
	}
	var wall, shift int64
	for _, at := range [...]*int64{&k.Own, &k.closed, &k.Lane, &wall, &shift} {
		*at = next()
	}
	if wall != 0 || shift != 0 {
		r := k.mayBeRare()
		r.wall, r.shift = wall, shift
	}
	count, n := binary.Uvarint(src)
	if n <= 0 || count > uint64(len(src)) || err != nil {
		return errWindowState
	}
	src = src[n:]
	for i := range int(count) {
		w.panes.insert(k, i, next(), next())
		if note := uint64(next()); w.panes.noted {
			w.panes.at(k, i)[paneNote] = note
		}
		if err != nil {
			return err
		}
		if src, err = w.calls.Read(src, w.panes.state(k, i)); err != nil {
			return err
		}
	}
	if !w.policy.sound(k) {
		return errWindowState
	}
	return nil
}

// sound is that of most types of windows: panes are in order.
func (w *window) sound(k *windowed) bool { return w.panes.inOrder(k, 0) }
