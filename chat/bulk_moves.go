package chat

// BulkCommand is what somebody may do to a bulk retry.
type BulkCommand string

// The commands of a bulk retry.
const (
	BulkPause      BulkCommand = "pause"
	BulkResume     BulkCommand = "resume"
	BulkChangeRate BulkCommand = "change_rate"
	BulkCancel     BulkCommand = "cancel"
)

// bulkCommands are the moves of the commands, in the order in which they are offered.
var bulkCommands = []struct {
	command BulkCommand
	move    BulkMove
}{
	{BulkPause, BulkMove{To: BulkPaused}},
	{BulkResume, BulkMove{To: BulkRunning}},
	{BulkChangeRate, BulkMove{}},
	{BulkCancel, BulkMove{To: BulkCanceled}},
}

// Commands returns what may be done to a bulk retry in this state, and would change something.
func (s BulkState) Commands() []BulkCommand {
	commands := []BulkCommand{}

	for _, c := range bulkCommands {
		if c.move.To != s && c.move.Check(s) == nil {
			commands = append(commands, c.command)
		}
	}

	return commands
}

// Check returns a conflict if a bulk retry in this state may not make the move. To move to the state that it has is
// allowed.
func (m *BulkMove) Check(state BulkState) error {
	switch {
	case m.To == "" && state != BulkRunning && state != BulkPaused:
		return Errorf(CodeConflict, "this bulk retry is %s and has no rate any more", state)
	case m.To != "" && !state.May(m.To):
		return Errorf(CodeConflict, "this bulk retry is %s and cannot become %s", state, m.To)
	}

	return nil
}
