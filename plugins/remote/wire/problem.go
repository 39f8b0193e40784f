package wire

import (
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// FromError returns the message of an error of an operation, nil for none.
func FromError(operation string, err error) *pb.Problem {
	if err == nil {
		return nil
	}
	return &pb.Problem{Message: Clip(err.Error(), MaxText), Permanent: plugins.IsPermanent(err), Operation: operation}
}

// ToError returns the error of a message, nil for none. Permanent ones stay so.
func ToError(p *pb.Problem) error {
	if p == nil {
		return nil
	}
	msg := Clip(p.GetMessage(), MaxText)
	if msg == "" {
		msg = "the plugin does not say why"
	}
	err := errors.New(msg)
	if op := Clip(p.GetOperation(), MaxName); op != "" {
		err = fmt.Errorf("%s: %w", op, err)
	}
	if p.GetPermanent() {
		return plugins.Permanent(err)
	}
	return err
}

// FromConfigError returns the messages of what is wrong with a block; a list is told apart.
func FromConfigError(err error) []*pb.ConfigProblem {
	if err == nil {
		return nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var ps []*pb.ConfigProblem
		for _, err := range all.Unwrap() {
			ps = append(ps, FromConfigError(err)...)
		}
		return ps
	}
	var at *plugins.ConfigError
	if errors.As(err, &at) {
		return []*pb.ConfigProblem{{Path: at.Path, Message: Clip(at.Msg, MaxText)}}
	}
	return []*pb.ConfigProblem{{Message: Clip(err.Error(), MaxText)}}
}

// ToConfigError returns what messages say is wrong with a block: a [plugins.ConfigError], or several joined. Nil for none.
func ToConfigError(ps []*pb.ConfigProblem) error {
	var errs []error
	for _, p := range ps[:min(len(ps), MaxRemarks)] {
		msg := Clip(p.GetMessage(), MaxText)
		if msg == "" {
			msg = "the plugin does not say what is wrong"
		}
		errs = append(errs, plugins.ConfigErrorf(Clip(p.GetPath(), MaxName), "%s", msg))
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// FromFailures appends the messages of failures, whose rows are renumbered by a function.
func FromFailures(ps []*pb.RowFailure, failures []plugins.Failure, row func(uint32) uint32) []*pb.RowFailure {
	for _, f := range failures {
		ps = append(ps, &pb.RowFailure{Row: row(f.Row), Code: f.Code, Message: Clip(f.Msg, MaxText)})
	}
	return ps
}

// ToFailures returns the failures of rows, each of them below rows and at most once.
func ToFailures(ps []*pb.RowFailure, rows int) ([]plugins.Failure, error) {
	if len(ps) == 0 {
		return nil, nil
	}
	if len(ps) > rows {
		return nil, fmt.Errorf("%d failures are told of %d rows", len(ps), rows)
	}
	failures := make([]plugins.Failure, len(ps))
	seen := make([]bool, rows)
	for i, p := range ps {
		row := p.GetRow()
		if int64(row) >= int64(rows) {
			return nil, fmt.Errorf("a failure is of row %d of %d", row, rows)
		}
		if seen[row] {
			return nil, fmt.Errorf("row %d failed twice", row)
		}
		seen[row] = true
		failures[i] = plugins.Failure{Row: row, Code: code(p.GetCode()), Msg: Clip(p.GetMessage(), MaxText)}
		if failures[i].Msg == "" {
			failures[i].Msg = "the plugin does not say why"
		}
	}
	return failures, nil
}

// code returns a code that can be shown and counted: one that is no short word is "plugin".
func code(text string) string {
	if len(text) == 0 || len(text) > 64 {
		return "plugin"
	}
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.' {
			return "plugin"
		}
	}
	return text
}
