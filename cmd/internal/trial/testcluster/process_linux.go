package testcluster

import "syscall"

// processAttributes keep a terminal's Ctrl-C from the processes, which end in their turn, and
// let none of them outlive this one, even when it is killed.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
