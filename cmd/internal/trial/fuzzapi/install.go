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

// InstallationOptions say how a run on an installation of its own is made.
type InstallationOptions struct {
	Requests int
	Seed     uint64
	// Dir is where everything is kept; it is made, and stays. "" is a temporary folder, which stays only when the run
	// has found something.
	Dir string
	// Programs is the folder of handrail and handrail-dev.
	Programs string
}

// environ lets what is not known settle within a run. The key is nobody's.
func environ(tools string) []string {
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

// RunInstallation starts PostgreSQL, Temporal, the sandbox, an API and a worker, and makes the requests. It says on
// out how far it is.
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

	desk := &http.Server{Handler: http.HandlerFunc(ServeTool), ReadHeaderTimeout: time.Minute}
	go func() { _ = desk.Serve(l) }() // ends when it is closed

	defer func() { err = errors.Join(err, desk.Close()) }()

	cluster, err := testcluster.New(ctx, testcluster.Options{
		Folder:   folder,
		Programs: o.Programs,
		APIs:     1,
		Workers:  1,
		Environ:  environ(l.Addr().String()),
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

	if err := misbehave(ctx, cluster.Sandbox()); err != nil {
		return nil, err
	}

	return callers, cluster.StartHandrail(ctx)
}

// What is sent to StuckNumber waits for its next attempt; of what is sent to LostNumber, nobody ever learns.
const (
	StuckNumber = "+14165550001"
	LostNumber  = "+14165550002"
)

// misbehaviour is what the providers do now and then, so that there are deliveries of all kinds to ask about.
const misbehaviour = `[
	{"fault":"refuse","rate":0.1},
	{"fault":"undelivered","rate":0.2},
	{"fault":"cut","rate":0.05},
	{"fault":"late","rate":0.05,"delay":"4s"},
	{"fault":"callback_never","rate":0.1},
	{"fault":"rate_limit","to":"` + StuckNumber + `","delay":"30s"},
	{"fault":"cut","to":"` + LostNumber + `"},
	{"fault":"list_hide","to":"` + LostNumber + `"}
]`

// misbehave has the sandbox's providers fail now and then.
func misbehave(ctx context.Context, sandbox string) error {
	asked, err := http.NewRequestWithContext(
		ctx, http.MethodPut, sandbox+"/sandbox/faults", strings.NewReader(misbehaviour),
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

// Where ServeTool speaks the Model Context Protocol, and where it hangs up.
const (
	pathMCP = "/mcp"
	pathCut = "/cut/"
)

type lookUp struct {
	ID string `json:"id"`
}

// toolServer serves one tool by the Model Context Protocol.
var toolServer = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "fuzz", Version: "1"}, nil)
	tool := &mcp.Tool{Name: "look_up", Description: "Looks up what has the id."}

	mcp.AddTool(server, tool, func(
		_ context.Context, _ *mcp.CallToolRequest, asked lookUp,
	) (*mcp.CallToolResult, lookUp, error) {
		return nil, asked, nil
	})

	return server
}, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})

// ServeTool answers as the tools do that requests define: mostly with JSON. At some paths it hangs up, so that nobody
// knows what a call has done.
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
