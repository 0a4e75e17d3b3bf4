package codec_test

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"handrail/codec"
)

func newKey(id string, fill byte) string {
	return id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

func newPayload(text string) []*commonpb.Payload {
	return []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(text)}}
}

func parseKeys(t *testing.T, list ...string) *codec.Codec {
	t.Helper()

	c, err := codec.Parse(strings.Join(list, ","))
	require.NoError(t, err)

	return c
}

func TestSealedPayloadsHoldNoTextAndOpenAgain(t *testing.T) {
	t.Parallel()
	c := parseKeys(t, newKey("k1", 1))
	sealed, err := c.Encode(newPayload("call +14155550123"))
	require.NoError(t, err)
	assert.NotContains(t, sealed[0].String(), "4155550123")
	assert.NotContains(t, sealed[0].String(), "json/plain")

	again, err := c.Encode(newPayload("call +14155550123"))
	require.NoError(t, err)
	assert.NotEqual(t, sealed[0].GetData(), again[0].GetData(), "equal texts must not look equal")
	opened, err := c.Decode(sealed)
	require.NoError(t, err)
	assert.True(t, proto.Equal(newPayload("call +14155550123")[0], opened[0]))
}

func TestRotation(t *testing.T) {
	t.Parallel()
	old := parseKeys(t, newKey("k1", 1))
	both := parseKeys(t, newKey("k2", 2), newKey("k1", 1))
	sealed, err := old.Encode(newPayload("before"))
	require.NoError(t, err)
	opened, err := both.Decode(sealed)
	require.NoError(t, err)
	assert.Equal(t, "before", string(opened[0].GetData()))

	sealed, err = both.Encode(newPayload("after"))
	require.NoError(t, err)
	_, err = old.Decode(sealed)
	require.ErrorContains(t, err, `"k2", which is not configured`)
}

// TestUnsealedPayloadsAreRefused reads what somebody with access to Temporal has put there.
func TestUnsealedPayloadsAreRefused(t *testing.T) {
	t.Parallel()

	c := parseKeys(t, newKey("k1", 1))
	_, err := c.Decode(newPayload("from a stranger"))
	require.ErrorIs(t, err, codec.ErrSealed)
	assert.NotContains(t, err.Error(), "stranger")

	c.TakeUnsealed()

	opened, err := c.Decode(newPayload("from before"))
	require.NoError(t, err)
	assert.Equal(t, "from before", string(opened[0].GetData()))
}

// TestPayloadsBelongToTheirWorkflow moves a payload to where it was not sealed for.
func TestPayloadsBelongToTheirWorkflow(t *testing.T) {
	t.Parallel()

	keys := parseKeys(t, newKey("k1", 1))
	dc := keys.Converter()

	in := func(namespace, workflowID string) converter.DataConverter {
		return converter.WithDataConverterSerializationContext(dc, converter.WorkflowSerializationContext{
			Namespace:  namespace,
			WorkflowID: workflowID,
		})
	}

	sealed, err := in("prod", "send/1").ToPayload("hush")
	require.NoError(t, err)

	var text string
	require.NoError(t, in("prod", "send/1").FromPayload(sealed, &text))
	assert.Equal(t, "hush", text)

	activity := converter.WithDataConverterSerializationContext(dc, converter.ActivitySerializationContext{
		Namespace:    "prod",
		WorkflowID:   "send/1",
		ActivityType: "PrepareSend",
	})
	require.NoError(t, activity.FromPayload(sealed, &text), "an activity reads what its workflow has made")

	for name, other := range map[string]converter.DataConverter{
		"another workflow":  in("prod", "send/2"),
		"another namespace": in("test", "send/1"),
		"no workflow":       dc,
	} {
		require.ErrorIs(t, other.FromPayload(sealed, &text), codec.ErrSealed, name)
	}
}

// TestFailuresAreSealed has no text of an error stand in a failure, and moves it to another workflow.
func TestFailuresAreSealed(t *testing.T) {
	t.Parallel()

	in := func(workflowID string) converter.FailureConverter {
		return converter.WithFailureConverterSerializationContext(
			parseKeys(t, newKey("k1", 1)).FailureConverter(),
			converter.WorkflowSerializationContext{Namespace: "prod", WorkflowID: workflowID},
		)
	}

	cause := temporal.NewApplicationError("the number 5550001 is wrong", "invalid_request", "Priya")
	failure := in("send/1").ErrorToFailure(temporal.NewApplicationErrorWithCause("hush", "delivery_failed", cause))

	kept := failure.String()
	for _, secret := range []string{"hush", "5550001", "Priya"} {
		assert.NotContains(t, kept, secret)
	}

	require.ErrorContains(t, in("send/1").FailureToError(failure), "hush")
	assert.NotContains(t, failure.String(), "hush", "it stays sealed")
	assert.NotContains(t, in("send/2").FailureToError(failure).Error(), "hush")
}

func TestTamperingIsRefused(t *testing.T) {
	t.Parallel()
	c := parseKeys(t, newKey("k1", 1), newKey("k2", 1))

	tests := map[string]func(*commonpb.Payload){
		"a flipped bit":  func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 },
		"cut":            func(p *commonpb.Payload) { p.Data = p.Data[:len(p.Data)-1] },
		"too short":      func(p *commonpb.Payload) { p.Data = p.Data[:3] },
		"another key id": func(p *commonpb.Payload) { p.Metadata["encryption-key-id"] = []byte("k2") },
		"no key id":      func(p *commonpb.Payload) { delete(p.Metadata, "encryption-key-id") },
	}

	for name, tamper := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			sealed, err := c.Encode(newPayload("text"))
			require.NoError(t, err)
			tamper(sealed[0])
			_, err = c.Decode(sealed)
			require.Error(t, err)
		})
	}
}

