package workflows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// Options are made in options.go and nowhere else: every call of an activity, in whatever
// path, takes its context from there, and what a context says there is looked at below. The
// source is read, since no test drives every path.
func TestOptions_EveryCallTakesThemFromOnePlace(t *testing.T) {
	t.Parallel()
	calls := 0
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			made := contexts(d)
			ast.Inspect(d, func(n ast.Node) bool {
				name, is := ofWorkflow(n)
				if !is {
					return true
				}
				switch at := f.set.Position(n.Pos()); {
				case name == "ExecuteActivity", name == "ExecuteLocalActivity":
					calls++
					ctx := f.called[n]
					require.NotNil(t, ctx, "%s: workflow.%s is called, and given to nobody", at, name)
					require.True(t, constructed(ctx) || made.before(ctx), "%s: workflow.%s takes a context that a function of options.go did not make", at, name)
				case strings.HasPrefix(name, "With") && name != "WithCancel":
					require.Equal(t, "options.go", at.Filename, "%s: workflow.%s makes options", at, name)
				case strings.HasPrefix(name, "ExecuteChild"), strings.HasPrefix(name, "NewContinueAsNewErrorWith"), strings.HasPrefix(name, "NewNexus"):
					require.Fail(t, "options that no test reads", "%s: workflow.%s", at, name)
				}
				return true
			})
		}
	}
	require.Greater(t, calls, 6, "the calls were not found")
}

// constructors make the contexts of calls; each with arguments that say nothing.
var constructors = map[string]func(workflow.Context) workflow.Context{
	"atOnce": func(ctx workflow.Context) workflow.Context { return atOnce(ctx, "summary") },
	"inPipeline": func(ctx workflow.Context) workflow.Context {
		return inPipeline(ctx, "summary", temporal.Priority{PriorityKey: 3})
	},
	"onceAtAnyStation": func(ctx workflow.Context) workflow.Context {
		return onceAtAnyStation(ctx, "summary", temporal.Priority{PriorityKey: 3})
	},
	"atAnyStation": func(ctx workflow.Context) workflow.Context {
		return atAnyStation(ctx, "summary", temporal.Priority{PriorityKey: 3})
	},
	"atStation": func(ctx workflow.Context) workflow.Context {
		return atStation(ctx, "PX-01", time.Hour, "summary", temporal.Priority{PriorityKey: 3})
	},
	"atQueue": func(ctx workflow.Context) workflow.Context {
		return atQueue(ctx, "queue", time.Hour, "summary", temporal.Priority{PriorityKey: 3})
	},
}

// No option ends retries, and none is left to the SDK: one that is not named here is a
// default that nobody wrote.
func TestOptions_EachSaysWhatEndsIt(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			if f.name == "options.go" && returnsContext(d) {
				declared[d.(*ast.FuncDecl).Name.Name] = true
			}
			ast.Inspect(d, func(n ast.Node) bool { requireNamed(t, f, n); return true })
		}
	}
	require.Equal(t, slices.Sorted(maps.Keys(declared)), inOrder, "each function of options.go is looked at here")

	env := (&testsuite.WorkflowTestSuite{}).NewTestWorkflowEnvironment()
	env.RegisterWorkflow(readOptions)
	env.ExecuteWorkflow(readOptions)
	require.NoError(t, env.GetWorkflowError())
	var wrong []string
	require.NoError(t, env.GetWorkflowResult(&wrong))
	require.Empty(t, wrong)
}

// inOrder are the names of constructors: a workflow may not range over a map.
var inOrder = slices.Sorted(maps.Keys(constructors))

// readOptions lists what is wrong with the options of each constructor.
func readOptions(ctx workflow.Context) (wrong []string, err error) {
	say := func(bad bool, name, what string) {
		if bad {
			wrong = append(wrong, name+": "+what)
		}
	}
	for _, name := range inOrder {
		made := constructors[name](ctx)
		if name == "atOnce" {
			o := workflow.GetLocalActivityOptions(made)
			say(o.ScheduleToCloseTimeout <= 0 || o.ScheduleToCloseTimeout > 5*time.Second, name, "is not at once")
			say(o.StartToCloseTimeout <= 0, name, "has no time for a try")
			say(o.RetryPolicy == nil || o.RetryPolicy.MaximumAttempts != 1, name, "is tried more than once where nobody sees it")
			continue
		}
		o := workflow.GetActivityOptions(made)
		say(o.ScheduleToCloseTimeout != 0, name, "ends retries after a time")
		say(o.StartToCloseTimeout <= 0, name, "has no time for a try")
		say(o.ScheduleToStartTimeout != 0 && name != "atStation" && name != "atQueue", name, "ends while it waits for a worker")
		say(o.RetryPolicy == nil, name, "is retried as the server likes")
		say(o.RetryPolicy != nil && o.RetryPolicy.MaximumAttempts != 0 && name != "onceAtAnyStation", name, "ends retries after some tries")
		say(o.RetryPolicy != nil && (o.RetryPolicy.MaximumInterval <= 0 || o.RetryPolicy.MaximumInterval > time.Minute), name, "is tried again too late")
		say(o.TaskQueue != PipelineQueue && o.HeartbeatTimeout <= 0, name, "is not noticed when its station dies")
		say(o.TaskQueue == "" || o.Summary == "" || o.Priority.PriorityKey == 0, name, "says not where, what, or how urgent")
	}
	return wrong, nil
}

