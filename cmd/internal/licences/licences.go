package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences under which a module may be linked: those that ask for their text and for
// the authors' names to be kept, and MPL-2.0, which asks for changes of its own files only.
var allowed = []string{
	"0BSD",
	"Apache-2.0",
	"BSD-2-Clause",
	"BSD-2-Clause-Views",
	"BSD-3-Clause",
	"ISC",
	"MIT",
	"MIT-0",
	"MPL-2.0",
	"Unlicense",
	"Zlib",
	publicDomain,
	unstated,
}

// unknown stands for a text that is no licence we can tell, or for none at all.
const unknown = "unknown"

// enough is how much of a file must be the text of known licences, in per cent. The rest is
// names and years.
const enough = 75

// licenceFile is what a licence's file is called.
var licenceFile = regexp.MustCompile(`(?i)^(li[cs]en[cs]e|copying|unlicense)([-._].*)?$`)

// findLicences returns the licences of the module's packages that are linked, sorted.
func findLicences(m *linkedModule) ([]string, error) {
	if judged, ok := judgedModules[m.path+"@"+m.version]; ok {
		return []string{judged}, nil
	}

	var all []string

	for folder := range m.packages {
		found, err := findNearestLicence(folder, m.folder)
		if err != nil {
			return nil, fmt.Errorf("find the licence of %s: %w", m.path, err)
		}

		all = append(all, found...)
	}

	slices.Sort(all)

	return slices.Compact(all), nil
}

// findNearestLicence returns the licences in the folder, or in the nearest one above that has some, up
// to the module's own.
func findNearestLicence(folder, module string) ([]string, error) {
	for {
		found, err := readLicences(folder)
		if err != nil || len(found) > 0 {
			return found, err
		}

		if folder == module || len(folder) < len(module) {
			return []string{unknown}, nil
		}

		folder = filepath.Dir(folder)
	}
}

// readLicences returns what the folder's files of licences hold.
func readLicences(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}

	var all []string

	for _, entry := range entries {
		isSource := strings.HasSuffix(entry.Name(), ".go")
		if entry.IsDir() || isSource || !licenceFile.MatchString(entry.Name()) {
			continue
		}

		text, err := os.ReadFile(filepath.Join(folder, entry.Name())) //nolint:gosec // it stands in the module cache
		if err != nil {
			return nil, err
		}

		all = append(all, recogniseText(text)...)
	}

	return all, nil
}

// recogniseText returns the licences whose text this is.
func recogniseText(text []byte) []string {
	if judged, ok := findJudgement(text); ok {
		return judged
	}

	cover := licensecheck.Scan(text)
	if cover.Percent < enough {
		return []string{unknown}
	}

	var all []string

	for _, match := range cover.Match {
		// An address of a licence within the text of another one is a reference.
		if !match.IsURL {
			all = append(all, match.ID)
		}
	}

	if len(all) == 0 {
		return []string{unknown}
	}

	return all
}

// checkLicences returns an error that names the module and each licence that is not allowed.
func checkLicences(module string, found []string) error {
	var all []error

	for _, licence := range found {
		if !slices.Contains(allowed, licence) {
			all = append(all, fmt.Errorf("%s: its licence is %s, which is not on the allow list", module, licence))
		}
	}

	return errors.Join(all...)
}
