package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// EnsureSearchAttributes adds the attributes that the namespace lacks, and returns
// when all can be used: servers learn of them after some seconds. It may be called
// again, and by several processes at once. An attribute that exists with another type
// is an error, because its type cannot be changed.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string, attributes []temporal.SearchAttributeKey) error {
	if err := addSearchAttributes(ctx, c, namespace, attributes); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := useSearchAttributes(ctx, c, namespace, attributes)
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

func addSearchAttributes(ctx context.Context, c client.Client, namespace string, attributes []temporal.SearchAttributeKey) error {
	operator := c.OperatorService()
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for _, a := range attributes {
		name, want := a.GetName(), a.GetValueType()
		is, ok := known.GetCustomAttributes()[name]
		if ok && is != want {
			return fmt.Errorf("search attribute %s has type %s, want %s", name, is, want)
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

// useSearchAttributes queries workflows by all of them.
func useSearchAttributes(ctx context.Context, c client.Client, namespace string, attributes []temporal.SearchAttributeKey) error {
	terms := make([]string, len(attributes))
	for i, a := range attributes {
		terms[i] = a.GetName() + " IS NULL"
	}
	query := strings.Join(terms, " AND ")
	if _, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query}); err != nil {
		return fmt.Errorf("query by search attributes: %w", err)
	}
	return nil
}
