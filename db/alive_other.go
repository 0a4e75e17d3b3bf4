//go:build !unix

package db

import (
	"context"

	"github.com/uptrace/bun/driver/pgdriver"
)

// checkAlive finds nothing out here.
func checkAlive(context.Context, *pgdriver.Conn) error { return nil }
