package apdu

// The instructions of ISO/IEC 7816-4, 7816-8 and 7816-9.
const (
	Verify                    = 0x20
	ManageSecurityEnvironment = 0x22 // MSE:SET
	ChangeReferenceData       = 0x24
	PerformSecurityOperation  = 0x2A
	GenerateKeyPair           = 0x47 // GENERATE ASYMMETRIC KEY PAIR
	ExternalAuthenticate      = 0x82
	GetChallenge              = 0x84
	GeneralAuthenticate       = 0x86
	InternalAuthenticate      = 0x88
	Select                    = 0xA4
	ReadBinary                = 0xB0
	ReadBinaryOdd             = 0xB1 // with the offset in an object, for offsets beyond 32767
	GetResponse               = 0xC0
	GetData                   = 0xCA
	UpdateBinary              = 0xD6
	UpdateBinaryOdd           = 0xD7 // with the offset in an object
	PutData                   = 0xDA
	CreateFile                = 0xE0
)

// The instructions of GlobalPlatform (Card Specification 2.3.1, chapter 11, and
// Amendment D, 7.1).
const (
	InitializeUpdate = 0x50
	PutKey           = 0xD8
	StoreData        = 0xE2
	Delete           = 0xE4
	Install          = 0xE6
	SetStatus        = 0xF0
	GetStatus        = 0xF2
)

// The parameters of SELECT (ISO/IEC 7816-4, 11.2.2).
const (
	SelectAny    = 0x00 // P1: master file, dedicated or elementary file, by identifier
	SelectChild  = 0x01 // P1: dedicated file under the current one
	SelectEF     = 0x02 // P1: elementary file under the current dedicated file
	SelectParent = 0x03 // P1: dedicated file above the current one
	SelectByName = 0x04 // P1: application, by its identifier
	NoResponse   = 0x0C // P2: no file control information is wanted
)
