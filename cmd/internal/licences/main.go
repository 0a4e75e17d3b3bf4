// Command licences lists the modules that the programs link, with their licences, and fails if one is
// not on the allow list. It reads the module cache only.
//
// Each package is held to the licence that is nearest to it, in its folder or above: a module may
// bring a copy of another one, under that one's licence.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
)

// program is one that is handed to others, and how it is built.
type program struct {
	name string
	args []string
}

// programs are those whose modules are listed.
var programs = []program{
	{name: "handrail", args: []string{"-tags", "nosqlite", "./cmd/handrail"}},
	{name: "handrail-dev", args: []string{"./cmd/handrail-dev"}},
}

func main() {
	if err := listLicences(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func listLicences(ctx context.Context, out io.Writer) error {
	modules := map[string]*linkedModule{}

	for _, p := range programs {
		if err := addPackages(ctx, modules, p); err != nil {
			return err
		}
	}

	return writeTable(out, sortModules(modules))
}

// linkedModule is a module of which a program links packages.
type linkedModule struct {
	path     string
	version  string
	folder   string
	programs []string
	// packages are the folders of what is linked.
	packages map[string]bool
}

// listedPackage is what `go list -json` says of a package.
type listedPackage struct {
	Dir    string        `json:"Dir"`
	Module *listedModule `json:"Module"`
}

// listedModule is what it says of the package's module.
type listedModule struct {
	Path    string        `json:"Path"`
	Version string        `json:"Version"`
	Dir     string        `json:"Dir"`
	Main    bool          `json:"Main"`
	Replace *listedModule `json:"Replace"`
}

// addPackages adds what the program links, but what is the standard library's or our own.
func addPackages(ctx context.Context, modules map[string]*linkedModule, p program) error {
	args := append([]string{"list", "-deps", "-json=Dir,Module"}, p.args...)

	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are those above
	command.Stderr = os.Stderr

	listed, err := command.Output()
	if err != nil {
		return fmt.Errorf("list what %s links: %w", p.name, err)
	}

	for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
		var one listedPackage
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read what %s links: %w", p.name, err)
		}

		if one.Module == nil || one.Module.Main {
			continue
		}

		addPackage(modules, one, p.name)
	}
}

func addPackage(modules map[string]*linkedModule, one listedPackage, name string) {
	path := one.Module.Path
	version := one.Module.Version

	if replace := one.Module.Replace; replace != nil {
		path = replace.Path
		version = replace.Version
	}

	m := modules[path]
	if m == nil {
		m = &linkedModule{
			path:     path,
			version:  version,
			folder:   one.Module.Dir,
			packages: map[string]bool{},
		}
		modules[path] = m
	}

	m.packages[one.Dir] = true

	if !slices.Contains(m.programs, name) {
		m.programs = append(m.programs, name)
	}
}

func sortModules(modules map[string]*linkedModule) []*linkedModule {
	return slices.SortedFunc(maps.Values(modules), func(a, b *linkedModule) int {
		return strings.Compare(a.path, b.path)
	})
}

// writeTable writes the table. Errors: a module whose licence is unknown or not allowed, each by its name.
func writeTable(out io.Writer, modules []*linkedModule) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "MODULE\tVERSION\tLICENCE\tLINKED BY") // Flush tells of an error

	var refused []error

	for _, m := range modules {
		found, err := findLicences(m)
		if err != nil {
			return err
		}

		if err := checkLicences(m.path, found); err != nil {
			refused = append(refused, err)
		}

		row := []string{m.path, m.version, strings.Join(found, ", "), strings.Join(m.programs, ", ")}
		_, _ = fmt.Fprintln(table, strings.Join(row, "\t")) // Flush tells of an error
	}

	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}

	return errors.Join(refused...)
}
