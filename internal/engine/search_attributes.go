package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// SearchAttributes are those that the namespace has to know, with their types.
// Their values are in the clear: nothing of a person belongs into them.
var SearchAttributes = map[string]enumspb.IndexedValueType{
	"Stage":           enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Province":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ApplicationType": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Station":         enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"AwaitingAction":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Consignment":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Deadline":        enumspb.INDEXED_VALUE_TYPE_DATETIME,
}

// EnsureSearchAttributes adds what the namespace lacks, and returns when they
// can be used: servers learn of them after some seconds. Asking again, or from
// several processes at once, changes nothing. An attribute that is there under
// another type is an error, because it cannot be changed.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	if err := addSearchAttributes(ctx, c, namespace); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := useSearchAttributes(ctx, c, namespace)
		invalid, notYet := errors.AsType[*serviceerror.InvalidArgument](err)
		if !notYet {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("search attributes did not become usable: %w", invalid)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func addSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for name, want := range SearchAttributes {
		is, ok := known.GetCustomAttributes()[name]
		if ok && is != want {
			return fmt.Errorf("search attribute %s is of type %s; %s is wanted", name, is, want)
		}
		if !ok {
			missing[name] = want
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if _, ok := errors.AsType[*serviceerror.AlreadyExists](err); err != nil && !ok {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

// useSearchAttributes asks for workflows by each of them.
func useSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	for name := range SearchAttributes {
		_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: name + " IS NULL"})
		if err != nil {
			return fmt.Errorf("use search attribute %s: %w", name, err)
		}
	}
	return nil
}
