package registry

import (
	"slices"
	"strings"

	"example.org/cancuoc/internal/identity"
)

// The values of identity as SQL literals, each under its name there. They are
// written into queries instead of passed as parameters: a partial index on a
// literal cannot serve a prepared query with a parameter in its place.
const (
	stageApproval        = `'` + string(identity.Approval) + `'`
	stageDeduplication   = `'` + string(identity.Deduplication) + `'`
	stageDataPreparation = `'` + string(identity.DataPreparation) + `'`
	stagePersonalization = `'` + string(identity.Personalization) + `'`
	stageDispatch        = `'` + string(identity.Dispatch) + `'`
	stageHandOver        = `'` + string(identity.HandOver) + `'`
	stageIssued          = `'` + string(identity.Issued) + `'`
	stageReceived        = `'` + string(identity.Received) + `'`
	stageRejected        = `'` + string(identity.Rejected) + `'`
	stageValidation      = `'` + string(identity.Validation) + `'`
	stageWithdrawn       = `'` + string(identity.Withdrawn) + `'`

	stepRecapture  = `'` + string(identity.StepRecapture) + `'`
	stepAdjudicate = `'` + string(identity.StepAdjudicate) + `'`
	stepApprove    = `'` + string(identity.StepApprove) + `'`
	stepReject     = `'` + string(identity.StepReject) + `'`
	stepHold       = `'` + string(identity.StepHold) + `'`
	stepRelease    = `'` + string(identity.StepRelease) + `'`
	stepWithdraw   = `'` + string(identity.StepWithdraw) + `'`
	stepIdentify   = `'` + string(identity.StepIdentify) + `'`

	cardPrepared     = `'` + string(identity.CardPrepared) + `'`
	cardBegun        = `'` + string(identity.CardBegun) + `'`
	cardPersonalized = `'` + string(identity.CardPersonalized) + `'`
	cardPrinted      = `'` + string(identity.CardPrinted) + `'`
	cardInspected    = `'` + string(identity.CardInspected) + `'`
	cardPacked       = `'` + string(identity.CardPacked) + `'`
	cardArrived      = `'` + string(identity.CardArrived) + `'`
	cardLive         = `'` + string(identity.CardLive) + `'`
	cardReportedLost = `'` + string(identity.CardReportedLost) + `'`
	cardDamaged      = `'` + string(identity.CardDamaged) + `'`
	cardKept         = `'` + string(identity.CardKept) + `'`
	cardWithdrawn    = `'` + string(identity.CardWithdrawn) + `'`
	cardLapsed       = `'` + string(identity.CardLapsed) + `'`
	cardRevoked      = `'` + string(identity.CardRevoked) + `'`
	cardSpoiled      = `'` + string(identity.CardSpoiled) + `'`
	cardLost         = `'` + string(identity.CardLost) + `'`
	cardFound        = `'` + string(identity.CardFound) + `'`
	cardDestroyed    = `'` + string(identity.CardDestroyed) + `'`

	accountReceived   = `'` + string(identity.AccountReceived) + `'`
	accountStock      = `'` + string(identity.AccountStock) + `'`
	accountProduction = `'` + string(identity.AccountProduction) + `'`
	accountSpoiled    = `'` + string(identity.AccountSpoiled) + `'`
	accountIssued     = `'` + string(identity.AccountIssued) + `'`
	accountDestroyed  = `'` + string(identity.AccountDestroyed) + `'`

	consignmentOpen      = `'` + string(identity.ConsignmentOpen) + `'`
	consignmentSealed    = `'` + string(identity.ConsignmentSealed) + `'`
	consignmentSent      = `'` + string(identity.ConsignmentSent) + `'`
	consignmentReceived  = `'` + string(identity.ConsignmentReceived) + `'`
	consignmentDissolved = `'` + string(identity.ConsignmentDissolved) + `'`

	// The states of a consignment that is not under way any more.
	consignmentClosed = `(` + consignmentReceived + `, ` + consignmentDissolved + `)`

	surplusUnclear = `'` + string(identity.SurplusUnclear) + `'`

	documentCard        = `'` + string(identity.CardDocument) + `'`
	documentCertificate = `'` + string(identity.Certificate) + `'`

	evidencePortrait  = `'` + string(identity.EvidencePortrait) + `'`
	evidenceTemplates = `'` + string(identity.EvidenceTemplates) + `'`
	evidenceProbe     = `'` + string(identity.EvidenceProbe) + `'`
	citizenAlive      = `'` + string(identity.Alive) + `'`
	locationCenter    = `'` + identity.LocationCenter + `'`
	actorSystem       = `'` + identity.ActorSystem + `'`
	actorHolder       = `'` + identity.ActorHolder + `'`
)

// ends are the stages of applications that have ended, as a list of SQL literals.
var ends = literals(identity.Ends())

// begunAtStation are the states of a card that was begun and is still at its station,
// where it can be spoiled with its blank, as a list of SQL literals.
var begunAtStation = literals(those(identity.CardState.AtStation))

// standing are the states of a card that is its holder's one card, as a list of SQL literals.
var standing = literals(those(identity.CardState.Standing))

// handedOver are the states of a card that was issued and not destroyed, as a list of SQL
// literals.
var handedOver = literals(those(identity.CardState.HandedOver))

// inSlot are the states of a card that holds a slot of its station, as a list of SQL
// literals.
var inSlot = literals(those(identity.CardState.InSlot))

// documentOf is what an application a is for, as SQL.
var documentOf = `CASE WHEN a.type IN ` + literals(identity.TypesFor(identity.Certificate)) + ` THEN ` + documentCertificate + ` ELSE ` + documentCard + ` END`

// those are the states of cards that have a property.
func those(is func(identity.CardState) bool) []identity.CardState {
	return slices.DeleteFunc(slices.Clone(identity.CardStates), func(s identity.CardState) bool { return !is(s) })
}

// givenUp are the states of a card that will never be handed over, as a list of SQL
// literals.
var givenUp = literals(slices.DeleteFunc(slices.Clone(identity.CardStates), func(s identity.CardState) bool { return !s.GivenUp() }))

// literals writes values as a list for IN.
func literals[T ~string](values []T) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `'` + string(v) + `'`
	}
	return `(` + strings.Join(quoted, `, `) + `)`
}
