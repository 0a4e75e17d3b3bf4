// Package temporaldev owns the embedded Temporal server that handrail-dev and the
// tests run in their own process: frontend, history, matching and worker services
// over one SQLite file (or memory, or PostgreSQL), and the Temporal UI.
//
// It is for one machine: no TLS, no authorization. Production runs
// a Temporal cluster (see deploy/), and the handrail binary links nothing of this.
package temporaldev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"

	"handrail/freeport"
)

const loopbackAddress = "127.0.0.1"

// Options say where the embedded server listens and keeps its data.
type Options struct {
	// File holds all of Temporal's state; it is created when missing. Empty means
	// memory: everything is gone when the server stops.
	File string
	// Postgres, if not empty, is a PostgreSQL database that is used in place of a file,
	// postgres://user:password@host:port/database; a second one is named like it with
	// _visibility at its end. They are made when they are missing.
	Postgres string
	// Shards is how many history shards a new store has, for ever; 0 is 1.
	Shards int32
	// Port is the frontend's gRPC port on loopback; 0 picks a free one.
	Port int
	// Namespace is registered before the server starts, with these search attributes. Those
	// of a namespace that is there already are left as they are.
	Namespace        string
	SearchAttributes []sdk.SearchAttributeKey
	// LogLevel is one of Temporal's own ("error", "warn", …); empty is silent.
	LogLevel string
}

// Server is a running embedded Temporal server.
type Server struct {
	internal temporal.Server
	address  string
}

// Start boots a Temporal server on loopback and returns once its frontend accepts
// connections. The caller must Stop it.
func Start(ctx context.Context, o Options) (*Server, error) {
	ports, err := freeport.Find(7)
	if err != nil {
		return nil, err
	}

	if o.Port != 0 {
		ports[0] = o.Port
	}

	databases, err := newStores(o)
	if err != nil {
		return nil, err
	}

	if err := databases.prepare(o); err != nil {
		return nil, err
	}

	cfg := serverConfig(databases.persistence(o.Shards), ports)

	logger := log.Logger(log.NewNoopLogger())
	if o.LogLevel != "" {
		logger = log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: true, Level: o.LogLevel}))
	}

	srv, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		temporal.WithStaticHosts(staticHosts(ports)),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(
			func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() },
		),
		temporal.WithCustomMetricsHandler(metrics.NoopMetricsHandler),
		temporal.WithDynamicConfigClient(dynamicConfig()),
	)
	if err != nil {
		return nil, fmt.Errorf("assemble embedded Temporal server: %w", err)
	}

	if err := srv.Start(); err != nil {
		return nil, fmt.Errorf("start embedded Temporal server: %w", err)
	}

	s := &Server{internal: srv, address: net.JoinHostPort(loopbackAddress, strconv.Itoa(ports[0]))}
	if err := awaitListening(ctx, s.address); err != nil {
		return nil, errors.Join(err, s.Stop())
	}

	return s, nil
}

// Address is the frontend's host:port, for client.Options.HostPort.
func (s *Server) Address() string { return s.address }

// Stop ends all services. Open workflows resume at the next start on the same file.
func (s *Server) Stop() error {
	if err := s.internal.Stop(); err != nil {
		return fmt.Errorf("stop embedded Temporal server: %w", err)
	}

	return nil
}

// dynamicConfig holds the settings that differ from Temporal's defaults, each for a
// measured reason; deploy/temporal/dynamicconfig.yaml carries the same for clusters.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// The defaults poll a single shard 20 times a second, so that every hop
		// of a workflow waits up to 50 ms for its turn.
		dynamicconfig.TransferProcessorMaxPollRPS.Key():   2000,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():      2000,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key(): 2000,
		// Four partitions on one node forward tasks between each other and give
		// tails of seconds at low load.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	}
}

func serverConfig(persistence config.Persistence, ports []int) *config.Config {
	service := func(grpc, membership int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: grpc, MembershipPort: membership, BindOnIP: loopbackAddress}}
	}

	frontend := net.JoinHostPort(loopbackAddress, strconv.Itoa(ports[0]))

	off := config.Archival{
		History:    config.HistoryArchival{State: "disabled"},
		Visibility: config.VisibilityArchival{State: "disabled"},
	}

	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopbackAddress},
		},
		Persistence: persistence,
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			"frontend": service(ports[0], ports[4]),
			"history":  service(ports[1], ports[5]),
			"matching": service(ports[2], ports[6]),
			"worker":   service(ports[3], 0),
		},
		Archival:     off,
		PublicClient: config.PublicClient{HostPort: frontend},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
}

const clusterName = "active"

func staticHosts(ports []int) map[primitives.ServiceName]static.Hosts {
	hosts := make(map[primitives.ServiceName]static.Hosts, 4)
	for i, name := range []primitives.ServiceName{
		primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		hosts[name] = static.SingleLocalHost(net.JoinHostPort(loopbackAddress, strconv.Itoa(ports[i])))
	}

	return hosts
}

func awaitListening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var dialer net.Dialer

	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()

	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("embedded Temporal server does not listen on %s: %w", address, err)

		case <-tick.C:
		}
	}
}
