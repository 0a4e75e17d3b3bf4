package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestAPatchOfMetadataSetsAndRemovesKeys(t *testing.T) {
	t.Parallel()

	before := chat.Metadata{"plan": "gold", "since": "2019", "tier": "1"}
	after := before.Apply(chat.MetadataPatch{"plan": new("silver"), "since": nil, "city": new("Rome"), "none": nil})

	assert.Equal(t, chat.Metadata{"plan": "silver", "tier": "1", "city": "Rome"}, after)
	assert.Equal(t, chat.Metadata{"plan": "gold", "since": "2019", "tier": "1"}, before)
	assert.Equal(t, chat.Metadata{}, chat.Metadata(nil).Apply(nil))
}

func TestMetadataHasBounds(t *testing.T) {
	t.Parallel()

	many := chat.Metadata{}
	for i := range chat.MaxMetadata {
		many[fmt.Sprintf("key %d", i)] = strings.Repeat("ö", chat.MaxMetadataValue)
	}

	many[strings.Repeat("k", chat.MaxMetadataKey)] = ""
	delete(many, "key 0")
	require.NoError(t, many.Validate())

	many["key 0"] = ""
	requireField(t, many.Validate(), "metadata")

	for field, wrong := range map[string]chat.Metadata{
		"metadata.": {"": "x"},
		"metadata." + strings.Repeat("k", chat.MaxMetadataKey) + "…": {strings.Repeat("k", chat.MaxMetadataKey+1): "x"},
		"metadata.note": {"note": strings.Repeat("x", chat.MaxMetadataValue+1), "plan": "gold"},
	} {
		requireField(t, wrong.Validate(), field)
	}
}

func TestAnExternalIDIsVisible(t *testing.T) {
	t.Parallel()

	for _, id := range []string{"", "crm-17", "a/b?c#d%", "Zoë", strings.Repeat("ö", chat.MaxExternalID)} {
		require.NoError(t, chat.CheckExternalID("external_id", id))
	}

	for _, id := range []string{" ", "a b", "a\n", "\u200b", "a\u00a0b", strings.Repeat("x", chat.MaxExternalID+1)} {
		requireField(t, chat.CheckExternalID("external_id", id), "external_id")
	}
}

func requireField(t *testing.T, err error, field string) {
	t.Helper()

	refused := chat.AsError(err)
	require.NotNil(t, refused, field)
	require.Equal(t, chat.CodeInvalidRequest, refused.Code)
	require.Len(t, refused.Fields, 1)
	require.Equal(t, field, refused.Fields[0].Field)
}
