package identity

// CitizenStatus says whether a person can have a card. The values are wire
// format: the population register gives them.
type CitizenStatus string

// The statuses of the population register.
const (
	Alive     CitizenStatus = "alive"
	Deceased  CitizenStatus = "deceased"
	Emigrated CitizenStatus = "emigrated"
)

// CitizenStatuses lists every status.
var CitizenStatuses = []CitizenStatus{Alive, Deceased, Emigrated}
