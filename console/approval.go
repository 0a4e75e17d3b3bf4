package console

import (
	"fmt"

	"handrail/client"
)

// describeTool returns a tool with its version and where it goes, as it was when the approval was asked for.
func describeTool(t *client.PinnedTool) string {
	return fmt.Sprintf("%s, version %d, %s", t.Name, t.Version, t.Where)
}
