package statement

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.org/cancuoc/internal/identity"
)

// acts reads every act, by its name.
var acts = table(
	of[identity.Enroll], of[identity.Recapture], of[identity.Adjudicate], of[identity.Approve], of[identity.Reject], of[identity.Hold], of[identity.Release],
	of[identity.Withdraw], of[identity.HandOverCard], of[identity.CollectFee], of[identity.RefundFee],
	of[identity.Identify], of[identity.CorrectPerson], of[identity.MarkPerson], of[identity.RenumberPerson], of[identity.MergePersons],
	of[identity.SealConsignment], of[identity.SendConsignment], of[identity.ReceiveConsignment], of[identity.Recount],
	of[identity.ReopenConsignment], of[identity.SettleSurplus],
	of[identity.ReceiveBlanks], of[identity.MoveBlanks], of[identity.DestroyCard], of[identity.FindCard],
	of[identity.ReportLost], of[identity.ReportFound], of[identity.ReportDamaged], of[identity.KeepCard], of[identity.ReturnCard], of[identity.WithdrawCard], of[identity.LapseCard],
	of[identity.ExtractRecord], of[identity.PrintPINLetter], of[identity.ManageCard],
	of[identity.PauseStation], of[identity.ResumeStation], of[identity.RemoveStation], of[identity.LetGo], of[identity.ReplayNotifications],
	of[identity.RegisterStation], of[identity.RevokeStation],
	of[identity.RegisterVerifier], of[identity.RevokeVerifier],
	of[identity.RevokeSigner], of[identity.RollOverSigner], of[identity.ImportTransportKey], of[identity.MakeChipMaster],
	of[identity.RegisterOfficer], of[identity.RevokeOfficer], of[identity.RegisterKey], of[identity.RevokeKey], of[identity.LogIn],
)

type reader func(jsontext.Value) (identity.Act, error)

func of[A identity.Act]() (string, reader) {
	var act A
	return act.ActName(), func(content jsontext.Value) (identity.Act, error) {
		var act A
		err := json.Unmarshal(content, &act, json.RejectUnknownMembers(true))
		return act, err
	}
}

func table(entries ...func() (string, reader)) map[string]reader {
	all := make(map[string]reader, len(entries))
	for _, entry := range entries {
		name, read := entry()
		all[name] = read
	}
	return all
}

// Does reads what the officers do. It refuses an act that does not exist, or that cannot
// be.
func (s Statement) Does() (identity.Act, error) {
	read, known := acts[s.Act]
	if !known {
		return nil, identity.RefuseField(identity.Invalid, "act", "does not exist")
	}
	act, err := read(s.Content)
	if err != nil {
		return nil, identity.RefuseField(identity.Invalid, "content", "is not the JSON of this act")
	}
	return act, act.Check()
}
