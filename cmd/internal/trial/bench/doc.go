// Package bench owns the measurements behind docs/performance.md: what a durable send
// takes, beside baselines that are measured in the same run on the same machine, so that
// their ratios hold where times do not.
package bench
