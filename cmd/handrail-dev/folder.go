package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockFile is in the data folder of a handrail-dev that runs.
const lockFile = "lock"

// lockFolder takes the data folder for this process, until it ends or gives it back: two on one folder would both
// write to its databases, with two workers that know nothing of each other's ports.
func lockFolder(folder string) (unlock func(), err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("HANDRAIL_DATA_DIR: %w", err)
	}

	file, err := os.OpenFile(filepath.Join(folder, lockFile), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("HANDRAIL_DATA_DIR: %w", err)
	}

	free, err := tryLock(file)
	if err == nil && free {
		// Closing the file, as the end of the process does, gives the lock back.
		return func() { _ = file.Close() }, nil
	}

	_ = file.Close() // nothing was written

	if err != nil {
		return nil, fmt.Errorf("lock the folder %s: %w", folder, err)
	}

	return nil, fmt.Errorf(
		"another handrail-dev works with the folder %s. Stop it, or set HANDRAIL_DATA_DIR to another folder",
		folder,
	)
}
