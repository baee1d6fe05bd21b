package workflows_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"example.org/cancuoc/internal/cast"
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/passkey"
	"example.org/cancuoc/internal/passkey/passkeytest"
	"example.org/cancuoc/internal/registry/registrytest"
	"example.org/cancuoc/internal/statement"
	"example.org/cancuoc/workflows"
)

// update sends an update to Temporal as anybody can who reaches it.
func (a *liveApplication) update(act identity.Act, id string, content ...any) error {
	a.o.t.Helper()
	handle, err := a.o.temporal.UpdateWorkflow(a.o.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: a.id, UpdateID: id, UpdateName: act.ActName(), Args: append([]any{act}, content...), WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(a.o.t.Context(), nil)
	}
	return err
}

// Whoever reaches Temporal decides nothing by it: what no officer signed is refused, and
// what claims to be an officer's is kept for the auditor. Nothing else is left of it.
func TestCardApplication_TakesFromTemporalWhatAnOfficerSigned(t *testing.T) {
	t.Parallel()
	o := newLiveOffice(t, nil)
	o.open(samplePopulation(t))
	o.work(o.Pipeline(t.Context()))
	a := o.submit("01-first-issue-at-14", nil)
	a.await(identity.ToApprove)
	subject, approve := statement.Application(a.number), identity.Approve{Officer: approver}
	require.ErrorContains(t, a.update(approve, ""), "statement: is missing")
	require.ErrorContains(t, a.update(approve, "", statement.Signed{}), "statement: is missing")
	require.ErrorContains(t, a.update(approve, "", map[string]any{"statement": []byte("{}")}), "needs id")
	number := identity.Approve{Officer: approver, Reason: "of 001201234567"}
	numbered := registrytest.Signed(number, subject)
	require.ErrorContains(t, a.update(number, numbered.ID(), numbered), "can be a personal number")

	ahead := registrytest.SignedAt(time.Now().Add(2*time.Hour), approve, subject, "")
	ahead.TakenIn = time.Now().Add(2 * time.Hour) // which is the engine's to say
	forged, stranger := registrytest.Signed(approve, subject), stranger(t, approve, subject)
	forged.Signatures[0].Value[0] ^= 1
	elsewhere, unentitled := identity.Approve{Officer: "PD-048-0001"}, identity.Approve{Officer: counter}
	spaced, lookAlike := identity.Approve{Officer: enroller + " "}, identity.Approve{Officer: "РD-001-0001"} // the first letter is Cyrillic
	shared, revoked := identity.Approve{Officer: "PD-001-0002"}, identity.Approve{Officer: latecomer}
	tricked := o.byPasskey("http://localhost:8091", approve, subject) // on another page of the office's host
	refused := []struct {
		act    identity.Act
		signed statement.Signed
		want   string
	}{
		{approve, forged, "the signature of PD-001-0001 does not fit"},
		{approve, stranger, "is not the owner of the key"},
		{approve, registrytest.Signed(identity.Hold{Officer: approver, Reason: "under-verification"}, subject), "does not say what is"},
		{approve, registrytest.Signed(approve, statement.Application("B7K2M-4QX9T-6")), "does not say what is asked for"},
		{approve, registrytest.SignedAt(time.Now().Add(-time.Hour), approve, subject, ""), "sign again"},
		{approve, ahead, "is the clock right?"},
		{elsewhere, registrytest.Signed(elsewhere, subject), "acts for another province"},
		{unentitled, registrytest.Signed(unentitled, subject), "has no role that may do this"},
		{spaced, registrytest.Signed(spaced, subject), "is not a badge"},
		{lookAlike, registrytest.Signed(lookAlike, subject), "is not a badge"},
		{shared, signedWith(t, approver, shared, subject), "is not the owner of the key"},
		{revoked, o.signedAndRevoked(revoked, subject), "was revoked, or is not valid now"},
		{approve, tricked, "passkey: was asked elsewhere than at http://localhost:8090"},
	}
	for _, tt := range refused {
		require.ErrorContains(t, a.update(tt.act, tt.signed.ID(), tt.signed), tt.want)
	}
	right := registrytest.Signed(approve, subject)
	require.ErrorContains(t, a.update(approve, "another", right), "does not say what is asked for", "it has its own identifier")

	record, err := o.Registry.Application(t.Context(), a.number)
	require.NoError(t, err)
	require.Equal(t, identity.Approval, record.Stage)
	require.Equal(t, len(refused)+1, o.count("refused_acts WHERE subject LIKE 'application/%' AND claimed <> '' AND statement <> ''"))
	require.Eventually(t, func() bool { // the two without a statement are one line
		return o.count("refused_acts WHERE act = 'approve' AND subject = '"+subject+"' AND claimed = ''") == 2
	}, 10*time.Second, 50*time.Millisecond)
	require.Zero(t, o.count("decisions")+o.count("acts WHERE act = 'approve'"))

	// A workflow that somebody begins for it, or for no box, under another ID ends by itself.
	entries := o.count("audit")
	for id, begin := range map[string][]any{
		"evil":     {workflows.CardApplication, workflows.CardApplicationInput{Application: a.number, Resumed: true}},
		"evil box": {workflows.Consignment, workflows.ConsignmentInput{Number: "C-000001"}},
	} {
		run, err := o.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: workflows.PipelineQueue}, begin[0], begin[1])
		require.NoError(t, err)
		require.NoError(t, run.Get(t.Context(), nil))
	}
	require.Equal(t, entries, o.count("audit"))

	require.NoError(t, a.update(approve, right.ID(), right))
	again, unsigned := registrytest.Signed(approve, subject), registrytest.Signed(approve, subject)
	forged = registrytest.Signed(approve, subject)
	require.NoError(t, a.update(approve, again.ID(), again), "it is answered")
	forged.Signatures[0].Value[0] ^= 1
	require.ErrorContains(t, a.update(approve, forged.ID(), forged), "does not fit", "nobody is in the name of who decided so")
	unsigned.Signatures = nil
	require.ErrorContains(t, a.update(approve, unsigned.ID(), unsigned), "must be signed by the officers whom it names")
	require.Equal(t, 1, o.count("decisions d JOIN acts a ON a.id = d.request AND a.officer = d.officer WHERE d.step = 'approve'"))
}

