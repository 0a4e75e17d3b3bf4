package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browserPatience is how long a page may take until what a test waits for is there.
const browserPatience = 2 * time.Minute

// browser is a Chromium with one page. It holds against the test what no page of ours may do: ask another origin,
// break the policy of the page, or throw an error.
type browser struct {
	*testing.T
	*window
}

// window is the page of a browser, and what it must not do.
type window struct {
	ctx    context.Context //nolint:containedctx // the life of the page
	origin string

	mutex  sync.Mutex
	faults []string
}

// newProfile returns a folder for a Chromium. A Chromium that is stopped may write there for a moment: what is left of it
// then is no fault of the test.
func newProfile(t *testing.T) string {
	t.Helper()

	folder, err := os.MkdirTemp("", "handrail-chromium-") //nolint:usetesting // t.TempDir fails when a file comes late
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })

	return folder
}

// newBrowser starts a Chromium for an origin, with a window of a laptop's size.
func newBrowser(t *testing.T, origin string) *browser {
	t.Helper()
	require.NotEmpty(t, os.Getenv("TEST_CHROMIUM"), "the tests of the console run by scripts/with-chromium")

	options := append(
		chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(os.Getenv("TEST_CHROMIUM")),
		chromedp.UserDataDir(newProfile(t)),
		chromedp.NoSandbox,
	)

	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)

	b := &browser{T: t, window: &window{origin: origin}}

	var cancel context.CancelFunc

	b.ctx, cancel = chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b.watch()

	return b
}

// newWindow opens another window of the browser, which shares no cookies with the others: that of somebody else.
func (b *browser) newWindow() *browser {
	b.Helper()

	executor := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)

	jar, err := target.CreateBrowserContext().Do(executor)
	require.NoError(b, err)

	page, err := target.CreateTarget("about:blank").WithBrowserContextID(jar).WithNewWindow(true).Do(executor)
	require.NoError(b, err)

	other := &browser{T: b.T, window: &window{origin: b.origin}}

	var cancel context.CancelFunc

	other.ctx, cancel = chromedp.NewContext(b.ctx, chromedp.WithTargetID(page))
	b.Cleanup(cancel)
	other.watch()

	return other
}

// watch begins to hear what the page does, until the end of the test.
func (b *browser) watch() {
	b.Helper()

	// The browser lives as long as the context of its first call.
	require.NoError(b, chromedp.Run(b.ctx))

	chromedp.ListenTarget(b.ctx, b.hear)
	b.do(
		network.Enable(),
		log.Enable(),
		emulation.SetDeviceMetricsOverride(1280, 800, 1, false),
		emulation.SetFocusEmulationEnabled(true), // of several windows one alone has the focus, and may copy
	)

	b.Cleanup(func() {
		b.mutex.Lock()
		defer b.mutex.Unlock()

		assert.Empty(b, b.faults, "the pages must ask only their own origin, keep to their policy and throw nothing")
	})
}

// within is the browser for a part of its test.
func (b *browser) within(t *testing.T) *browser {
	t.Helper()

	return &browser{T: t, window: b.window}
}

// hear notes what no page may do.
func (w *window) hear(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, w.origin) && !strings.HasPrefix(e.Request.URL, "data:") {
			w.blame("a request to " + e.Request.URL)
		}

	case *log.EventEntryAdded:
		if e.Entry.Source == log.SourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
			w.blame(e.Entry.Text)
		}

	case *runtime.EventExceptionThrown:
		w.blame(e.ExceptionDetails.Error())
	}
}

func (w *window) blame(fault string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()

	w.faults = append(w.faults, fault)
}

// do carries out actions, within [browserPatience].
func (b *browser) do(actions ...chromedp.Action) {
	b.Helper()

	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()

	if err := chromedp.Run(ctx, actions...); err != nil {
		require.NoError(b, err, "the page shows: "+b.text())
	}
}

// open goes to a path of the origin.
func (b *browser) open(path string) {
	b.Helper()
	b.do(chromedp.Navigate(b.origin + path))
}

// click presses what has the text, a link or a button, and waits until it can.
func (b *browser) click(text string) {
	b.Helper()
	b.clickOn(`//*[(self::a or self::button or self::summary) and normalize-space(.)="` + text + `"]`)
}

// clickOn presses the first of what an XPath finds, and waits until it can.
func (b *browser) clickOn(path string) {
	b.Helper()
	b.clickNode(path, chromedp.BySearch)
}

// clickFirst presses the first of what a selector finds, and waits until it can.
func (b *browser) clickFirst(selector string) {
	b.Helper()
	b.clickNode(selector, chromedp.ByQuery)
}

