package activities_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"example.org/cancuoc/activities"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/statement"
)

// What a workflow of another ID asks for is not done, whatever it says it is about.
func TestOwnWorkflow_RefusesStrangers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		workflow string // what its ID says it is of
		in       any
		done     bool
	}{
		"Own":        {statement.Application("A"), activities.StandingInput{Application: "A"}, true},
		"OwnBox":     {statement.Consignment("C-000001"), activities.ConsignmentInput{Consignment: "C-000001"}, true},
		"Another":    {statement.Application("B"), activities.StandingInput{Application: "A"}, false},
		"MadeUp":     {"", activities.StandingInput{Application: "A"}, false},
		"AnotherBox": {statement.Consignment("C-000002"), activities.ConsignmentInput{Consignment: "C-000001"}, false},
		"BoxOfCard":  {statement.Consignment("C-000001"), activities.StandingInput{Application: "A"}, false},
		"Nothing":    {statement.Application(""), activities.StandingInput{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
			env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{
				&activities.Refusals{}, &activities.OwnWorkflow{Subject: func(string) string { return tt.workflow }},
			}})
			done := false
			act := func(context.Context, activities.StandingInput) error { done = true; return nil }
			box := func(context.Context, activities.ConsignmentInput) error { done = true; return nil }
			env.RegisterActivity(act)
			env.RegisterActivity(box)
			var err error
			if _, is := tt.in.(activities.ConsignmentInput); is {
				_, err = env.ExecuteActivity(box, tt.in)
			} else {
				_, err = env.ExecuteActivity(act, tt.in)
			}

			require.Equal(t, tt.done, done)
			if !tt.done {
				require.ErrorContains(t, err, "is not that of the application or consignment that it names")
			}
		})
	}
}

// Every activity says which application or box it is about, where that is looked for.
func TestOwnWorkflow_EveryInputNamesWhatItIsAbout(t *testing.T) {
	t.Parallel()
	for _, of := range []any{&activities.Pipeline{}, &activities.Station{}, &activities.DispatchRoom{}} {
		for method := range reflect.TypeOf(of).Methods() {
			if method.Type.NumIn() != 3 || method.Type.In(2).Kind() != reflect.Struct { // no activity
				continue
			}
			application, named := method.Type.In(2).FieldByName("Application")
			box, boxed := method.Type.In(2).FieldByName("Consignment")
			require.True(t, named && application.Type == reflect.TypeFor[identity.ApplicationNumber]() || boxed && box.Type == reflect.TypeFor[identity.ConsignmentNumber](), method.Name)
		}
	}
}
