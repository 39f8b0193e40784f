package expr

import "github.com/onstream/onstream/plugins"

// run is one evaluation of an expression over a batch.
//
// A row that fails stays in the selection of what is under way, with a zero
// value: operators need no second look at each row. Only the first failure of
// a row counts, and kernels run in the order in which the expression is
// written, so it is the one that comes first. What runs for some rows only
// (the second operand of &&, a branch) leaves failed rows out.
type run struct {
	batch    *plugins.Batch
	rows     int
	failures *failures // of the innermost try or can, or reported
	reported failures  // those that fail their records
	slots    []*slot
}

// failures are rows that failed.
type failures struct {
	rows  []bool
	count int
}

// fault is a way in which an expression can fail, at one place in it.
type fault struct {
	code, msg string
	at        string // where the expression stands
}

// The codes of failures.
const (
	codeType     = "type"
	codeNull     = "null"
	codeOverflow = "overflow"
	codeDivide   = "divide_by_zero"
	codeInfinite = "not_finite"
	codeIndex    = "index"
	codeFunction = "function"
)

func (r *run) start(b *plugins.Batch) {
	r.batch, r.rows = b, b.Len
	r.reported.reset(b.Len)
	r.failures = &r.reported
	for _, s := range r.slots {
		s.load()
	}
}

func (r *run) finish() {
	if r.reported.count > 0 {
		r.batch.DropFailed()
	}
	r.batch = nil
}

// fail notes that row i has no value.
func (r *run) fail(i uint32, f *fault) { r.failWith(i, f, f.msg) }

// failWith is fail with a message that depends on the row.
func (r *run) failWith(i uint32, f *fault, msg string) {
	if r.failures.rows[i] {
		return
	}
	r.failures.rows[i] = true
	r.failures.count++
	if r.failures == &r.reported {
		r.batch.Fail(i, plugins.Failure{Code: f.code, Msg: msg, Expr: f.at})
	}
}

// alive returns the rows of sel that have not failed: sel itself or, in the
// memory of dst, a shorter one.
func (r *run) alive(sel, dst []uint32) []uint32 {
	if r.failures.count == 0 {
		return sel
	}
	dst = dst[:0]
	for _, i := range sel {
		if !r.failures.rows[i] {
			dst = append(dst, i)
		}
	}
	return dst
}

func (f *failures) reset(rows int) {
	if f.count > 0 {
		clear(f.rows)
		f.count = 0
	}
	if cap(f.rows) < rows {
		f.rows = make([]bool, rows+rows/4)
	}
	f.rows = f.rows[:cap(f.rows)]
}
