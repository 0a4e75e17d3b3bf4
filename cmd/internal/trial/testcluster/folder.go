package testcluster

import (
	"fmt"
	"os"
	"path/filepath"
)

// MakeFolder makes the folder of a trial's installation, and returns its absolute path. It must not be there yet;
// without one it is a new temporary folder, named after the trial.
func MakeFolder(dir, trial string) (string, error) {
	if dir == "" {
		folder, err := os.MkdirTemp("", "handrail-"+trial+".")
		if err != nil {
			return "", fmt.Errorf("make a folder: %w", err)
		}

		return folder, nil
	}

	folder, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}

	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}

	return folder, nil
}
