package service

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/db"
)

func TestTheDoctorJudgesHowDurableTheDatabaseIs(t *testing.T) {
	t.Parallel()

	safe := db.Durability{SynchronousCommit: "on", Fsync: true, FullPageWrites: true}
	assert.Equal(t, CheckOK, judgeDurability(&safe).Status)

	for setting, change := range map[string]func(*db.Durability){
		"fsync":              func(d *db.Durability) { d.Fsync = false },
		"full_page_writes":   func(d *db.Durability) { d.FullPageWrites = false },
		"synchronous_commit": func(d *db.Durability) { d.SynchronousCommit = "off" },
	} {
		d := safe
		change(&d)
		check := judgeDurability(&d)
		assert.Equal(t, CheckFail, check.Status, setting)
		assert.Contains(t, check.Message, setting+" off")
		assert.NotEmpty(t, check.Do)
	}
}

func TestTheDoctorJudgesWhatAFailoverMayLose(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		durability db.Durability
		status     CheckStatus
	}{
		"alone":        {db.Durability{SynchronousCommit: "on"}, CheckOK},
		"asynchronous": {db.Durability{SynchronousCommit: "on", Standbys: 1}, CheckWarn},
		"synchronous":  {db.Durability{SynchronousCommit: "on", Standbys: 1, SynchronousStandbys: "*"}, CheckOK},
		"not waited":   {db.Durability{SynchronousCommit: "local", Standbys: 1, SynchronousStandbys: "*"}, CheckWarn},
	} {
		assert.Equal(t, tt.status, judgeReplication(&tt.durability).Status, name)
	}
}

func TestTheDoctorJudgesTheTimeline(t *testing.T) {
	t.Parallel()
	assert.Equal(t, CheckOK, judgeTimeline(db.Failover{Known: "00000001", Current: "00000001"}).Status)
	assert.Equal(t, CheckWarn, judgeTimeline(db.Failover{}).Status)

	check := judgeTimeline(db.Failover{Known: "00000001", Current: "00000002"})
	assert.Equal(t, CheckFail, check.Status)
	assert.Contains(t, check.Do, "handrail migrate after-failover")
}
