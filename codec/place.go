package codec

import (
	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// WithSerializationContext returns the codec of one workflow: what it seals opens there only, and in the
// activities of that workflow. Whoever can write to Temporal can then not put what was sealed for
// one workflow into another one.
//
//nolint:ireturn // the SDK asks for the interface
func (c *Codec) WithSerializationContext(at converter.SerializationContext) converter.PayloadCodec {
	return &placed{
		codec: c,
		place: placeOf(at),
	}
}

// placed is a codec for one place.
type placed struct {
	codec *Codec
	place string
}

// Encode seals payloads.
func (p *placed) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return p.codec.encodeFor(p.place, payloads)
}

// Decode opens payloads.
func (p *placed) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return p.codec.decodeFor(p.place, payloads)
}

// placeOf names a workflow: its namespace and its id. An activity has its workflow's.
func placeOf(at converter.SerializationContext) string {
	switch at := at.(type) {
	case converter.WorkflowSerializationContext:
		return at.Namespace + "\x00" + at.WorkflowID
	case converter.ActivitySerializationContext:
		return at.Namespace + "\x00" + at.WorkflowID
	}

	return ""
}

// FailureConverter makes and reads failures. With keys, their texts are sealed as payloads are.
//
//nolint:ireturn // the SDK asks for the interface
func (c *Codec) FailureConverter() converter.FailureConverter {
	return &failures{
		codec:     c,
		converter: c.Converter(),
	}
}

// failures is the SDK's converter, which knows no place of its own.
type failures struct {
	codec     *Codec
	converter converter.DataConverter
}

var _ converter.FailureConverterWithSerializationContext = (*failures)(nil)

// WithSerializationContext returns the converter of one workflow.
//
//nolint:ireturn // the SDK asks for the interface
func (f *failures) WithSerializationContext(at converter.SerializationContext) converter.FailureConverter {
	return &failures{
		codec:     f.codec,
		converter: converter.WithDataConverterSerializationContext(f.converter, at),
	}
}

func (f *failures) inner() *temporal.DefaultFailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          f.converter,
		EncodeCommonAttributes: f.codec.sealID != "",
	})
}

// ErrorToFailure makes a failure of an error.
func (f *failures) ErrorToFailure(err error) *failurepb.Failure { return f.inner().ErrorToFailure(err) }

// FailureToError makes an error of a failure. The SDK opens a failure in place, and then records what it
// has opened as the marker of a local activity: it gets a copy.
func (f *failures) FailureToError(failure *failurepb.Failure) error {
	return f.inner().FailureToError(proto.CloneOf(failure))
}
