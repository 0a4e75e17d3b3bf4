package temporaldev

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/tools/common/schema"
	toolsql "go.temporal.io/server/tools/sql"
)

// stores are the databases of a server. With SQLite they are one.
type stores struct{ main, visibility *config.SQL }

func newStores(o Options) (stores, error) {
	if o.Postgres == "" {
		one := sqliteConfig(o.File)
		return stores{one, one}, nil
	}

	executions, err := postgresConfig(o.Postgres)
	if err != nil {
		return stores{}, err
	}

	visibility := *executions
	visibility.DatabaseName += "_visibility"

	return stores{executions, &visibility}, nil
}

// persistence is what the server is configured with.
func (s stores) persistence(shards int32) config.Persistence {
	const executions, visibility = "main", "visibility"

	return config.Persistence{
		DefaultStore:     executions,
		VisibilityStore:  visibility,
		NumHistoryShards: max(shards, 1),
		DataStores:       map[string]config.DataStore{executions: {SQL: s.main}, visibility: {SQL: s.visibility}},
	}
}

func sqliteConfig(file string) *config.SQL {
	attributes := map[string]string{"mode": "rwc", "_journal_mode": "wal", "_synchronous": "2"}
	if file == "" {
		attributes = map[string]string{"mode": "memory", "cache": "shared"}
		file = uuid.NewString()
	}

	return &config.SQL{PluginName: sqliteplugin.PluginName, DatabaseName: file, ConnectAttributes: attributes}
}

func postgresConfig(address string) (*config.SQL, error) {
	at, err := url.Parse(address)
	if err != nil || at.User == nil || strings.Trim(at.Path, "/") == "" {
		return nil, errors.New("the address of Temporal's database must be postgres://user:password@host:port/database")
	}

	password, _ := at.User.Password()

	attributes := map[string]string{}
	for name, values := range at.Query() {
		attributes[name] = strings.Join(values, ",")
	}

	return &config.SQL{
		// It keeps prepared statements, the other plugin plans each anew: make bench ran 1.3
		// times as many workflows a second with it.
		PluginName:        postgresql.PluginNamePGX,
		DatabaseName:      strings.Trim(at.Path, "/"),
		ConnectAddr:       at.Host,
		ConnectProtocol:   "tcp",
		User:              at.User.Username(),
		Password:          password,
		ConnectAttributes: attributes,
		MaxConns:          postgresConns,
		MaxIdleConns:      postgresConns,
	}, nil
}

// postgresConns is how many connections each of Temporal's services opens to a database,
// as in the configuration of Temporal's own image.
const postgresConns = 20

// prepare lays the schema and registers the namespace; what is there is left as it is.
func (s stores) prepare(o Options) error {
	if err := s.lay(o); err != nil {
		return err
	}

	// With the namespace, so that the server knows them from its first moment; what is
	// registered later it learns of within seconds.
	attributes := map[string]enumspb.IndexedValueType{}
	for _, key := range o.SearchAttributes {
		attributes[key.GetName()] = key.GetValueType()
	}

	ns, err := sqlite.NewNamespaceConfig(clusterName, o.Namespace, false, attributes)
	if err != nil {
		return fmt.Errorf("describe namespace %q: %w", o.Namespace, err)
	}

	// It is in the package of SQLite, and works with every SQL store.
	if err := sqlite.CreateNamespaces(s.main, ns); err != nil {
		return fmt.Errorf("register namespace %q: %w", o.Namespace, err)
	}

	return nil
}

// lay makes what is missing of the databases and their schemas.
func (s stores) lay(o Options) error {
	if o.Postgres == "" {
		return layFile(o.File, s.main)
	}

	return errors.Join(
		layDatabase(s.main, "postgresql/v12/temporal"),
		layDatabase(s.visibility, "postgresql/v12/visibility"),
	)
}

func layFile(file string, store *config.SQL) error {
	if file == "" { // Temporal lays the schema into memory by itself
		return nil
	}

	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("create data folder of embedded Temporal server: %w", err)
	}

	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := sqlite.SetupSchema(store); err != nil {
			return fmt.Errorf("create schema of embedded Temporal server: %w", err)
		}
	}

	return nil
}

// layDatabase makes a database unless it is there, and brings its schema up to date.
func layDatabase(store *config.SQL, name string) error {
	quiet := log.NewNoopLogger()
	admin := *store

	admin.DatabaseName = "postgres"
	if err := createDatabase(&admin, store.DatabaseName, quiet); err != nil {
		return fmt.Errorf("create database %s: %w", store.DatabaseName, err)
	}

	conn, err := toolsql.NewConnection(store, quiet)
	if err != nil {
		return fmt.Errorf("open database %s: %w", store.DatabaseName, err)
	}

	defer conn.Close()

	tables, err := conn.ListTables()
	if err != nil {
		return fmt.Errorf("look into database %s: %w", store.DatabaseName, err)
	}

	if !slices.Contains(tables, "schema_version") {
		setup := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, quiet)
		if err := setup.Run(); err != nil {
			return fmt.Errorf("set up database %s: %w", store.DatabaseName, err)
		}
	}

	update := schema.NewUpdateSchemaTask(
		conn,
		&schema.UpdateConfig{DBName: store.DatabaseName, SchemaName: name},
		quiet,
	)

	if err := update.Run(); err != nil {
		return fmt.Errorf("bring database %s up to date: %w", store.DatabaseName, err)
	}

	return nil
}

func createDatabase(admin *config.SQL, name string, logger log.Logger) error {
	conn, err := toolsql.NewConnection(admin, logger)
	if err != nil {
		return err
	}

	defer conn.Close()

	err = conn.CreateDatabase(name)
	if err != nil && strings.Contains(err.Error(), "already exists") {
		return nil
	}

	return err
}