// byPasskey is an act that its officer's passkey, of the officers' pages, signed on the page of
// that origin.
func (o *liveOffice) byPasskey(origin string, act identity.Approve, subject string) statement.Signed {
	o.t.Helper()
	a := passkeytest.New(o.t, passkey.Origin(o.config.Gateway.OfficersURL))
	register := identity.RegisterKey{By1: cast.Founders[0], By2: cast.Founders[1], Key: a.Key(o.t), PasskeyID: a.ID}
	require.NoError(o.t, o.Registry.RegisterKey(o.t.Context(), act.Officer, register, registrytest.Signed(register, statement.Officer(act.Officer))))
	signed, err := statement.New(act, subject, statement.NewID(), time.Now().Add(time.Minute))
	require.NoError(o.t, err)
	a.Origin = origin
	answer := a.Sign(o.t, signed.Challenge())
	signed.Signatures = []statement.Signature{{Officer: act.Officer, Key: a.Key(o.t), Value: answer.Signature, Passkey: &answer.Passkey}}
	return signed
}

// latecomer approves until the key is revoked.
const latecomer = identity.OfficerID("PD-001-0077")

// signedAndRevoked is an act of an officer whose only key was revoked after it was signed.
func (o *liveOffice) signedAndRevoked(act identity.Approve, subject string) statement.Signed {
	o.t.Helper()
	key, err := x509.MarshalPKIXPublicKey(cast.Known().Of(act.Officer).Public())
	require.NoError(o.t, err)
	register := identity.RegisterOfficer{
		By1: cast.Founders[0], By2: cast.Founders[1], Key: key,
		Record: identity.Officer{Badge: act.Officer, Unit: "001", Roles: []identity.Role{identity.Approving}},
	}
	require.NoError(o.t, o.Registry.RegisterOfficer(o.t.Context(), register, registrytest.Signed(register, statement.Officer(act.Officer))))
	signed := registrytest.Signed(act, subject)
	require.NoError(o.t, o.Registry.MayAct(o.t.Context(), signed))
	revoke := identity.RevokeKey{Officer: cast.Founders[0], Key: key, Reason: "lost"}
	require.NoError(o.t, o.Registry.RevokeKey(o.t.Context(), act.Officer, revoke, registrytest.Signed(revoke, statement.Officer(act.Officer))))
	return signed
}

// signedWith is an act signed with another officer's key: two with one credential.
func signedWith(t *testing.T, other identity.OfficerID, act identity.Approve, subject string) statement.Signed {
	t.Helper()
	signed, err := statement.New(act, subject, statement.NewID(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.NoError(t, signed.Sign(act.Officer, cast.Known().Of(other)))
	return signed
}

// stranger is the statement of an act, signed with a key that nobody registered.
func stranger(t *testing.T, act identity.Act, subject string) statement.Signed {
	t.Helper()
	signed, err := cast.NewKeys().State(act, subject, "")
	require.NoError(t, err)
	return signed
}

// count counts rows of the registry, as its owner.
func (o *liveOffice) count(from string) (n int) {
	o.t.Helper()
	db, err := pgx.Connect(o.t.Context(), registrytest.Behind(o.t, o.settings["database.url"].(string)))
	require.NoError(o.t, err)
	defer func() { require.NoError(o.t, db.Close(context.WithoutCancel(o.t.Context()))) }()
	require.NoError(o.t, db.QueryRow(o.t.Context(), "SELECT count(*) FROM "+from).Scan(&n))
	return n
}

// A box moves by what its officers signed.
func TestConsignment_TakesWhatAnOfficerSigned(t *testing.T) {
	t.Parallel()
	d := newDispatchRoom(t, 1)
	subject := statement.Consignment(d.box)
	d.afterStating(time.Minute, seals, func() statement.Signed { return statement.Signed{} })
	d.afterStating(2*time.Minute, seals, func() statement.Signed { return registrytest.SignedAt(d.env.Now(), sends, subject, "") })
	d.afterStating(3*time.Minute, seals, func() statement.Signed {
		return registrytest.SignedAt(d.env.Now(), seals, statement.Consignment("C-000099"), "")
	})
	d.afterStating(4*time.Minute, seals, func() statement.Signed { return registrytest.SignedAt(d.env.Now().Add(-time.Hour), seals, subject, "") })
	d.after(5*time.Minute, identity.SealConsignment{Officer: approver})
	d.after(6*time.Minute, seals)
	d.after(7*time.Minute, sends)
	d.after(8*time.Minute, identity.ReceiveConsignment{Officer: counter, Counted: 1})

	d.process()

	require.Len(t, d.answered, 8)
	for i, want := range []string{
		"seal: statement: is missing", "seal: statement: does not say what is asked for", "seal: statement: does not say what is asked for",
		"seal: statement: was to be taken in until", "seal: officer: has no role that may do this", "seal: accepted", "send: accepted", "receive: accepted",
	} {
		require.Contains(t, d.answered[i], want)
	}
}
