// Package identity holds the nouns of the field and the law that binds them:
// citizens, applications, cards, blanks, consignments, and every state, step and
// reason. It is pure: it knows no database, no Temporal, no file format of an API
// and no clock; times are arguments.
//
// Start at Application (what is asked for), Card (what is made) and Stage (how one
// becomes the other).
//
// The words, with their Vietnamese legal terms and sources; docs/glossary.md has
// those that are this project's own:
//
//	personal number  số định danh cá nhân; 12 digits, Decree 137/2015/NĐ-CP art. 13
//	applicant        người đề nghị; the citizen while the application runs
//	holder           người được cấp thẻ; the citizen once the card is issued
//	application      hồ sơ; one request for one card, on one ground
//	ground           căn cứ cấp, cấp đổi, cấp lại; Law 26/2023/QH15 art. 23-24
//	card             thẻ căn cước; what is printed on and written to one blank
//	blank            phôi thẻ; a card body with an empty chip, counted by serial
//	consignment      chuyến giao thẻ; cards packed for one destination
//	hand-over        trả thẻ; the citizen receives the card
//	form             mẫu thẻ; what a card looks like, by circular and date
//	MRZ              machine-readable zone, ICAO Doc 9303-5 (TD1)
//	CAN              card access number, ICAO Doc 9303-11
package identity
