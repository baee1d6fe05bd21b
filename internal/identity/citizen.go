package identity

import "strings"

// PersonID names a person in the population register, and says nothing about them: it
// stands in addresses and in statements, where a number may not.
type PersonID string

// Check refuses what cannot name a person.
func (id PersonID) Check() error {
	if id == "" || len(id) > 64 || strings.Trim(string(id), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return RefuseField(Invalid, "person", "is no identifier of the population register; letters, digits and hyphens are accepted, as starter population compare shows them")
	}
	return nil
}

// CitizenStatus says whether a person can have a card. The values are wire
// format: the population registry gives them.
type CitizenStatus string

// The statuses of the population registry.
const (
	Alive           CitizenStatus = "alive"
	Deceased        CitizenStatus = "deceased"
	Emigrated       CitizenStatus = "emigrated"
	NationalityLost CitizenStatus = "nationality-lost"
)

// CitizenStatuses lists every status.
var CitizenStatuses = []CitizenStatus{Alive, Deceased, Emigrated, NationalityLost}
