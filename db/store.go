package db

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"

	"handrail/chat"
	"handrail/db/migrations"
)

// Store is the database. It is safe for concurrent use.
type Store struct {
	db     *bun.DB
	engine string
	now    func() time.Time
	// clockSkew is by how much a provider's clock may differ from ours.
	clockSkew time.Duration
	// writing admits one transaction at a time on SQLite: waiting here is in order and
	// costs nothing, waiting inside SQLite is polling. It is nil on PostgreSQL.
	writing chan struct{}
	// connect opens another pool to the same database, for migrations. It is nil on SQLite.
	connect func() *sql.DB
	// begun counts transactions.
	begun *atomic.Int64
	// changed has an entry after something was committed that may have made events.
	changed chan struct{}
	// listeners want to hear of events that have got their numbers, on SQLite.
	listeners *eventListeners
	// onFailover is told of a failover that was noticed. It may be nil.
	onFailover func(context.Context, Failover)
	// onEnded is told of an action that was ended in Temporal. It may be nil.
	onEnded func(context.Context, chat.Action)
	// onEvents is told of the events that this store has numbered. It may be nil.
	onEvents func(context.Context, []chat.Event)
}

// Option changes how a [Store] works.
type Option func(*options)

type options struct {
	now        func() time.Time
	maxConns   int
	clockSkew  time.Duration
	onFailover func(context.Context, Failover)
	onEnded    func(context.Context, chat.Action)
	onEvents   func(context.Context, []chat.Event)
}

// WithClock sets where the times come from that methods are not given; time.Now without
// it.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithClockSkew sets by how much the clocks of providers may differ from ours; [chat.ClockSkew]
// without it.
func WithClockSkew(skew time.Duration) Option { return func(o *options) { o.clockSkew = skew } }

// WithMaxConns sets how many connections the pool may open; 16 without it. An in-memory
// SQLite database always has one.
func WithMaxConns(n int) Option { return func(o *options) { o.maxConns = n } }

// WithFailoverReport sets what is called when this store has noticed that the database has
// failed over, after all that may have been sent is held.
func WithFailoverReport(report func(context.Context, Failover)) Option {
	return func(o *options) { o.onFailover = report }
}

// WithEndedReport sets what is called when this store has recorded that an action was ended in Temporal
// before it had done anything.
func WithEndedReport(report func(context.Context, chat.Action)) Option {
	return func(o *options) { o.onEnded = report }
}

// WithEventReport sets what is called with the events that this store has numbered, after they are committed. Of all
// processes, one is told of an event, once, unless it ends at that moment.
func WithEventReport(report func(context.Context, []chat.Event)) Option {
	return func(o *options) { o.onEvents = report }
}

// Open connects to the database that url names and pings it. The forms are
//
//	postgres://user:password@host:5432/database?sslmode=verify-full
//	sqlite:/path/to/file.db
//	sqlite::memory:
//
// On PostgreSQL, sslmode is one of
//
//   - verify-full: encrypted, certificate and host name verified. The default, except
//     for loopback hosts and unix sockets, where it is disable.
//   - verify-ca: encrypted, certificate verified, whatever its host name.
//   - require: encrypted, not verified, as in libpq; with sslrootcert it is verify-ca.
//   - disable: not encrypted.
//
// The modes allow and prefer are refused, because they may silently not encrypt.
// sslrootcert, sslcert and sslkey name PEM files. A unix socket's directory is given as
// ?host=/run/postgresql; connect_timeout is in seconds; application_name and settings
// like search_path are passed on.
//
// Errors name what is wrong with the url and never the password. Open does not migrate.
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	o := options{
		now:       time.Now,
		maxConns:  16,
		clockSkew: chat.ClockSkew,
	}
	for _, set := range opts {
		set(&o)
	}

	var store *Store
	var err error

	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "postgres", "postgresql":
		store, err = openPostgres(url, o)
	case "sqlite":
		store, err = openSQLite(rest, o)
	default:
		err = invalidURL("it must begin with postgres:// or sqlite:")
	}

	if err != nil {
		return nil, err
	}

	if err := store.Ping(ctx); err != nil {
		return nil, closeStore(store, err)
	}

	return store, nil
}

