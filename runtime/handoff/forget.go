package handoff

import (
	"context"
	"errors"

	"github.com/onstream/onstream/plugins"
)

// forgetter is the owner that a log has when it was forgotten.
const forgetter = "state reset"

// Forgotten reports whether the last commit is that of [Forget].
func (s Standing) Forgotten() bool { return s.Owner == forgetter }

// Forget makes a log say that nothing is kept of its partition, whoever it was
// left by, and closes it. The owners must have ended: what one of them adds
// does not count any more.
func Forget(ctx context.Context, log plugins.StateLog) error {
	j, err := Open(ctx, log, Claim{Owner: forgetter, Anew: true})
	if err != nil {
		return err
	}
	err = j.Survey(ctx)
	if err == nil && j.standing.Number > 0 {
		err = j.AppendFull(ctx, j.standing.Number+1, nil, nil, new(Delta))
		if err == nil {
			err = j.Trim(ctx)
		}
	}
	return errors.Join(err, j.Close(ctx))
}