// source is one file of this package that is no test.
type source struct {
	*ast.File
	name   string
	set    *token.FileSet
	called map[ast.Node]ast.Expr // the first argument of each call, by the function that is called
}

func sources(t *testing.T) []source {
	t.Helper()
	names, err := fs.Glob(os.DirFS("."), "*.go")
	require.NoError(t, err)
	var list []source
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		s := source{name: name, set: token.NewFileSet(), called: make(map[ast.Node]ast.Expr)}
		s.File, err = parser.ParseFile(s.set, name, nil, 0)
		require.NoError(t, err)
		for _, i := range s.Imports {
			require.True(t, i.Name == nil || !strings.Contains(i.Path.Value, "go.temporal.io/sdk/workflow"), "%s: workflow has another name here", name)
		}
		ast.Inspect(s.File, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is && len(call.Args) > 0 {
				s.called[call.Fun] = call.Args[0]
			}
			return true
		})
		list = append(list, s)
	}
	return list
}

// ofWorkflow is the name of what a node takes of the SDK's package workflow.
func ofWorkflow(n ast.Node) (name string, is bool) {
	selected, is := n.(*ast.SelectorExpr)
	if !is {
		return "", false
	}
	x, is := selected.X.(*ast.Ident)
	return selected.Sel.Name, is && x.Name == "workflow" && x.Obj == nil
}

// constructed reports whether an expression calls a function of options.go.
func constructed(e ast.Expr) bool {
	call, is := e.(*ast.CallExpr)
	if !is {
		return false
	}
	name, is := call.Fun.(*ast.Ident)
	return is && constructors[name.Name] != nil
}

// assignments are those to each variable of a declaration.
type assignments map[string][]assignment

type assignment struct {
	at   token.Pos
	made bool // by a function of options.go
}

func contexts(d ast.Decl) assignments {
	all := make(assignments)
	ast.Inspect(d, func(n ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is {
			return true
		}
		for i, left := range assign.Lhs {
			if variable, is := left.(*ast.Ident); is {
				made := len(assign.Lhs) == len(assign.Rhs) && constructed(assign.Rhs[i])
				all[variable.Name] = append(all[variable.Name], assignment{assign.Pos(), made})
			}
		}
		return true
	})
	return all
}

// before reports whether a variable was assigned before it is used, and by nothing but
// functions of options.go.
func (a assignments) before(e ast.Expr) bool {
	variable, is := e.(*ast.Ident)
	if !is || len(a[variable.Name]) == 0 {
		return false
	}
	all := a[variable.Name]
	return all[0].at < e.Pos() && !slices.ContainsFunc(all, func(x assignment) bool { return !x.made })
}

func returnsContext(d ast.Decl) bool {
	f, is := d.(*ast.FuncDecl)
	if !is || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
		return false
	}
	name, is := f.Type.Results.List[0].Type.(*ast.SelectorExpr)
	return is && name.Sel.Name == "Context"
}

// named are the fields that each literal of options has to give.
var named = map[string][]string{
	"ActivityOptions":      {"TaskQueue", "ScheduleToCloseTimeout", "ScheduleToStartTimeout", "StartToCloseTimeout", "RetryPolicy", "Summary", "Priority"},
	"LocalActivityOptions": {"ScheduleToCloseTimeout", "StartToCloseTimeout", "RetryPolicy", "Summary"},
	"RetryPolicy":          {"InitialInterval", "BackoffCoefficient", "MaximumInterval", "MaximumAttempts"},
	"StartWorkflowOptions": {"ID", "TaskQueue", "WorkflowIDReusePolicy", "WorkflowIDConflictPolicy", "WorkflowExecutionTimeout", "WorkflowRunTimeout", "WorkflowTaskTimeout"},
}

func requireNamed(t *testing.T, f source, n ast.Node) {
	t.Helper()
	literal, is := n.(*ast.CompositeLit)
	if !is {
		return
	}
	of, is := literal.Type.(*ast.SelectorExpr)
	if !is || named[of.Sel.Name] == nil {
		return
	}
	var fields []string
	for _, e := range literal.Elts {
		if pair, is := e.(*ast.KeyValueExpr); is {
			fields = append(fields, pair.Key.(*ast.Ident).Name)
		}
	}
	require.Subset(t, fields, named[of.Sel.Name], "%s: what is not named is the SDK's to choose", f.set.Position(n.Pos()))
}
