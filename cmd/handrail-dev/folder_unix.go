//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// tryLock reports whether nobody else had the lock of a file, which is then ours.
func tryLock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}

	return err == nil, err
}
