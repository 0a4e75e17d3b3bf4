//go:build !linux

package testcluster

import "syscall"

// attributes keep a terminal's Ctrl-C from the processes, which end in their turn.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
