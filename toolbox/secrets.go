package toolbox

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"handrail/chat"
)

// keySize is that of a signing key: Standard Webhooks asks for 24 to 64 bytes.
const keySize = 32

// oldKeySigns is how long a signing key that was replaced signs along.
const oldKeySigns = 24 * time.Hour

// sealed is what a definition keeps encrypted.
type sealed struct {
	Values map[string]string `json:"values,omitempty"`
	// Destination is where the secrets and signatures go, and nowhere else: scheme, host and port,
	// or the name of a command.
	Destination string       `json:"destination,omitempty"`
	Signing     []signingKey `json:"signing,omitempty"`
}

type signingKey struct {
	Secret string `json:"secret"`
	// Until is when the key stops signing, zero for the newest.
	Until time.Time `json:"until,omitzero"`
}

// newSigningKey is a key in the form of Standard Webhooks.
func newSigningKey() signingKey {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails

	return signingKey{Secret: "whsec_" + base64.StdEncoding.EncodeToString(key)}
}

func (b *Toolbox) open(d *chat.ToolDefinition) (sealed, error) {
	var s sealed
	if len(d.Sealed) == 0 {
		return s, nil
	}

	if b.config.Sealer == nil {
		return s, encryptionOff()
	}

	plain, err := b.config.Sealer.Open(SecretsPlace(d.WorkspaceID), d.Sealed)
	if err != nil {
		return s, fmt.Errorf("open the secrets of tool %d: %w", d.ID, err)
	}

	if err := json.Unmarshal(plain, &s); err != nil {
		return s, fmt.Errorf("read the secrets of tool %d: %w", d.ID, err)
	}

	return s, nil
}

func (b *Toolbox) seal(d *chat.ToolDefinition, s *sealed) error {
	d.SecretNames = slices.Sorted(maps.Keys(s.Values))
	if len(s.Values) == 0 && len(s.Signing) == 0 {
		d.Sealed = nil
		return nil
	}

	plain, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write the secrets of a tool: %w", err)
	}

	if d.Sealed, err = b.config.Sealer.Seal(SecretsPlace(d.WorkspaceID), plain); err != nil {
		return fmt.Errorf("seal the secrets of a tool: %w", err)
	}

	return nil
}

func encryptionOff() *chat.Error {
	return chat.InvalidAs(
		chat.CodeEncryptionOff,
		"secrets",
		"cannot be kept: the operator must set HANDRAIL_ENCRYPTION_KEYS first",
	)
}

var secretName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

const maxSecret = 8 << 10

// destinationOf is where requests of a tool go: the scheme, host and port of its URL, and of the server that
// issues its tokens, or its command.
func destinationOf(d *chat.ToolDefinition) string {
	text := ""

	switch {
	case d.HTTP != nil:
		text = d.HTTP.URL
	case d.MCP != nil && d.MCP.Command != "":
		return "command " + d.MCP.Command
	case d.MCP != nil:
		text = d.MCP.URL
	}

	to := originOf(text)
	if d.MCP != nil && d.MCP.OAuth != nil {
		to += " " + originOf(d.MCP.OAuth.Issuer)
	}

	return to
}

// originOf is the scheme, host and port of a URL.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}

	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])

	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// change puts new secrets beside, or in place of, those that a definition has. If it has them for another
// destination, they and its signing key are dropped.
func (b *Toolbox) change(d *chat.ToolDefinition, changes chat.ToolSecrets) (sealed, error) {
	s, err := b.open(d)
	if err != nil {
		return s, err
	}

	if len(changes) > 0 && b.config.Sealer == nil {
		return s, encryptionOff()
	}

	// Whoever may change a tool may not have its secrets sent to a host of their own.
	if to := destinationOf(d); s.Destination != to {
		s = sealed{Destination: to}
	}

	if s.Values == nil {
		s.Values = map[string]string{}
	}

	for name, value := range changes {
		switch {
		case !secretName.MatchString(name):
			return s, chat.Invalid("secrets", "must have names like API_KEY")
		case value == nil:
			delete(s.Values, name)
		case len(*value) < shortest || len(*value) > maxSecret:
			return s, chat.Invalid("secrets."+name, "must have %d to %d bytes", shortest, maxSecret)
		default:
			s.Values[name] = *value
		}
	}

	if d.Kind == chat.ToolHTTP && len(s.Signing) == 0 && b.config.Sealer != nil {
		s.Signing = []signingKey{newSigningKey()}
	}

	return s, nil
}

// SigningSecret is the key that requests of an HTTP tool are signed with, in the form of
// Standard Webhooks; "" when there is none.
func (b *Toolbox) SigningSecret(d chat.ToolDefinition) (string, error) {
	s, err := b.open(&d)
	if err != nil || len(s.Signing) == 0 {
		return "", err
	}

	return s.Signing[0].Secret, nil
}

// RotateSigning gives an HTTP tool a new signing key and returns it. The old one signs
// along for 24 hours.
func (b *Toolbox) RotateSigning(d *chat.ToolDefinition, now time.Time) (string, error) {
	if d.Kind != chat.ToolHTTP {
		return "", chat.Invalid("path.tool_id", "must be an HTTP tool: MCP requests are not signed")
	}

	if b.config.Sealer == nil {
		return "", encryptionOff()
	}

	s, err := b.open(d)
	if err != nil {
		return "", err
	}

	fresh := newSigningKey()
	keys := []signingKey{fresh}

	if len(s.Signing) > 0 {
		old := s.Signing[0]
		old.Until = now.Add(oldKeySigns)
		keys = append(keys, old)
	}

	s.Signing = keys

	return fresh.Secret, b.seal(d, &s)
}

// reference is a secret in a header.
var reference = regexp.MustCompile(`\{secret\.([A-Za-z0-9_]+)\}`)

// fillHeaders puts the secrets into headers.
func fillHeaders(headers, secrets map[string]string) (map[string]string, error) {
	filled := make(map[string]string, len(headers))
	for name, value := range headers {
		var missing string
		filled[name] = reference.ReplaceAllStringFunc(value, func(found string) string {
			secret := reference.FindStringSubmatch(found)[1]
			if _, ok := secrets[secret]; !ok {
				missing = secret
			}

			return secrets[secret]
		})

		if missing != "" {
			return nil, chat.Invalid(
				"headers."+name,
				"refers to the secret %s, which the tool does not have; when scheme, host or port change, "+
					"secrets must be given again",
				missing,
			)
		}
	}

	return filled, nil
}
