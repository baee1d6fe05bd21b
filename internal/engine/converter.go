package engine

import (
	"context"
	"errors"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

// newConverter encrypts what is sent and decrypts what comes.
func newConverter(keys *Keys) converter.DataConverter {
	return &outside{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), &Codec{Keys: keys})}
}

// outside converts for clients and activities. An activity that cannot read its input
// fails, and is tried again.
type outside struct{ converter.DataConverter }

var _ converter.ContextAware = (*outside)(nil)

// WithContext implements converter.ContextAware.
func (c *outside) WithContext(context.Context) converter.DataConverter { return c }

// WithWorkflowContext implements converter.ContextAware.
func (c *outside) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return &inside{c.DataConverter}
}

// inside converts for workflows. Where the key of a payload is missing, the workflow task
// fails, and is tried again until a worker has it. An error would not do: for it the SDK
// ends the workflow as failed, drops a signal, and takes a step that was done for one that
// failed.
type inside struct{ converter.DataConverter }

// FromPayload implements converter.DataConverter.
func (c *inside) FromPayload(payload *commonpb.Payload, value any) error {
	return needKey(c.DataConverter.FromPayload(payload, value))
}

// FromPayloads implements converter.DataConverter.
func (c *inside) FromPayloads(payloads *commonpb.Payloads, values ...any) error {
	return needKey(c.DataConverter.FromPayloads(payloads, values...))
}

func needKey(err error) error {
	if missing, ok := errors.AsType[*missingKeyError](err); ok {
		panic(missing)
	}
	return err
}
