package apdu

import "fmt"

// Status is a status word SW1-SW2 of ISO/IEC 7816-4 (5.6). It is an error, so that
// errors.Is(err, apdu.FileNotFound) tells why a command failed.
type Status uint16

// The status words of the cards that this engine makes and reads. A comment says
// where GlobalPlatform (Card Specification 2.3.1, chapter 11) gives one another
// meaning.
const (
	OK                      Status = 0x9000
	BytesRemaining          Status = 0x6100 // 61xx: xx bytes remain for GET RESPONSE
	VerificationFailed      Status = 0x6300 // GlobalPlatform: the cryptogram is wrong
	WarningCorrupted        Status = 0x6281
	EndOfFile               Status = 0x6282 // fewer bytes than Le were left to read
	SelectedFileDeactivated Status = 0x6283
	MemoryFailure           Status = 0x6581
	WrongLength             Status = 0x6700
	ChannelNotSupported     Status = 0x6881
	SecureMessagingNot      Status = 0x6882
	LastOfChainExpected     Status = 0x6883
	ChainingNotSupported    Status = 0x6884
	IncompatibleStructure   Status = 0x6981
	SecurityNotSatisfied    Status = 0x6982
	AuthenticationBlocked   Status = 0x6983
	DataNotUsable           Status = 0x6984
	ConditionsNotSatisfied  Status = 0x6985
	NotAllowed              Status = 0x6986
	SecureMessagingMissing  Status = 0x6987 // a secure messaging object is missing
	SecureMessagingWrong    Status = 0x6988 // a secure messaging object is wrong
	WrongData               Status = 0x6A80
	FunctionNotSupported    Status = 0x6A81
	FileNotFound            Status = 0x6A82 // GlobalPlatform: there is no such application
	RecordNotFound          Status = 0x6A83
	NotEnoughMemory         Status = 0x6A84
	InconsistentLength      Status = 0x6A85
	WrongParameters         Status = 0x6A86
	InconsistentLc          Status = 0x6A87
	ReferenceNotFound       Status = 0x6A88 // the referenced key or data does not exist
	FileExists              Status = 0x6A89
	NameExists              Status = 0x6A8A
	OutsideFile             Status = 0x6B00 // the offset is outside the file
	WrongLe                 Status = 0x6C00 // 6Cxx: the right Le is xx
	InstructionNotSupported Status = 0x6D00
	ClassNotSupported       Status = 0x6E00
	NoDiagnosis             Status = 0x6F00
)

var statusTexts = map[Status]string{
	OK:                      "done",
	VerificationFailed:      "verification failed",
	WarningCorrupted:        "part of the returned data may be corrupted",
	EndOfFile:               "end of file reached before Le bytes",
	SelectedFileDeactivated: "the selected file is deactivated",
	MemoryFailure:           "memory failure",
	WrongLength:             "wrong length",
	ChannelNotSupported:     "logical channel not supported",
	SecureMessagingNot:      "secure messaging not supported",
	LastOfChainExpected:     "last command of the chain expected",
	ChainingNotSupported:    "command chaining not supported",
	IncompatibleStructure:   "command incompatible with the file structure",
	SecurityNotSatisfied:    "security status not satisfied",
	AuthenticationBlocked:   "authentication method blocked",
	DataNotUsable:           "referenced data not usable",
	ConditionsNotSatisfied:  "conditions of use not satisfied",
	NotAllowed:              "command not allowed",
	SecureMessagingMissing:  "secure messaging object missing",
	SecureMessagingWrong:    "secure messaging object wrong",
	WrongData:               "wrong data",
	FunctionNotSupported:    "function not supported",
	FileNotFound:            "file or application not found",
	RecordNotFound:          "record not found",
	NotEnoughMemory:         "not enough memory",
	InconsistentLength:      "length inconsistent with the structure",
	WrongParameters:         "wrong P1 or P2",
	InconsistentLc:          "Lc inconsistent with P1-P2",
	ReferenceNotFound:       "referenced data not found",
	FileExists:              "file already exists",
	NameExists:              "application name already exists",
	OutsideFile:             "offset outside the file",
	InstructionNotSupported: "instruction not supported",
	ClassNotSupported:       "class not supported",
	NoDiagnosis:             "no precise diagnosis",
}

// SW1 is the first byte.
func (s Status) SW1() byte { return byte(s >> 8) }

// SW2 is the second byte.
func (s Status) SW2() byte { return byte(s & 0xFF) }

// Error gives the status word in hexadecimal and in words.
func (s Status) Error() string {
	switch s.SW1() {
	case BytesRemaining.SW1():
		return fmt.Sprintf("status %04X: %d bytes remain", uint16(s), s.SW2())
	case WrongLe.SW1():
		return fmt.Sprintf("status %04X: the right Le is %d", uint16(s), shortLe(s.SW2()))
	}
	if text, ok := statusTexts[s]; ok {
		return fmt.Sprintf("status %04X: %s", uint16(s), text)
	}
	return fmt.Sprintf("status %04X", uint16(s))
}
