package sandbox

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"
)

const (
	// defaultReceiver is there before anything is posted.
	defaultReceiver = "demo"
	// maxReceivers is how many there may be, keptWebhooks how many posts each keeps.
	maxReceivers = 20
	keptWebhooks = 100
	// receiverPause is how long an unavailable receiver asks to wait.
	receiverPause = 30 * time.Second
)

var receiverName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)

// ReceiverMode is how a receiver of webhooks answers.
type ReceiverMode string

// The ways to answer.
const (
	ReceiverAccepts     ReceiverMode = "accept"
	ReceiverFails       ReceiverMode = "error"
	ReceiverUnavailable ReceiverMode = "unavailable"
	ReceiverGone        ReceiverMode = "gone"
	ReceiverHangs       ReceiverMode = "hang"
)

// receiverChoice is a way to answer, and what it does.
type receiverChoice struct {
	Mode ReceiverMode
	Does string
}

func listReceiverChoices() []receiverChoice {
	return []receiverChoice{
		{ReceiverAccepts, "answers 204 to what is verified, 401 to the rest"},
		{ReceiverFails, "answers 500"},
		{ReceiverUnavailable, "answers 503, and asks for half a minute with Retry-After"},
		{ReceiverGone, "answers 410: Handrail disables the endpoint"},
		{ReceiverHangs, "answers nothing"},
	}
}

// does says what a way to answer does, "" if there is no such way.
func (m ReceiverMode) does() string {
	for _, choice := range listReceiverChoices() {
		if choice.Mode == m {
			return choice.Does
		}
	}

	return ""
}

// ReceivedWebhook is one post to a receiver.
type ReceivedWebhook struct {
	// Number counts the posts to the receiver, from 1.
	Number int `json:"number"`
	// ID is that of the event, Type its name; both are "" if the post has none.
	ID   string    `json:"id"`
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// Problem is why it could not be verified; "" if it was.
	Problem string `json:"problem"`
	// Before is how many posts with the same id are kept that came earlier.
	Before int `json:"before"`
	// Status is what it was answered with; 0 is no answer.
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// receiver takes webhooks of Handrail's.
type receiver struct {
	mode ReceiverMode
	// secret is what was pasted; "" for nothing.
	secret string
	count  int
	posts  []ReceivedWebhook
}

// receiverBook is all receivers. They are kept in memory only.
type receiverBook struct {
	mu    sync.Mutex
	all   map[string]*receiver
	edits int
}

func newReceiverBook() *receiverBook {
	return &receiverBook{all: map[string]*receiver{defaultReceiver: {mode: ReceiverAccepts}}}
}

// edit changes a receiver, which is made if there is none. It reports false if there are too many.
func (b *receiverBook) edit(name string, change func(*receiver)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()

	r, known := b.all[name]
	if !known {
		if len(b.all) >= maxReceivers || !receiverName.MatchString(name) {
			return false
		}

		r = &receiver{mode: ReceiverAccepts}
		b.all[name] = r
	}

	change(r)

	b.edits++

	return true
}

// secretOf returns the secret that was pasted for a receiver.
func (b *receiverBook) secretOf(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()

	if r, known := b.all[name]; known {
		return r.secret
	}

	return ""
}

// keep adds a post, and decides what to answer by how the receiver answers now.
func (r *receiver) keep(post ReceivedWebhook) ReceivedWebhook {
	r.count++

	post.Number = r.count
	post.Status = r.mode.status(post.Problem == "")

	for _, earlier := range r.posts {
		if post.ID != "" && earlier.ID == post.ID {
			post.Before++
		}
	}

	r.posts = append(r.posts, post)
	if len(r.posts) > keptWebhooks {
		r.posts = slices.Clone(r.posts[1:])
	}

	return post
}

// forget removes the posts. How receivers answer, and their secrets, stay.
func (b *receiverBook) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()

	for _, r := range b.all {
		r.posts = nil
	}

	b.edits++
}

func (b *receiverBook) changes() int {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.edits
}

// receiverView is a receiver as the page and programs see it.
type receiverView struct {
	Name string       `json:"name"`
	Path string       `json:"path"`
	Mode ReceiverMode `json:"mode"`
	Does string       `json:"-"`
	// Pasted reports whether a secret was pasted.
	Pasted bool `json:"secret_pasted"`
	// Older are the posts that are not kept any more, or were forgotten.
	Older int `json:"older"`
	// Posts are the newest first.
	Posts []ReceivedWebhook `json:"posts"`
}

// list returns all receivers by name.
func (b *receiverBook) list() []receiverView {
	b.mu.Lock()
	defer b.mu.Unlock()

	shown := make([]receiverView, 0, len(b.all))

	for _, name := range slices.Sorted(maps.Keys(b.all)) {
		r := b.all[name]
		posts := slices.Clone(r.posts)
		slices.SortFunc(posts, func(a, b ReceivedWebhook) int { return cmp.Compare(b.Number, a.Number) })

		shown = append(shown, receiverView{
			Name:   name,
			Path:   receiverPath + name,
			Mode:   r.mode,
			Does:   r.mode.does(),
			Pasted: r.secret != "",
			Older:  r.count - len(r.posts),
			Posts:  orEmpty(posts),
		})
	}

	return shown
}
