package console

import (
	"fmt"

	"handrail/client"
)

// describeTool returns the name, the version and the place of a tool, as they were when the approval was asked for.
func describeTool(t *client.PinnedTool) string {
	return fmt.Sprintf("%s, version %d, %s", t.Name, t.Version, t.Where)
}
