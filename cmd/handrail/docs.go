package main

import (
	"fmt"
	"os"
	"path/filepath"

	"handrail/guide"
)

type docsCommand struct {
	Build docsBuild `cmd:"" help:"Write the guide as files for any web server. The API serves it at /docs/guide."`
}

type docsBuild struct {
	Out string `required:"" help:"Folder to write to. It is made if it is not there." placeholder:"DIR"`
}

// Run writes every file of the guide, over those that are there.
func (b docsBuild) Run(c *console) error {
	site, err := guide.Build(guide.Options{})
	if err != nil {
		return err
	}

	names := site.Names()
	for _, name := range names {
		content, _ := site.Find(name)
		file := filepath.Join(b.Out, filepath.FromSlash(name))

		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a web server reads it
			return fmt.Errorf("make the folder of the guide: %w", err)
		}

		if err := os.WriteFile(file, content, 0o644); err != nil { //nolint:gosec // a web server reads it
			return fmt.Errorf("write the guide: %w", err)
		}
	}

	fmt.Fprintf(c.out, "wrote %d files; open %s\n", len(names), filepath.Join(b.Out, guide.Index))

	return nil
}
