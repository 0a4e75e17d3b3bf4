package client

// ValueOf returns the value of an optional field, and the zero value for one that was left out.
func ValueOf[T any](field *T) T {
	if field == nil {
		var none T
		return none
	}

	return *field
}

// IfGiven returns a pointer to a value, and nil for the zero value, which a request then leaves out.
func IfGiven[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}

	return &value
}

// OnlyGiven returns a list with the value, and nil for the zero value, for filters that take several values.
func OnlyGiven[T comparable](value T) []T {
	var none T
	if value == none {
		return nil
	}

	return []T{value}
}
