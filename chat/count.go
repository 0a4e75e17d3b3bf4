package chat

import (
	"fmt"
	"strings"
)

// CountOf says how many there are of a thing: "1 delivery", "2 deliveries".
func CountOf[N ~int | ~int64](n N, one string) string {
	return fmt.Sprintf("%d %s", n, NounOf(n, one))
}

// NounOf returns what so many of a thing are called: "delivery", "deliveries".
func NounOf[N ~int | ~int64](n N, one string) string {
	stem, endsInY := strings.CutSuffix(one, "y")

	switch {
	case n == 1:
		return one
	case endsInY:
		return stem + "ies"
	case strings.HasSuffix(one, "s"):
		return one + "es"
	}

	return one + "s"
}