func TestParseRefusesBadKeysWithoutRepeatingThem(t *testing.T) {
	t.Parallel()

	short := base64.StdEncoding.EncodeToString([]byte("short"))
	for name, list := range map[string]string{
		"no id":       ":" + short,
		"no key":      "k1",
		"short":       "k1:" + short,
		"not base64":  "k1:*",
		"twice":       newKey("k", 1) + "," + newKey("k", 2),
		"empty entry": newKey("k", 1) + ",",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := codec.Parse(list)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), short)
		})
	}
}

func TestSealedBytesOpenWithAnyKeyAndUnchangedOnly(t *testing.T) {
	t.Parallel()
	old := parseKeys(t, newKey("k1", 1))
	sealed, err := old.Seal("a place", []byte("hush"))
	require.NoError(t, err)
	assert.NotContains(t, string(sealed), "hush")
	rotated := parseKeys(t, newKey("k2", 2), newKey("k1", 1))
	plain, err := rotated.Open("a place", sealed)
	require.NoError(t, err)
	assert.Equal(t, "hush", string(plain))
	_, err = parseKeys(t, newKey("k2", 2)).Open("a place", sealed)
	require.Error(t, err)
	_, err = parseKeys(t, newKey("k1", 3)).Open("a place", sealed)
	require.Error(t, err, "another key of the same id")

	sealed[len(sealed)-1] ^= 1
	_, err = old.Open("a place", sealed)
	require.Error(t, err)
	_, err = old.Open("a place", []byte("nothing"))
	require.Error(t, err)
}

// TestSealedBytesOpenInTheirPlaceOnly moves a secret to another workspace.
func TestSealedBytesOpenInTheirPlaceOnly(t *testing.T) {
	t.Parallel()

	c := parseKeys(t, newKey("k1", 1))
	sealed, err := c.Seal("a place", []byte("hush"))
	require.NoError(t, err)

	for _, place := range []string{"another place", ""} {
		_, err = c.Open(place, sealed)
		require.Error(t, err, place)
	}
}

// TestReseal brings what was sealed before under the newest key, and into its place.
func TestReseal(t *testing.T) {
	t.Parallel()

	old := parseKeys(t, newKey("k1", 1))
	rotated := parseKeys(t, newKey("k2", 2), newKey("k1", 1))

	for _, place := range []string{"a place", ""} {
		sealed, err := old.Seal(place, []byte("hush"))
		require.NoError(t, err)

		fresh, changed, err := rotated.Reseal("a place", sealed)
		require.NoError(t, err)
		assert.True(t, changed)

		plain, err := parseKeys(t, newKey("k2", 2)).Open("a place", fresh)
		require.NoError(t, err, "the old key is not needed any more")
		assert.Equal(t, "hush", string(plain))

		_, changed, err = rotated.Reseal("a place", fresh)
		require.NoError(t, err)
		assert.False(t, changed)

		_, _, err = parseKeys(t, newKey("k3", 3)).Reseal("a place", sealed)
		require.Error(t, err)
	}
}

func TestKeysThatAreMissingAreRememberedAndToldOnce(t *testing.T) {
	t.Parallel()
	c := parseKeys(t, newKey("k1", 1))

	var told []string

	c.OnMissingKey(func(id string) { told = append(told, id) })
	assert.Empty(t, c.MissingKeys())

	for _, id := range []string{"k3", "k2", "k3"} {
		sealed, err := parseKeys(t, newKey(id, 7)).Encode(newPayload("text"))
		require.NoError(t, err)
		_, err = c.Decode(sealed)
		require.ErrorIs(t, err, codec.ErrSealed)
	}

	secret, err := parseKeys(t, newKey("k4", 7)).Seal("a place", []byte("hush"))
	require.NoError(t, err)
	_, err = c.Open("a place", secret)
	require.Error(t, err)

	assert.Equal(t, []string{"k3", "k2", "k4"}, told)
	assert.Equal(t, []string{"k2", "k3", "k4"}, c.MissingKeys())
}

// Whoever can write to Temporal chooses the ids.
func TestNotEveryMissingKeyIsRemembered(t *testing.T) {
	t.Parallel()
	c := parseKeys(t, newKey("k1", 1))

	for i := range 100 {
		payload := &commonpb.Payload{Metadata: map[string][]byte{
			"encoding":          []byte("binary/encrypted"),
			"encryption-key-id": []byte(strings.Repeat("x", 1000) + strconv.Itoa(i)),
		}}
		_, err := c.Decode([]*commonpb.Payload{payload})
		require.Error(t, err)
	}

	missing := c.MissingKeys()
	assert.LessOrEqual(t, len(missing), 16)

	for _, id := range missing {
		assert.LessOrEqual(t, len(id), 64)
	}
}

func TestWithoutKeysNothingIsSealedAndSealedPayloadsAreHeld(t *testing.T) {
	t.Parallel()

	c := codec.Plain()
	payload := newPayload("text")

	plain, err := c.Encode(payload)
	require.NoError(t, err)
	assert.True(t, proto.Equal(payload[0], plain[0]))

	sealed, err := parseKeys(t, newKey("k1", 1)).Encode(payload)
	require.NoError(t, err)
	_, err = c.Decode(sealed)
	require.ErrorIs(t, err, codec.ErrSealed)
	assert.Equal(t, []string{"k1"}, c.MissingKeys())
}

func TestKeyIDsAreListed(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"k2", "k1"}, parseKeys(t, newKey("k2", 2), newKey("k1", 1)).KeyIDs())
}
