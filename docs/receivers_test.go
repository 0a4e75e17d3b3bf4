package docs_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/internal/nodetest"
)

// receiverTools is the folder with what the receiver in TypeScript needs.
const receiverTools = "../tools/receivers"

// Secrets of a receiver, and what is posted to it.
const (
	receiverSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" //nolint:gosec // protects nothing
	olderSecret    = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" //nolint:gosec // protects nothing
	foreignSecret  = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" //nolint:gosec // protects nothing

	receivedBody = `{"type": "delivery.settled", "data": {"status": "delivered"}, "explanation": "Zugestellt: Grüße."}`
)

// receivedPost is one post to a receiver, as the programs around the receivers read it.
type receivedPost struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`

	name   string
	status int
}

// newReceivedPost signs a post with secrets, the newest first.
func newReceivedPost(t *testing.T, name, id string, at time.Time, secrets ...string) receivedPost {
	t.Helper()

	var signatures []string

	for _, secret := range secrets {
		webhook, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)

		signature, err := webhook.Sign(id, at, []byte(receivedBody))
		require.NoError(t, err)

		signatures = append(signatures, signature)
	}

	return receivedPost{
		Secret: receiverSecret,
		Headers: map[string]string{
			"webhook-id":        id,
			"webhook-timestamp": strconv.FormatInt(at.Unix(), 10),
			"webhook-signature": strings.Join(signatures, " "),
		},
		Body:   receivedBody,
		name:   name,
		status: http.StatusNoContent,
	}
}

// listReceivedPosts are what each receiver must tell apart. The first is right, and the last repeats it.
func listReceivedPosts(t *testing.T) []receivedPost {
	t.Helper()

	now := time.Now()
	right := newReceivedPost(t, "right", "right", now, receiverSecret)

	refused := func(name string, change func(*receivedPost)) receivedPost {
		post := newReceivedPost(t, name, "refused", now, receiverSecret)
		change(&post)
		post.status = http.StatusUnauthorized

		return post
	}

	older := newReceivedPost(t, "two signatures, for who has the older secret", "rotated", now, receiverSecret, olderSecret)
	older.Secret = olderSecret

	repeated := right
	repeated.name = "repeated"

	return []receivedPost{
		right,
		newReceivedPost(t, "two signatures, for who has the new secret", "rotated", now, receiverSecret, olderSecret),
		older,
		newReceivedPost(t, "four minutes old", "late", now.Add(-4*time.Minute), receiverSecret),
		refused("forged", func(p *receivedPost) {
			p.Headers = newReceivedPost(t, "", "refused", now, foreignSecret).Headers
		}),
		refused("another body", func(p *receivedPost) { p.Body = strings.Replace(p.Body, "delivered", "bounced", 1) }),
		refused("another id", func(p *receivedPost) { p.Headers["webhook-id"] = "other" }),
		refused("another time", func(p *receivedPost) {
			p.Headers["webhook-timestamp"] = strconv.FormatInt(now.Unix()+1, 10)
		}),
		refused("six minutes old", func(p *receivedPost) {
			p.Headers = newReceivedPost(t, "", "refused", now.Add(-6*time.Minute), receiverSecret).Headers
		}),
		refused("not signed", func(p *receivedPost) { delete(p.Headers, "webhook-signature") }),
		refused("no headers", func(p *receivedPost) { p.Headers = map[string]string{} }),
		repeated,
	}
}

// readReceiver returns the only code in a language on the page for receivers, which has at most ten lines.
func readReceiver(t *testing.T, language string) string {
	t.Helper()

	page, err := os.ReadFile("webhooks.md")
	require.NoError(t, err)

	found := regexp.MustCompile("(?s)```"+language+"\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, found, 1, language)

	lines := regexp.MustCompile(`(?m)\S.*$`).FindAllString(found[0][1], -1)
	assert.LessOrEqual(t, len(lines), 10, language)

	return found[0][1]
}

// checkReceiver runs a program in its folder with the posts in posts.json. It must answer as it should, and store each
// id once.
func checkReceiver(t *testing.T, folder string, name string, arguments ...string) {
	t.Helper()

	posts := listReceivedPosts(t)

	written, err := json.Marshal(posts)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "posts.json"), written, 0o600))

	var result struct {
		Statuses []int             `json:"statuses"`
		Stored   map[string]string `json:"stored"`
		New      []string          `json:"new"`
	}

	printed := nodetest.Run(t, folder, nil, name, arguments...)
	require.NoError(t, json.Unmarshal(printed, &result), string(printed))
	require.Len(t, result.Statuses, len(posts))

	for i, post := range posts {
		assert.Equal(t, post.status, result.Statuses[i], post.name)
	}

	assert.Equal(t, []string{"right", "rotated", "late"}, result.New, "an id is new once")
	assert.Equal(t, receivedBody, result.Stored["right"])
}

