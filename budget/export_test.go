package budget

// CountKeys returns how many keys are remembered.
func CountKeys[K comparable](b *Buckets[K]) int {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return len(b.recent) + len(b.older)
}
