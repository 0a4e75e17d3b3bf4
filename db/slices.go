package db

// mapSlice turns rows into what they stand for.
func mapSlice[R, T any](rows []R, item func(*R) T) []T {
	items := make([]T, len(rows))
	for i := range rows {
		items[i] = item(&rows[i])
	}

	return items
}

// givenOr is the value of a patch's field, or another one if it has none.
func givenOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}

	return *value
}

// setIfGiven gives target the value of a patch's field, if it has one.
func setIfGiven[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}