// writeFiles writes texts to files of a new folder, and returns it.
func writeFiles(t *testing.T, texts map[string]string) string {
	t.Helper()

	folder := t.TempDir()
	for name, text := range texts {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}

	return folder
}

const goReceiver = `package main

import (
	"encoding/json"
	"net/http"
	"os"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

var result struct {
	Statuses []int             ` + "`json:\"statuses\"`" + `
	Stored   map[string]string ` + "`json:\"stored\"`" + `
	New      []string          ` + "`json:\"new\"`" + `
}

func store(id string, body []byte) {
	if _, has := result.Stored[id]; !has {
		result.New = append(result.New, id)
		result.Stored[id] = string(body)
	}
}

func main() {
	var posts []struct {
		Secret, Body string
		Headers      map[string]string
	}

	raw, err := os.ReadFile("posts.json")
	if err == nil {
		err = json.Unmarshal(raw, &posts)
	}

	if err != nil {
		panic(err)
	}

	result.Stored = map[string]string{}

	for _, post := range posts {
		header := http.Header{}
		for name, value := range post.Headers {
			header.Set(name, value)
		}

		result.Statuses = append(result.Statuses, receive(post.Secret, header, []byte(post.Body)))
	}

	_ = json.NewEncoder(os.Stdout).Encode(result)
}

`

// TestTheReceiverInGo runs the receiver that docs/webhooks.md shows.
func TestTheReceiverInGo(t *testing.T) {
	t.Parallel()

	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)

	sums, err := os.ReadFile("../go.sum")
	require.NoError(t, err)

	folder := writeFiles(t, map[string]string{
		"go.mod":  string(module),
		"go.sum":  string(sums),
		"main.go": goReceiver + readReceiver(t, "go"),
	})

	checkReceiver(t, folder, "go", "run", "-mod=readonly", "main.go")
}

const typescriptReceiver = `import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const stored: Record<string, string> = {};
const fresh: string[] = [];

function store(id: string, body: Buffer) {
  if (!(id in stored)) {
    fresh.push(id);
    stored[id] = body.toString();
  }
}

const posts = JSON.parse(readFileSync("posts.json").toString());
const statuses: number[] = posts.map((post: any) => receive(post.secret, post.headers, Buffer.from(post.body)));
console.log(JSON.stringify({ statuses, stored, new: fresh }));

`

// nodeTypes declares what the receiver in TypeScript uses of Node.js.
const nodeTypes = `declare module "node:fs" { export function readFileSync(name: string): Buffer; }
declare class Buffer extends Uint8Array { static from(text: string): Buffer; toString(): string; }
declare const console: { log(text: string): void };
`

// TestTheReceiverInTypeScript runs the receiver that docs/webhooks.md shows. It needs Node.js, and the network once.
func TestTheReceiverInTypeScript(t *testing.T) {
	t.Parallel()

	installed := nodetest.Install(t, receiverTools)
	folder := writeFiles(t, map[string]string{
		"receiver.ts": typescriptReceiver + readReceiver(t, "ts"),
		"node.d.ts":   nodeTypes,
	})
	require.NoError(t, os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(folder, "node_modules")))

	nodetest.Run(
		t, folder, nil, filepath.Join(installed, "node_modules", ".bin", "tsc"),
		"--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "node10",
		"receiver.ts", "node.d.ts",
	)
	checkReceiver(t, folder, "node", "receiver.js")
}

const pythonReceiver = `import hmac, json, time
from base64 import b64decode, b64encode

stored, new = {}, []


def store(name, body):
    if name not in stored:
        new.append(name)
        stored[name] = body.decode()


%s


posts = json.load(open("posts.json", encoding="utf-8"))
statuses = [receive(p["secret"], p["headers"], p["body"].encode()) for p in posts]
print(json.dumps({"statuses": statuses, "stored": stored, "new": new}))
`

// TestTheReceiverInPython runs the receiver that docs/webhooks.md shows.
func TestTheReceiverInPython(t *testing.T) {
	t.Parallel()

	receiver := strings.Replace(pythonReceiver, "%s", readReceiver(t, "python"), 1)
	folder := writeFiles(t, map[string]string{"receiver.py": receiver})

	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3, so the receiver in Python cannot be tested")
	}

	checkReceiver(t, folder, "python3", "receiver.py")
}
