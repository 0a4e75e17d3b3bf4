package chat

import (
	"cmp"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Destination is where the definition's calls go: scheme, host and port in one form, or the command. The
// path is left out: two that have arguments in it may meet in ways that a database cannot look up.
func (d *ToolDefinition) Destination() string {
	if d.MCP != nil && d.MCP.Command != "" {
		return "command " + d.MCP.Command
	}

	text, _ := d.address()

	u, err := url.Parse(text)
	if err != nil {
		return text
	}

	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}

	scheme := strings.ToLower(u.Scheme)
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[scheme])

	return scheme + "://" + net.JoinHostPort(host, port)
}

// address splits the definition's URL: what stands before its path, and the path.
func (d *ToolDefinition) address() (base, rest string) {
	text := ""

	switch {
	case d.HTTP != nil:
		text = d.HTTP.URL
	case d.MCP != nil:
		text = d.MCP.URL
	}

	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")

	scheme, after, ok := strings.Cut(text, "://")
	if !ok {
		return text, ""
	}

	host, rest, _ := strings.Cut(after, "/")

	return scheme + "://" + host, rest
}

// anySegments stands in a path for an argument: it may be several segments, or none, for who decodes it.
const anySegments = "*"

var onlyDots = regexp.MustCompile(`^\.+$`)

// pathSegments are the segments of the definition's path in one form: decoded, in lower case, without
// empty ones and dots. Those with an argument in them are [anySegments].
func (d *ToolDefinition) pathSegments() []string {
	_, rest := d.address()
	rest = urlArgument.ReplaceAllString(rest, "\x00")

	if decoded, err := url.PathUnescape(rest); err == nil {
		rest = decoded
	}

	var segments []string

	for segment := range strings.SplitSeq(strings.Trim(path.Clean("/"+strings.ToLower(rest)), "/"), "/") {
		literal := strings.ReplaceAll(segment, "\x00", "")

		switch {
		case segment == "":
		case literal == segment:
			segments = append(segments, segment)
		case onlyDots.MatchString(literal):
			// An argument can make it "..", which takes away what stands before.
			segments = []string{anySegments}
		default:
			segments = append(segments, anySegments)
		}
	}

	return segments
}

// pathsMeet reports whether two paths can be the same one, for some arguments.
func pathsMeet(a, b []string) bool {
	meets := map[[2]int]bool{{len(a), len(b)}: true}

	for i := len(a); i >= 0; i-- {
		for j := len(b); j >= 0; j-- {
			at := [2]int{i, j}
			isAny := i < len(a) && a[i] == anySegments
			isOtherAny := j < len(b) && b[j] == anySegments

			switch {
			case meets[at]:
			case isAny && meets[[2]int{i + 1, j}], isOtherAny && meets[[2]int{i, j + 1}]:
				meets[at] = true
			case i == len(a) || j == len(b):
			case isAny:
				meets[at] = meets[[2]int{i, j + 1}]
			case isOtherAny:
				meets[at] = meets[[2]int{i + 1, j}]
			default:
				meets[at] = a[i] == b[j] && meets[[2]int{i + 1, j + 1}]
			}
		}
	}

	return meets[[2]int{0, 0}]
}

// SharesDestination reports whether calls of two definitions can go to one address, whatever their method,
// or to one command.
func SharesDestination(a, b *ToolDefinition) bool {
	if a.Destination() != b.Destination() {
		return false
	}

	if a.MCP != nil && a.MCP.Command != "" {
		return true
	}

	return pathsMeet(a.pathSegments(), b.pathSegments())
}

// BypassesRisk reports whether d reaches with a lower risk what other, a tool that is or was, reaches: it
// then takes a second member's word. Two methods at one address are two things, unless other is of
// [RiskApproval]: there a method is not worth relying on.
func (d *ToolDefinition) BypassesRisk(other *ToolDefinition) bool {
	if !SharesDestination(d, other) || !lowersRisk(other, d) {
		return false
	}

	hasOtherMethod := d.HTTP != nil && other.HTTP != nil && d.HTTP.Method != other.HTTP.Method

	return other.NeedsApproval() || !hasOtherMethod
}

// HasMoved reports whether a changed definition reaches something else than it did before.
func (d *ToolDefinition) HasMoved(before *ToolDefinition) bool {
	if d.Destination() != before.Destination() || !slices.Equal(d.pathSegments(), before.pathSegments()) {
		return true
	}

	return d.HTTP != nil && before.HTTP != nil && d.HTTP.Method != before.HTTP.Method
}

// lowersRisk reports whether any tool has a lower risk in the second definition than in the first one.
func lowersRisk(before, after *ToolDefinition) bool {
	was, is := before.risks(), after.risks()
	names := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is)))

	return slices.ContainsFunc(names, func(name string) bool {
		return riskIn(was, name).Exceeds(riskIn(is, name))
	})
}
