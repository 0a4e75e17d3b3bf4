package model

// Mendings are the parts of the protocol that experiments found missing, each named after its
// number in them. A model without one must find again what broke.
type Mendings struct {
	// EvidenceIsJudged (B2): [chat.Delivery.JudgeEvidence] says whose a listed message is, and a
	// claim waits while another delivery with the same text to the same address has an attempt
	// whose outcome is not known and whose hold is not over. Without it a look-up takes the first
	// message that is nobody's yet.
	EvidenceIsJudged bool
	// TakenIDIsNoEvidence (B3): a look-up whose id is another delivery's when it is recorded
	// changes nothing. Without it the acceptance is kept, without an id.
	TakenIDIsNoEvidence bool
	// CancelIsAskedFirst (B5): a cancel in Temporal that came before the first task is asked for
	// before anything is stored or posted. Without it the send is posted, and told to be canceled.
	CancelIsAskedFirst bool
	// LateArrivalIsFlagged (B6): a delivery that arrives after it was tried again as a new one is
	// compared with that.
	LateArrivalIsFlagged bool
	// LastListing (B7): at the receipt deadline the list is read once more for a delivery with
	// an attempt whose outcome is not known.
	LastListing bool
	// FitsSeveralSettlesNone: a listed message that lies in the windows of several attempts of its
	// delivery is the delivery's, and settles none of them. Without it, it settles the earliest, and
	// then the copy that this one has become may lie in nobody's window.
	FitsSeveralSettlesNone bool
	// UnsentIsCertain: a delivery one of whose attempts may have been taken never ends as refused
	// or canceled by itself or by a cancel; a person must decide about it.
	UnsentIsCertain bool
	// ArrivalsCompareBothWays: an arrival is compared with the other delivery of its send whichever
	// of the two it is.
	ArrivalsCompareBothWays bool
	// ListingForEveryEnd: the last listing is also for what a person resolved as sent or not sent.
	ListingForEveryEnd bool
	// SweepLists: the sweep reads the list for a delivery whose workflow was ended in Temporal, and
	// for the last time for every one that has ended.
	SweepLists bool
	// HoldIncludesEnd: a claim waits until after the end of another's hold. At the very end the
	// windows of both still touch, and the carrier tells whole seconds.
	HoldIncludesEnd bool
	// DuplicatesAreOwned: a message that was found to be a duplicate is its delivery's, also where
	// look-ups of others ask whose it is.
	DuplicatesAreOwned bool
	// HoldOutlastsOpen: a delivery holds up others until its time is over, also when another one has
	// become open, or one of its own messages was found.
	HoldOutlastsOpen bool
	// SendingIsRival: a look-up counts a delivery that is being sent among those that a listed message
	// may belong to. Without it, only those count of which it is known that their outcome is not.
	SendingIsRival bool
	// ClosedIsRival: a delivery counts so too when the sweep has read the list for it for the last time.
	// Without it, another look-up may then take its message.
	ClosedIsRival bool
}

// AllMendings is the protocol as it is.
func AllMendings() Mendings {
	return Mendings{
		EvidenceIsJudged:        true,
		TakenIDIsNoEvidence:     true,
		CancelIsAskedFirst:      true,
		LateArrivalIsFlagged:    true,
		LastListing:             true,
		FitsSeveralSettlesNone:  true,
		UnsentIsCertain:         true,
		ArrivalsCompareBothWays: true,
		ListingForEveryEnd:      true,
		SweepLists:              true,
		HoldIncludesEnd:         true,
		DuplicatesAreOwned:      true,
		HoldOutlastsOpen:        true,
		SendingIsRival:          true,
		ClosedIsRival:           true,
	}
}

// Bounds say how much of the world the model has.
type Bounds struct {
	// Sends is how many sends with an equal text go to one address: 1 or 2.
	Sends int
	// Apart reports whether the sends are of two workspaces with one sender. A claim then does not
	// wait for the other send while that is being sent, only for its hold.
	Apart bool
	// Workers is how many workers there are: 1 or 2.
	Workers int
	// Retries reports whether a person may repeat a send as a new delivery, Callbacks whether the
	// carrier's callbacks may come.
	Retries   bool
	Callbacks bool
	// ClocksDiffer reports whether the carrier's clock may be ahead of ours, or behind, by the skew.
	ClocksDiffer bool
	// Claims is how often a worker may claim one of the deliveries, at most [messageCount].
	Claims int8
	// Cancels is how many sends are canceled in Temporal before their first task.
	Cancels int8
	// Terminations is how many workflows somebody ends in Temporal.
	Terminations int8
	// PostsOutliveWindow lets a worker that slept between its last look at the clock and its first
	// byte post when the window of its attempt is over.
	PostsOutliveWindow bool
}

// Protocol is what is explored.
type Protocol struct {
	Mendings Mendings
	Bounds   Bounds
	// Promise narrows what is looked for to some kinds; with none it is all of them.
	Promise []Kind
}
