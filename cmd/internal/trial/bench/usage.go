package bench

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/prometheus/procfs"

	"handrail/cmd/internal/trial/testcluster"
)

// usage is what everything has used until a moment.
type usage struct {
	at time.Time
	// cpu is in seconds, resident in bytes, both by kind of process.
	cpu      map[string]float64
	resident map[string]float64
	// transactions are those of Handrail's database.
	transactions float64
}

// meter reads what processes and the database use.
type meter struct {
	cluster *testcluster.Cluster
	proc    procfs.FS
	db      *sql.DB
}

func newMeter(s *testcluster.Cluster) (*meter, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, fmt.Errorf("read what processes use: %w", err)
	}

	db := openSQL(s.DatabaseURL("template1")) // not a database that is counted
	db.SetMaxOpenConns(1)

	return &meter{cluster: s, proc: proc, db: db}, nil
}

// PostgreSQL's processes report what they have done once a second, and within ten seconds
// when they have nothing to do.
const countedAfter = 11 * time.Second

// read waits until everything is counted, and reads it.
func (m *meter) read(ctx context.Context) (*usage, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()

	case <-time.After(countedAfter):
	}

	u, err := m.processes()
	if err != nil {
		return nil, err
	}

	const counted = `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'`

	return u, m.db.QueryRowContext(ctx, counted).Scan(&u.transactions)
}

// sizes are those of the databases, with their indexes, in bytes.
func (m *meter) sizes(ctx context.Context) (map[string]float64, error) {
	const sizes = `SELECT datname, pg_database_size(oid) FROM pg_database
		WHERE NOT datistemplate AND datname <> 'baseline'`

	rows, err := m.db.QueryContext(ctx, sizes)
	if err != nil {
		return nil, fmt.Errorf("read how large the databases are: %w", err)
	}

	defer func() { _ = rows.Close() }() // Err reports what went wrong

	all := map[string]float64{}

	for rows.Next() {
		var (
			name string
			size float64
		)

		if err := rows.Scan(&name, &size); err != nil {
			return nil, err
		}

		all[name] = size
	}

	return all, rows.Err()
}

// vacuum lets PostgreSQL vacuum by itself, or not.
func (m *meter) vacuum(ctx context.Context, on bool) error {
	if _, err := m.db.ExecContext(ctx, fmt.Sprintf("ALTER SYSTEM SET autovacuum = %t", on)); err != nil {
		return fmt.Errorf("switch PostgreSQL's vacuuming: %w", err)
	}

	_, err := m.db.ExecContext(ctx, "SELECT pg_reload_conf()")

	return err
}

// processes reads what the processes have used, with those that they have started.
func (m *meter) processes() (*usage, error) {
	u := &usage{at: time.Now(), cpu: map[string]float64{}, resident: map[string]float64{}}

	all, err := m.proc.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("list the processes: %w", err)
	}

	kinds := map[int]string{}
	for _, p := range m.cluster.Running() {
		kinds[p.PID()] = p.Kind
	}

	for _, p := range all {
		stat, err := p.Stat()
		if err != nil { // it has ended meanwhile
			continue
		}

		kind, known := kinds[p.PID]
		if !known {
			if kind, known = kinds[stat.PPID]; !known {
				continue
			}
		}

		u.cpu[kind] += stat.CPUTime()
		u.resident[kind] += residentMemory(&p, &stat)
	}

	return u, nil
}

// residentMemory is the memory that a process has to itself, with its share of what it shares:
// PostgreSQL's processes share most of theirs.
func residentMemory(p *procfs.Proc, stat *procfs.ProcStat) float64 {
	if rollup, err := p.ProcSMapsRollup(); err == nil {
		return float64(rollup.Pss)
	}

	return float64(stat.ResidentMemory())
}

// per is what so many actions have used between two moments, with what is used when
// nothing is done taken off. What is resident is that of the later moment.
func (u *usage) per(before, idle *usage, seconds, actions float64) Cost {
	c := Cost{CPU: map[string]float64{}, ResidentMB: map[string]float64{}}
	for kind := range u.cpu {
		c.CPU[kind] = max(0, u.cpu[kind]-before.cpu[kind]-idle.cpu[kind]*seconds) / actions * 1000
		c.ResidentMB[kind] = u.resident[kind] / (1 << 20)
	}

	c.Transactions = max(0, u.transactions-before.transactions-idle.transactions*seconds) / actions

	return c
}

// rate is what is used in a second when nothing is done.
func (u *usage) rate(before *usage) *usage {
	seconds := u.at.Sub(before.at).Seconds()

	r := &usage{cpu: map[string]float64{}, transactions: (u.transactions - before.transactions) / seconds}
	for kind := range u.cpu {
		r.cpu[kind] = (u.cpu[kind] - before.cpu[kind]) / seconds
	}

	return r
}
