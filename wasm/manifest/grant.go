package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// HTTPGrant is how a grant begins that lets a module ask a host: http:HOST, or http:HOST:PORT where the port is not that
// of the scheme.
const HTTPGrant = "http:"

// maxHost is how many bytes the name of a host has at most.
const maxHost = 253

// CheckGrant refuses what nothing is that a stage can grant.
func CheckGrant(grant string) error {
	if at, ok := strings.CutPrefix(grant, HTTPGrant); ok && isHost(at) {
		return nil
	}
	shown, more := grant, ""
	if len(shown) > maxName {
		shown, more = shown[:maxName], "..."
	}
	return fmt.Errorf(`%q%s is nothing that can be granted: write "http:HOST" or "http:HOST:PORT", such as "http:api.example.com"`, shown, more)
}

// isHost reports whether a text is a host with or without a port, as URLs have it.
func isHost(text string) bool {
	host := text
	if colon := strings.LastIndexByte(text, ':'); colon > strings.LastIndexByte(text, ']') {
		port, err := strconv.ParseUint(text[colon+1:], 10, 16)
		if err != nil || port == 0 {
			return false
		}
		host = text[:colon]
	}
	if inside, ok := strings.CutPrefix(host, "["); ok { // an address of IPv6
		inside, ok = strings.CutSuffix(inside, "]")
		return ok && strings.Contains(inside, ":") && strings.Trim(inside, "0123456789abcdefABCDEF:.") == ""
	}
	return host != "" && len(host) <= maxHost && strings.IndexFunc(host, func(c rune) bool {
		return c != '.' && c != '-' && c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c)
	}) < 0
}

// checkGrants looks at what the module wants besides.
func (m *Manifest) checkGrants() error {
	if len(m.Grants) > maxItems {
		return fmt.Errorf("grants has %d items, at most %d are taken", len(m.Grants), maxItems)
	}
	seen := map[string]bool{}
	for i, grant := range m.Grants {
		if err := CheckGrant(grant); err != nil {
			return fmt.Errorf("grants: item %d: %w", i+1, err)
		}
		// A host is the same in small letters.
		if folded := strings.ToLower(grant); seen[folded] {
			return fmt.Errorf("grants: item %d: %s is there twice", i+1, grant)
		} else {
			seen[folded] = true
		}
	}
	return nil
}
