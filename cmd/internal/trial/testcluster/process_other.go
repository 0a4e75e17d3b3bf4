//go:build !linux

package testcluster

import "syscall"

// processAttributes keep a terminal's Ctrl-C from the processes, which end in their turn.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
