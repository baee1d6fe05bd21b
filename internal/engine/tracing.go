package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// Tracing sends spans to an OpenTelemetry collector: of what comes through a door, and of
// the workflows and activities that come of it, in whatever process. Nil does nothing.
//
// A span says what was done, on which workflow, how long it took and what kind of error there
// was: no path, no address, and no error's text.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// TracingOptions say where spans go.
type TracingOptions struct {
	URL     string  // of the collector, for OTLP over HTTP
	Share   float64 // of what comes in, 0 to 1, that is traced to its end
	Program string
	Logger  *slog.Logger
}

// What waits to be sent. What does not fit is dropped: nothing waits for a collector.
const (
	tracesQueue   = 4096
	tracesBatch   = 512
	tracesEvery   = 2 * time.Second
	tracesTimeout = 10 * time.Second // of one batch, with what is tried again
	tracesRetry   = time.Second
)

// OpenTracing begins it. The collector need not answer.
func OpenTracing(ctx context.Context, o TracingOptions) (*Tracing, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(o.URL), otlptracehttp.WithTimeout(tracesTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: tracesRetry, MaxInterval: tracesTimeout, MaxElapsedTime: tracesTimeout}))
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { o.Logger.WarnContext(ctx, "Traces are not sent", "error", err) }))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithMaxQueueSize(tracesQueue), sdktrace.WithMaxExportBatchSize(tracesBatch),
			sdktrace.WithBatchTimeout(tracesEvery), sdktrace.WithExportTimeout(tracesTimeout)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Share))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.namespace", "cancuoc"), attribute.String("service.name", o.Program))),
	)
	return &Tracing{provider: provider, tracer: provider.Tracer("example.org/cancuoc")}, nil
}

// Stop sends what there is, for as long as a batch may take, though ctx has ended.
func (t *Tracing) Stop(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

// Interceptor traces what a client asks and what its workers do. It adds nothing to what a
// workflow commands but a header, and no header keeps a workflow from going on.
func (t *Tracing) Interceptor() (interceptor.Interceptor, error) {
	return opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer: t.tracer, TextMapPropagator: propagation.TraceContext{}, DisableBaggage: true, AllowInvalidParentSpans: true,
		SpanStarter: func(ctx context.Context, tracer trace.Tracer, name string, options ...trace.SpanStartOption) trace.Span {
			_, span := tracer.Start(ctx, name, options...)
			return discreet{span}
		},
	})
}

// discreet is a span that keeps texts of errors to itself: somebody's words may be in them.
type discreet struct{ trace.Span }

// RecordError notes what kind of error there was.
func (s discreet) RecordError(err error, _ ...trace.EventOption) {
	if err == nil {
		return
	}
	kind := fmt.Sprintf("%T", err)
	if failure, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		kind = failure.Type()
	}
	s.SetAttributes(attribute.String("error.type", kind))
}

// SetStatus notes that there was one.
func (s discreet) SetStatus(code codes.Code, _ string) { s.Span.SetStatus(code, "") }

// Around traces what comes through a door. A trace begins there, whatever the request says: it
// comes from anybody.
func (t *Tracing) Around(door string, next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.tracer.Start(r.Context(), "door", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("door", door), attribute.String("http.request.method", r.Method)))
		defer span.End()
		within := r.WithContext(ctx)
		next.ServeHTTP(w, within)
		r.Pattern = within.Pattern // for whoever counts
		if r.Pattern != "" {
			span.SetName(r.Pattern)
			span.SetAttributes(attribute.String("http.route", r.Pattern))
		}
	})
}