func newStore(engine string, pool *sql.DB, o options) *Store {
	dialects := map[string]func() schema.Dialect{
		migrations.Postgres: func() schema.Dialect { return pgdialect.New() },
		migrations.SQLite:   func() schema.Dialect { return sqlitedialect.New() },
	}

	pool.SetMaxOpenConns(o.maxConns)
	// Connections are dear on PostgreSQL, and on SQLite each costs its PRAGMAs.
	pool.SetMaxIdleConns(o.maxConns)
	// Rows a newer version's migration has widened must not break this version.
	db := bun.NewDB(pool, dialects[engine](), bun.WithDiscardUnknownColumns())
	store := &Store{
		begun:      new(atomic.Int64),
		changed:    make(chan struct{}, 1),
		listeners:  &eventListeners{},
		db:         db,
		engine:     engine,
		now:        o.now,
		clockSkew:  o.clockSkew,
		onFailover: o.onFailover,
		onEnded:    o.onEnded,
		onEvents:   o.onEvents,
	}

	if engine == migrations.SQLite {
		store.writing = make(chan struct{}, 1)
	}

	return store
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return wrapErr("reach the database", s.db.PingContext(ctx))
}

// Close closes the pool after the queries in progress have ended.
func (s *Store) Close() error { return wrapErr("close the database", s.db.Close()) }

// time is the present in the precision that both engines keep.
func (s *Store) time() time.Time { return toMicroseconds(s.now()) }

func toMicroseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// postgres reports whether the engine is PostgreSQL.
func (s *Store) postgres() bool { return s.engine == migrations.Postgres }

// inTx runs do in one transaction and says what was attempted when it fails.
func (s *Store) inTx(ctx context.Context, what string, do func(ctx context.Context, tx bun.Tx) error) error {
	s.begun.Add(1)

	err := s.runTx(ctx, what, func(ctx context.Context, tx bun.Tx) error {
		if err := do(ctx, tx); err != nil {
			return err
		}

		return s.markRequest(ctx, tx)
	})
	if err == nil {
		s.noticeChange()
	}

	return err
}

// runTx is inTx for what belongs to no request, and makes no events.
func (s *Store) runTx(ctx context.Context, what string, do func(ctx context.Context, tx bun.Tx) error) error {
	if s.writing != nil {
		select {
		case s.writing <- struct{}{}:
			defer func() { <-s.writing }()

		case <-ctx.Done():
			return wrapErr(what, ctx.Err())
		}
	}

	return wrapErr(what, s.db.RunInTx(ctx, nil, do))
}

// snapshot runs a reading of several statements that all see the same moment, and says
// what was attempted when it fails.
func (s *Store) snapshot(ctx context.Context, what string, read func(ctx context.Context, tx bun.Tx) error) error {
	return wrapErr(what, s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, read))
}

// Transactions is how many transactions the store has begun: all that writes is in one. What events need is not
// counted.
func (s *Store) Transactions() int64 { return s.begun.Load() }

// locked makes q hold its rows until the transaction ends. SQLite's transactions are
// alone from their beginning. NO KEY: rows that merely refer to a locked one may be
// inserted meanwhile.
func (s *Store) locked(q *bun.SelectQuery) *bun.SelectQuery {
	if s.postgres() {
		return q.For("NO KEY UPDATE OF ?TableAlias")
	}

	return q
}

// batch runs statements whose answers nobody needs, in one round trip.
func (s *Store) batch(ctx context.Context, tx bun.Tx, queries ...bun.Query) error {
	var script []byte

	for _, q := range queries {
		var err error
		if script, err = q.AppendQuery(s.db.QueryGen(), script); err != nil {
			return err
		}

		script = append(script, ";\n"...)
	}

	if len(script) == 0 {
		return nil
	}

	// Without arguments: a question mark inside a text stays one.
	_, err := tx.ExecContext(ctx, string(script))

	return err
}

// foldFunction is strings.ToLower in SQL: SQLite's own lower() knows ASCII only.
const foldFunction = "handrail_fold"

// contains is a condition that column holds text, case-insensitively and with % and _ as
// themselves. PostgreSQL folds case by the database's locale.
func (s *Store) contains(column, text string) schema.QueryWithArgs {
	pattern := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
	if s.postgres() {
		return bun.SafeQuery(column+` ILIKE ? ESCAPE '!'`, pattern)
	}

	return bun.SafeQuery(foldFunction+"("+column+`) LIKE ? ESCAPE '!'`, strings.ToLower(pattern))
}

// hasChanged reports whether a statement has inserted, changed or deleted any row.
func hasChanged(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}

	count, err := result.RowsAffected()

	return count > 0, err
}

// noRows reports whether a query found nothing.
func noRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// unlessNone is err, unless it says that there is no such row.
func unlessNone(err error) error {
	if noRows(err) {
		return nil
	}

	return err
}

// orNotFound turns "no rows" into the given error.
func orNotFound(err error, code chat.Code, what string) error {
	if noRows(err) {
		return notFound(code, what)
	}

	return err
}

func notFound(code chat.Code, what string) *chat.Error {
	return chat.Errorf(code, "there is no such %s", what)
}
