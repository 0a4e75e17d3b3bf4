package fuzzapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"handrail/cmd/internal/command"
	"handrail/cmd/internal/trial/testcluster"
	"handrail/freeport"
	"handrail/sandbox"
)

// InstallationOptions are the settings of a run against an installation that it starts itself.
type InstallationOptions struct {
	Requests int
	Seed     uint64
	// Dir is the folder for data and logs; it is created, and kept. With "" a temporary folder is used, and kept only
	// if the run has found something.
	Dir string
	// Programs is the folder of handrail and handrail-dev.
	Programs string
}

// listEnvironment returns variables with short times, so that unknown outcomes are resolved within a run. The
// encryption key is used nowhere else.
func listEnvironment(tools string) []string {
	return []string{
		"HANDRAIL_WAIT=2s",
		"HANDRAIL_SETTLE=5s",
		"HANDRAIL_RECEIPT_SMS=30s",
		"HANDRAIL_RECEIPT_EMAIL=30s",
		"HANDRAIL_LLM=offline",
		"HANDRAIL_ENCRYPTION_KEYS=fuzz:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		"HANDRAIL_TOOL_HOSTS=" + tools,
	}
}

// RunInstallation starts PostgreSQL, Temporal, the sandbox, an API and a worker, and makes the requests. It writes its
// progress to out.
func RunInstallation(ctx context.Context, o InstallationOptions, out io.Writer) (*Report, error) {
	folder, err := testcluster.MakeFolder(o.Dir, "fuzz")
	if err != nil {
		return nil, err
	}

	progress := command.NewProgress(out)
	progress.Printf("starting PostgreSQL, Temporal, the sandbox, an API and a worker in %s", folder)

	report, err := runIn(ctx, o, folder, progress)

	if o.Dir == "" && (errors.Is(err, context.Canceled) || err == nil && report.Err() == nil) {
		return report, errors.Join(err, os.RemoveAll(folder))
	}

	progress.Printf("everything is kept in %s, the logs of each process in %s", folder, filepath.Join(folder, "logs"))

	return report, err
}

// runIn runs with the installation's data in a folder.
func runIn(
	ctx context.Context,
	o InstallationOptions,
	folder string,
	progress *command.Progress,
) (report *Report, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", freeport.Loopback(0))
	if err != nil {
		return nil, fmt.Errorf("listen for calls of tools: %w", err)
	}

	toolHost := &http.Server{Handler: http.HandlerFunc(ServeTool), ReadHeaderTimeout: time.Minute}
	go func() { _ = toolHost.Serve(l) }() // ends when it is closed

	defer func() { err = errors.Join(err, toolHost.Close()) }()

	cluster, err := testcluster.New(ctx, testcluster.Options{
		Folder:   folder,
		Programs: o.Programs,
		APIs:     1,
		Workers:  1,
		Environ:  listEnvironment(l.Addr().String()),
	})
	if err != nil {
		return nil, err
	}

	defer func() { err = errors.Join(err, cluster.Close()) }()

	callers, err := startAndSeed(ctx, cluster)
	if err != nil {
		return nil, err
	}

	signing, err := sandbox.SigningKeyFile(filepath.Join(folder, "sandbox", "signing-key.pem"))
	if err != nil {
		return nil, err
	}

	progress.Printf("making %d requests with the seed %d", o.Requests, o.Seed)

	return Run(ctx, Options{
		Origin:     cluster.APIs()[0],
		Callers:    callers,
		ToolOrigin: "http://" + l.Addr().String(),
		Twilio: Twilio{
			Account:   testcluster.SandboxAccount,
			Token:     testcluster.SandboxToken,
			Origin:    cluster.Public(),
			Number:    callers.Number,
			Customers: callers.Customers,
		},
		SendGrid: signing,
		Requests: o.Requests,
		Seed:     o.Seed,
		Progress: progress,
	})
}

func startAndSeed(ctx context.Context, cluster *testcluster.Cluster) (*Callers, error) {
	if err := cluster.StartParts(ctx); err != nil {
		return nil, err
	}

	store, err := cluster.Store(ctx)
	if err != nil {
		return nil, err
	}

	callers, err := Seed(ctx, store)
	if err = errors.Join(err, store.Close()); err != nil {
		return nil, err
	}

	if err := setFaults(ctx, cluster.Sandbox()); err != nil {
		return nil, err
	}

	return callers, cluster.StartHandrail(ctx)
}

// Messages to StuckNumber wait for their next attempt. The outcome of messages to LostNumber stays unknown.
const (
	StuckNumber = "+14165550001"
	LostNumber  = "+14165550002"
)

// providerFaults are the faults of the sandbox's providers, so that there are deliveries in all states.
const providerFaults = `[
	{"fault":"refuse","rate":0.1},
	{"fault":"undelivered","rate":0.2},
	{"fault":"cut","rate":0.05},
	{"fault":"late","rate":0.05,"delay":"4s"},
	{"fault":"callback_never","rate":0.1},
	{"fault":"rate_limit","to":"` + StuckNumber + `","delay":"30s"},
	{"fault":"cut","to":"` + LostNumber + `"},
	{"fault":"list_hide","to":"` + LostNumber + `"}
]`

// setFaults gives the sandbox its providerFaults.
func setFaults(ctx context.Context, sandbox string) error {
	asked, err := http.NewRequestWithContext(
		ctx, http.MethodPut, sandbox+"/sandbox/faults", strings.NewReader(providerFaults),
	)
	if err != nil {
		return fmt.Errorf("set the sandbox's faults: %w", err)
	}

	asked.Header.Set("Content-Type", mediaJSON)

	a, err := (&http.Client{Timeout: time.Minute}).Do(asked)
	if err != nil {
		return fmt.Errorf("set the sandbox's faults: %w", err)
	}

	raw, err := io.ReadAll(a.Body)
	if err = errors.Join(err, a.Body.Close()); err == nil && a.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("set the sandbox's faults: %d %s", a.StatusCode, raw)
	}

	return err
}

// pathMCP is where ServeTool speaks the Model Context Protocol. Below pathCut it closes the connection.
const (
	pathMCP = "/mcp"
	pathCut = "/cut/"
)

// lookUpArguments are the arguments of toolServer's tool, which it also returns.
type lookUpArguments struct {
	ID string `json:"id"`
}

// toolServer serves one tool by the Model Context Protocol.
var toolServer = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "fuzz", Version: "1"}, nil)
	tool := &mcp.Tool{Name: "look_up", Description: "Looks up what has the id."}

	mcp.AddTool(server, tool, func(
		_ context.Context, _ *mcp.CallToolRequest, asked lookUpArguments,
	) (*mcp.CallToolResult, lookUpArguments, error) {
		return nil, asked, nil
	})

	return server
}, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})

// ServeTool answers the calls of the tools that the requests create, mostly with JSON. Below pathCut it closes the
// connection, so that the outcome of a call is unknown.
func ServeTool(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == pathMCP:
		toolServer.ServeHTTP(w, r)
		return
	case strings.HasPrefix(r.URL.Path, pathCut):
		panic(http.ErrAbortHandler)
	}

	switch r.Method {
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPatch:
		w.WriteHeader(http.StatusConflict)
	default:
		w.Header().Set("Content-Type", mediaJSON)
		_, _ = io.WriteString(w, `{"ok":true,"items":[1,2,"\u0000"]}`) // the caller may be gone
	}
}
