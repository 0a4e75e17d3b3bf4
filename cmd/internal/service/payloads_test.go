package service_test

import (
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// collectPayloads are the data of all payloads in a message: in JSON they stand as base64, in
// which no text would be found.
func collectPayloads(m protoreflect.Message) [][]byte {
	if p, ok := m.Interface().(*commonpb.Payload); ok {
		return [][]byte{p.GetData()}
	}

	var all [][]byte

	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			value.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				if inner, ok := v.Interface().(protoreflect.Message); ok {
					all = append(all, collectPayloads(inner)...)
				}

				return true
			})

		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				all = append(all, collectPayloads(value.List().Get(i).Message())...)
			}

		case field.Message() != nil:
			all = append(all, collectPayloads(value.Message())...)
		}

		return true
	})

	return all
}
