package process

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Redactor takes secrets out of texts that come from a plugin. It is safe for concurrent use.
type Redactor struct {
	mu      sync.RWMutex
	secrets map[string]bool
	replace *strings.Replacer // nil while there are no secrets
}

const (
	// minSecret is the length of the shortest text that is taken for a secret: shorter ones are parts of other words.
	minSecret = 4
	// maxSecrets bounds how many a pipeline that is reloaded with ever new ones collects.
	maxSecrets = 4096

	redacted = "(secret)"
)

// Add makes a text a secret, as it is and as it is written in JSON and in URLs. Of one with several lines each line is one, too.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(secret) < minSecret || r.secrets[secret] {
		return
	}
	if r.secrets == nil || len(r.secrets) > maxSecrets {
		r.secrets = map[string]bool{}
	}
	forms := []string{secret}
	if strings.Contains(secret, "\n") {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= 2*minSecret {
				forms = append(forms, line)
			}
		}
	}
	for _, f := range forms {
		quoted := strconv.Quote(f)
		for _, form := range []string{f, quoted[1 : len(quoted)-1], url.QueryEscape(f), url.PathEscape(f)} {
			r.secrets[form] = true
		}
	}
	all := make([]string, 0, len(r.secrets))
	for s := range r.secrets {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // one may contain another
	pairs := make([]string, 0, 2*len(all))
	for _, s := range all {
		pairs = append(pairs, s, redacted)
	}
	r.replace = strings.NewReplacer(pairs...)
}

// cut is what stands where a text was cut.
const cut = "…"

// Clean returns the text without secrets, also where it was cut in the middle of one, and without what a terminal would take for a command: it is one line of valid UTF-8.
func (r *Redactor) Clean(text string) string {
	text = r.without(r.withoutCut(text))
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '\t' || c == '\n' || c == '\r':
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u2028', c == '\u2029':
			return unicode.ReplacementChar
		}
		return c
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.TrimSpace(text)
}

// without returns the text without the secrets that are whole in it.
func (r *Redactor) without(text string) string {
	if r == nil {
		return text
	}
	r.mu.RLock()
	replace := r.replace
	r.mu.RUnlock()
	if replace == nil {
		return text
	}
	return replace.Replace(text)
}

// withoutCut returns the text without the fronts of secrets at places where it was cut.
func (r *Redactor) withoutCut(text string) string {
	parts := strings.Split(text, cut)
	for i, part := range parts[:len(parts)-1] {
		if n := r.front(part); n >= minSecret {
			parts[i] = part[:len(part)-n] + redacted
		}
	}
	return strings.Join(parts, cut)
}

// whole returns a text that was cut somewhere without secrets, and without the front of one at its end.
func (r *Redactor) whole(text string) string {
	return r.without(text[:len(text)-r.front(text)])
}

// front returns how many bytes at the end of a text are the front of a secret, or all of it.
func (r *Redactor) front(text string) (longest int) {
	if r == nil {
		return 0
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for secret := range r.secrets {
		for n := min(len(secret), len(text)); n > longest; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				longest = n
				break
			}
		}
	}
	return longest
}
