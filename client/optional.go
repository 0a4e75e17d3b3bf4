package client

// ValueOf returns what a field of an answer holds, and nothing for one that was left out.
func ValueOf[T any](field *T) T {
	if field == nil {
		var none T
		return none
	}

	return *field
}

// IfGiven returns a parameter or a field that has a value, and nil for one that has none, which a request leaves out.
func IfGiven[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}

	return &value
}

// OnlyGiven returns the values of a filter that takes several: the one that was given, or none.
func OnlyGiven[T comparable](value T) []T {
	var none T
	if value == none {
		return nil
	}

	return []T{value}
}
