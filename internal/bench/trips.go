package main

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// tripCounter counts round trips to the database, but for those of people who look
// where their applications are.
type tripCounter struct{ n atomic.Int64 }

type lookingKey struct{}

// looking marks what people do only to look.
func looking(ctx context.Context) context.Context { return context.WithValue(ctx, lookingKey{}, true) }

func (t *tripCounter) count(ctx context.Context) {
	if ctx.Value(lookingKey{}) == nil {
		t.n.Add(1)
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (t *tripCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.count(ctx)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*tripCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer: a batch is one round trip.
func (t *tripCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.count(ctx)
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (*tripCounter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (*tripCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
