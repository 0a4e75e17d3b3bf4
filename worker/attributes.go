package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"handrail/workflows"
)

// RegisterSearchAttributes makes sure that the namespace has the search attributes that
// the workflows set. It changes nothing when they exist. Where the server does not let
// this client register them (Temporal Cloud, or an authorizer), the error says which to
// create by hand.
func RegisterSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	wanted, err := missingSearchAttributes(ctx, c, namespace)
	if err != nil {
		return err
	}

	if len(wanted) == 0 {
		return nil
	}

	_, err = c.OperatorService().AddSearchAttributes(
		ctx,
		&operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: wanted},
	)
	// Another process may have been faster.
	if _, exists := errors.AsType[*serviceerror.AlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("register search attributes %v in namespace %s: %w", wanted, namespace, err)
	}

	return nil
}

// MissingSearchAttributes lists the search attributes that the workflows set and the namespace
// does not have, by name.
func MissingSearchAttributes(ctx context.Context, c client.Client, namespace string) ([]string, error) {
	missing, err := missingSearchAttributes(ctx, c, namespace)

	return slices.Sorted(maps.Keys(missing)), err
}

func missingSearchAttributes(
	ctx context.Context,
	c client.Client,
	namespace string,
) (map[string]enumspb.IndexedValueType, error) {
	missing := make(map[string]enumspb.IndexedValueType)
	for _, key := range workflows.SearchAttributes() {
		missing[key.GetName()] = key.GetValueType()
	}

	have, err := c.OperatorService().ListSearchAttributes(
		ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: namespace},
	)
	if err != nil {
		return nil, fmt.Errorf("list the search attributes of namespace %s: %w", namespace, err)
	}

	for name := range have.GetCustomAttributes() {
		delete(missing, name)
	}

	return missing, nil
}
