package expr

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// problem makes an error diagnostic. It never keeps expressions or values:
// what is printed of it must not tell secrets.
func problem(at hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(detail, args...),
		Subject:  &at,
	}
}
