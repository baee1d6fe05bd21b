// Package engine is what every program needs to speak to Temporal: the client
// with its payload codec, and the search attributes.
package engine

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// Options of a connection.
type Options struct {
	Address   string
	Namespace string
	TLS       bool
	Keys      *Keys
	Logger    *slog.Logger
}

// Dial connects. Payloads, and the texts and stack traces of failures, leave the
// process encrypted.
func Dial(ctx context.Context, o Options) (client.Client, error) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), &Codec{Keys: o.Keys})
	options := client.Options{
		HostPort: o.Address, Namespace: o.Namespace,
		DataConverter: data,
		FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
			DataConverter: data, EncodeCommonAttributes: true,
		}),
		Logger: log.NewStructuredLogger(o.Logger),
	}
	if o.TLS {
		options.ConnectionOptions.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", o.Address, err)
	}
	return c, nil
}

// SearchAttributes are those that the namespace has to know, with their types.
var SearchAttributes = map[string]enumspb.IndexedValueType{
	"Stage":           enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Province":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ApplicationType": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Station":         enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"AwaitingAction":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Consignment":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"Deadline":        enumspb.INDEXED_VALUE_TYPE_DATETIME,
}

// EnsureSearchAttributes adds what the namespace lacks.
func EnsureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	operator := c.OperatorService()
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for name, kind := range SearchAttributes {
		if _, ok := known.GetCustomAttributes()[name]; !ok {
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	if err != nil {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
