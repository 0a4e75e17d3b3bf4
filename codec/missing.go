package codec

import (
	"slices"
	"strings"
	"sync"
)

// Bounds on what is remembered of ids that come from outside.
const (
	maxMissingKeys = 16
	maxKeyID       = 64
)

// missingKeys are the ids of keys that something was sealed with and that are not configured.
type missingKeys struct {
	mutex  sync.Mutex
	ids    []string
	report func(id string)
}

// OnMissingKey has report called once for each key that something was sealed with and that is
// not configured. It must be called before the codec is used.
func (c *Codec) OnMissingKey(report func(id string)) { c.missing.report = report }

// MissingKeys lists the ids of the keys that something was sealed with and that are not
// configured, as far as this codec has met them. Ids are not secret.
func (c *Codec) MissingKeys() []string {
	c.missing.mutex.Lock()
	defer c.missing.mutex.Unlock()

	return slices.Sorted(slices.Values(c.missing.ids))
}

func (m *missingKeys) add(id string) {
	id = strings.ToValidUTF8(id[:min(len(id), maxKeyID)], "")

	m.mutex.Lock()
	known := slices.Contains(m.ids, id) || len(m.ids) == maxMissingKeys

	if !known {
		m.ids = append(m.ids, id)
	}

	m.mutex.Unlock()

	if !known && m.report != nil {
		m.report(id)
	}
}