// clickScript presses an element, if whoever has a mouse could. It is one step of the page, which may move its elements
// between two.
const clickScript = `function() {
	this.scrollIntoView({ block: 'center' });
	const box = this.getClientRects()[0];
	const hit = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
	if (!hit || !(this.contains(hit) || hit.contains(this))) {
		return false;
	}
	this.click();
	return true;
}`

func (b *browser) clickNode(selector string, by chromedp.QueryOption) {
	b.Helper()

	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()

	isClicked := false
	press := func(ctx context.Context, _ runtime.ExecutionContextID, found ...*cdp.Node) error {
		object, err := dom.ResolveNode().WithNodeID(found[0].NodeID).Do(ctx)
		if err != nil {
			return err
		}

		onObject := func(call *runtime.CallFunctionOnParams) *runtime.CallFunctionOnParams {
			return call.WithObjectID(object.ObjectID)
		}

		return chromedp.CallFunctionOn(clickScript, &isClicked, onObject).Do(ctx)
	}

	// What is replaced meanwhile is looked for again.
	for !isClicked {
		err := chromedp.Run(ctx, chromedp.QueryAfter(selector, press, by, chromedp.NodeVisible))
		if ctx.Err() != nil {
			require.NoError(b, err, "%s cannot be pressed, the page shows: %s", selector, b.text())
		}
	}
}

// clickByMouse moves a mouse to what a selector finds, and presses it. It needs no scripts of the page.
func (b *browser) clickByMouse(selector string, by chromedp.QueryOption) {
	b.Helper()
	b.do(chromedp.Click(selector, by, chromedp.NodeVisible))
}

// fill types a value into the first field with this attribute name, anywhere on the page.
func (b *browser) fill(field, value string) {
	b.Helper()
	b.do(chromedp.SendKeys(`[name="`+field+`"]`, value, chromedp.ByQuery, chromedp.NodeVisible))
}

// awaitShown waits until what an XPath finds is visible. It needs no scripts of the page.
func (b *browser) awaitShown(path string) {
	b.Helper()
	b.do(chromedp.WaitVisible(path, chromedp.BySearch))
}

// awaitText waits until the page shows the text.
func (b *browser) awaitText(text string) {
	b.Helper()

	quoted, err := json.Marshal(text)
	require.NoError(b, err)

	b.await(`document.body?.innerText.includes(`+string(quoted)+`)`, "the page does not show %q", text)
}

// await waits until a condition in JavaScript holds.
func (b *browser) await(condition, complaint string, arguments ...any) {
	b.Helper()

	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()

	// A page that is left meanwhile ends the question, which is asked again of the next one.
	for {
		err := chromedp.Run(ctx, chromedp.Poll(condition, nil))
		if err == nil {
			return
		}

		if ctx.Err() != nil {
			require.NoError(b, err, fmt.Sprintf(complaint, arguments...)+", but: "+b.text())
		}
	}
}

// text returns what the page shows.
func (b *browser) text() string {
	b.Helper()

	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()

	var text string

	require.NoError(b, chromedp.Run(ctx, chromedp.Evaluate(`document.body.innerText`, &text)))

	return text
}

// violation is what axe has found.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML string `json:"html"`
	} `json:"nodes"`
}

// requireAccessible runs axe-core on the page, by the rules of WCAG 2.2 AA, in light and in dark.
func (b *browser) requireAccessible() {
	b.Helper()

	for _, scheme := range []string{"light", "dark"} {
		b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
		}))
		assert.Empty(b, b.findViolations(), "axe-core finds this in %s", scheme)
	}
}

// awaitPromise has an evaluation wait for what it promises.
func awaitPromise(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// findViolations runs axe-core on the page as it is.
func (b *browser) findViolations() []violation {
	b.Helper()

	script, err := os.ReadFile("../../../console/testdata/axe.min.js")
	require.NoError(b, err)

	var found []violation

	b.do(
		chromedp.Evaluate(string(script), nil),
		chromedp.Evaluate(
			`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
				.then((result) => result.violations)`,
			&found,
			awaitPromise,
		),
	)

	return found
}

// resize makes the window as wide as this.
func (b *browser) resize(width int64) {
	b.Helper()
	b.do(emulation.SetDeviceMetricsOverride(width, 800, 1, false))
}

// countOverflow returns by how much the page is wider than its window.
func (b *browser) countOverflow() int64 {
	b.Helper()

	var overflow int64

	b.do(chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow))

	return overflow
}
