package codec

import (
	"context"
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// ErrSealed says that a payload cannot be opened with the keys that are configured.
var ErrSealed = errors.New("the payload cannot be opened with the configured keys")

// Converter makes and reads payloads that are sealed with the keys of c.
//
// Within a workflow it panics with [ErrSealed] where it would return it. A worker that lacks a
// key then fails the workflow task, which Temporal gives out again until a worker has the key.
// An error would fail the workflow for good, and with it what a 202 has promised.
func (c *Codec) Converter() converter.DataConverter {
	return sealing{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)}
}

type sealing struct{ converter.DataConverter }

var _ workflow.ContextAware = sealing{}

// WithWorkflowContext returns the converter for workflow code.
func (s sealing) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return holding(s)
}

// WithSerializationContext returns the converter of one workflow.
//
//nolint:ireturn // the SDK asks for the interface
func (s sealing) WithSerializationContext(at converter.SerializationContext) converter.DataConverter {
	return sealing{converter.WithDataConverterSerializationContext(s.DataConverter, at)}
}

// WithContext returns the converter for everything else.
//
//nolint:ireturn // the SDK asks for the interface
func (s sealing) WithContext(context.Context) converter.DataConverter { return s }

// holding is the converter within a workflow.
type holding struct{ converter.DataConverter }

// WithSerializationContext returns the converter of one workflow.
//
//nolint:ireturn // the SDK asks for the interface
func (h holding) WithSerializationContext(at converter.SerializationContext) converter.DataConverter {
	return holding{converter.WithDataConverterSerializationContext(h.DataConverter, at)}
}

// FromPayload reads one value.
func (h holding) FromPayload(payload *commonpb.Payload, value any) error {
	return holdTask(h.DataConverter.FromPayload(payload, value))
}

// FromPayloads reads values.
func (h holding) FromPayloads(payloads *commonpb.Payloads, values ...any) error {
	return holdTask(h.DataConverter.FromPayloads(payloads, values...))
}

// holdTask fails the workflow task, and not the workflow, for want of a key.
func holdTask(err error) error {
	if errors.Is(err, ErrSealed) {
		panic(fmt.Errorf("wait for a worker with the key: %w", err))
	}

	return err
}
