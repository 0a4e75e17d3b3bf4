package db

import (
	"cmp"
	"database/sql"
	"errors"
	"net"
	neturl "net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/db/migrations"
)

// queryTimeout ends a query whose context has no deadline, so that a database that has
// gone away cannot hold a caller for ever.
const queryTimeout = 30 * time.Second

func openPostgres(url string, o options) (*Store, error) {
	config, err := postgresOptions(url)
	if err != nil {
		return nil, err
	}

	store := newStore(migrations.Postgres, sql.OpenDB(pgdriver.NewConnector(config...)), o)
	// A migration may read a large table from end to end.
	patient := pgdriver.NewConnector(append(config, pgdriver.WithReadTimeout(0))...)
	store.connect = func() *sql.DB { return sql.OpenDB(patient) }

	return store, nil
}

// postgresOptions reads the URL itself: the driver's own reading panics on some, turns
// verification off by default, and takes libpq's socket directory for an address.
func postgresOptions(url string) ([]pgdriver.Option, error) {
	u, err := neturl.Parse(url)
	if err != nil {
		// url.Error repeats the URL, password included.
		if inner, ok := errors.AsType[*neturl.Error](err); ok {
			err = inner.Err
		}

		return nil, invalidURL("%w; a password's special characters must be percent-encoded", err)
	}

	query, err := neturl.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalidURL("its parameters are malformed")
	}

	take := func(name string) string {
		defer query.Del(name)
		return query.Get(name)
	}

	database, user := strings.TrimPrefix(u.Path, "/"), u.User.Username()
	if database == "" || user == "" {
		return nil, invalidURL("it must name a user and a database, like postgres://user@host/database")
	}

	network, address, host := postgresAddress(u, take("host"), take("port"))

	config, err := tlsConfig(host, tlsSettings{
		mode:     take("sslmode"),
		rootCert: take("sslrootcert"),
		cert:     take("sslcert"),
		key:      take("sslkey"),
	})
	if err != nil {
		return nil, err
	}

	dial, err := strconv.Atoi(cmp.Or(take("connect_timeout"), "5"))
	if err != nil || dial <= 0 {
		return nil, invalidURL("connect_timeout must be a number of seconds")
	}

	opts := []pgdriver.Option{
		pgdriver.WithNetwork(network), pgdriver.WithAddr(address), pgdriver.WithTLSConfig(config),
		pgdriver.WithUser(user), pgdriver.WithDatabase(database),
		pgdriver.WithApplicationName(cmp.Or(take("application_name"), "handrail")),
		pgdriver.WithDialTimeout(time.Duration(dial) * time.Second),
		pgdriver.WithReadTimeout(queryTimeout), pgdriver.WithWriteTimeout(queryTimeout),
		pgdriver.WithResetSessionFunc(checkAlive),
	}

	if password, ok := u.User.Password(); ok && password != "" {
		opts = append(opts, pgdriver.WithPassword(password))
	}

	settings, err := sessionSettings(query)

	return append(opts, pgdriver.WithConnParams(settings)), err
}

// postgresAddress returns where to connect. host is what a certificate must name, "" for a
// unix socket.
func postgresAddress(u *neturl.URL, hostParameter, portParameter string) (network, address, host string) {
	port := cmp.Or(portParameter, u.Port(), "5432")

	host = cmp.Or(hostParameter, u.Hostname(), "localhost")
	if strings.HasPrefix(host, "/") {
		return "unix", path.Join(host, ".s.PGSQL."+port), ""
	}

	return "tcp", net.JoinHostPort(host, port), host
}

var settingName = regexp.MustCompile(`^[a-z_][a-z0-9_.]*$`)

// sessionSettings are what every connection sets: the rest of the URL's parameters, the
// time zone in which the driver reads times, and that joins are made in the order in which
// they are written. The driver has every statement planned anew, and to look for a better
// order takes as long as the rest of a plan.
func sessionSettings(query neturl.Values) (map[string]any, error) {
	settings := map[string]any{"timezone": "UTC", "join_collapse_limit": "1"}

	for name := range query {
		// The driver puts the name into SQL as it is.
		if !settingName.MatchString(name) || strings.HasPrefix(name, "ssl") {
			return nil, invalidURL("the parameter %q is not known", name)
		}

		settings[name] = query.Get(name)
	}

	return settings, nil
}
