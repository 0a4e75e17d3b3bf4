//go:build race

package model

// UnderRace reports that the race detector is on, which makes an exploration take ten times as long.
const UnderRace = true
