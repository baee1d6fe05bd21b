package identity

// CitizenStatus says whether a person can have a card. The values are wire
// format: the population registry gives them.
type CitizenStatus string

// The statuses of the population registry.
const (
	Alive     CitizenStatus = "alive"
	Deceased  CitizenStatus = "deceased"
	Emigrated CitizenStatus = "emigrated"
)

// CitizenStatuses lists every status.
var CitizenStatuses = []CitizenStatus{Alive, Deceased, Emigrated}
