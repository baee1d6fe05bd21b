package identity

// BlankSerial is the serial that the maker printed on a blank.
type BlankSerial string

// BlankAccount is where a blank is booked. Every blank is in exactly one account.
// The values are wire format: the registry keeps them.
type BlankAccount string

// The accounts of blanks.
const (
	AccountStock      BlankAccount = "stock"
	AccountProduction BlankAccount = "production" // in a card that is being made, or is made and not handed over
	AccountSpoiled    BlankAccount = "spoiled"
	AccountIssued     BlankAccount = "issued" // in a card that was handed over
	AccountDestroyed  BlankAccount = "destroyed"
)

// BlankAccounts lists every account, in order.
var BlankAccounts = []BlankAccount{AccountStock, AccountProduction, AccountSpoiled, AccountIssued, AccountDestroyed}

// AccountReceived is what the ledger debits when a blank enters stock. No blank
// is in it.
const AccountReceived BlankAccount = "received"
