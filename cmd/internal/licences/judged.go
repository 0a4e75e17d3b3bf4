package main

import (
	"crypto/sha256"
	"encoding/hex"
)

// judgedText is a text of which a person has said what it is, as it is not the text of a known licence.
// Another text, in a later version of the module, is unknown until somebody has read it.
type judgedText struct {
	file     string
	sha256   string
	licences []string
}

// judgedTexts are those that licensecheck does not tell.
var judgedTexts = []judgedText{
	{
		// Notices of Go, go-netdb, musl and nixpkgs, parts of which it holds.
		file:     "modernc.org/libc LICENSE-3RD-PARTY.md",
		sha256:   "f597097efe3d97021f89170746bd3a0fb9a8b6fb26b82043ed68a4e0283bee6c",
		licences: []string{"BSD-2-Clause", "BSD-3-Clause", "MIT"},
	},
	{
		// The address of a picture, which is not linked.
		file:   "modernc.org/memory LICENSE-LOGO",
		sha256: "5ae5bee3072a841376451b48d8cfcec7188e10543926d5870828d36c8a750dc5",
	},
	{
		// Its section 1 lists what is linked; the rest is of tests and tools.
		file:     "modernc.org/sqlite LICENSE-3RD-PARTY.md",
		sha256:   "4194f8e7119be72babd499db4f6f1f7547e36e8a7bffcb2b9c8df241b8f1576a",
		licences: []string{"BSD-3-Clause", "MIT", publicDomain},
	},
	{
		file:     "modernc.org/sqlite LICENSE-SQLITE",
		sha256:   "8438c9c89b849131ead81d5435cb97fcf052df5b0b286dda8a2d4c29e6cb3fd0",
		licences: []string{publicDomain},
	},
}

// judgedModules are modules that hold no text of a licence, in the version that was looked at.
var judgedModules = map[string]string{
	// Its files say "an MIT-style license that can be found in the LICENSE file", which stands in the
	// folder above, outside of the module.
	"github.com/cactus/go-statsd-client/statsd@v0.0.0-20200423205355-cb0885a1018c": "MIT",
	// One generated file of options for Protocol Buffers, which go.temporal.io/api (MIT) imports. It
	// says nothing of a licence, and it cannot be left out.
	"github.com/nexus-rpc/nexus-proto-annotations@v0.1.0": unstated,
}

// publicDomain is what has been given to everybody.
const publicDomain = "public domain"

// unstated is the licence of what says none, and was accepted by name above.
const unstated = "none stated"

// findJudgement returns what a person has said of the text.
func findJudgement(text []byte) (licences []string, ok bool) {
	sum := sha256.Sum256(text)

	for _, judged := range judgedTexts {
		if judged.sha256 == hex.EncodeToString(sum[:]) {
			return judged.licences, true
		}
	}

	return nil, false
}
