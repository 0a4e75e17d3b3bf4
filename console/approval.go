package console

import (
	"fmt"
	"strings"

	"handrail/client"
)

// describeTool returns a tool with its version and where it goes, as it was when the approval was asked for.
func describeTool(t *client.PinnedTool) string {
	return fmt.Sprintf("%s, version %d, %s", t.Name, t.Version, t.Where)
}

// joinWords returns words with commas between them.
func joinWords[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}

	return strings.Join(texts, ", ")
}
