package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const isc = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee
is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING
ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL,
DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS,
WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE
OR PERFORMANCE OF THIS SOFTWARE.
`

// newModule makes a module of these files, of which the packages in these folders are linked.
func newModule(t *testing.T, files map[string]string, packages ...string) *linkedModule {
	t.Helper()

	m := &linkedModule{
		path:     "example.com/module",
		version:  "v1.0.0",
		folder:   t.TempDir(),
		packages: map[string]bool{},
	}

	for _, folder := range packages {
		require.NoError(t, os.MkdirAll(filepath.Join(m.folder, folder), 0o700))
		m.packages[filepath.Join(m.folder, folder)] = true
	}

	for name, text := range files {
		file := filepath.Join(m.folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}

	return m
}

func TestLicencesAreFoundByTheirText(t *testing.T) {
	t.Parallel()

	raw, err := os.ReadFile("../../../LICENSE")
	require.NoError(t, err)

	apache := string(raw)
	withCopy := map[string]string{"LICENSE": apache, "copy/LICENSE": isc}

	for name, test := range map[string]struct {
		files    map[string]string
		packages []string
		want     []string
	}{
		"its own":                   {map[string]string{"LICENSE": isc}, []string{"."}, []string{"ISC"}},
		"above the package":         {map[string]string{"COPYING.txt": isc}, []string{"a/b"}, []string{"ISC"}},
		"spelt as in London":        {map[string]string{"licence.md": apache}, []string{"."}, []string{"Apache-2.0"}},
		"a copy of another":         {withCopy, []string{".", "copy"}, []string{"Apache-2.0", "ISC"}},
		"a copy that is not linked": {withCopy, []string{"."}, []string{"Apache-2.0"}},
		"none":                      {nil, []string{"a"}, []string{unknown}},
		"somebody's":                {map[string]string{"LICENSE": "You may look."}, []string{"."}, []string{unknown}},
		"source":                    {map[string]string{"license.go": isc}, []string{"."}, []string{unknown}},
		"with a condition": {
			map[string]string{"LICENSE": isc, "LICENSE-X": "Pay me."},
			[]string{"."},
			[]string{"ISC", unknown},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			found, err := findLicences(newModule(t, test.files, test.packages...))
			require.NoError(t, err)
			assert.Equal(t, test.want, found)
		})
	}
}

func TestWhatIsNotAllowedIsNamed(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer

	m := newModule(t, map[string]string{"LICENSE": "You may look."}, ".")
	m.programs = []string{"handrail"}

	err := writeTable(&out, []*linkedModule{m})
	require.ErrorContains(t, err, "example.com/module: its licence is unknown, which is not on the allow list")
	assert.Contains(t, out.String(), "example.com/module  v1.0.0   unknown  handrail\n", "the table is shown all the same")

	require.ErrorContains(t, checkLicences("m", []string{"MIT", "AGPL-3.0"}), "m: its licence is AGPL-3.0")
	require.NoError(t, checkLicences("m", allowed))
}
