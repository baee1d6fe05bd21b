package main

import (
	"example.org/cancuoc/internal/identity"
	"example.org/cancuoc/internal/intake/packet"
	"example.org/cancuoc/samples"
	"example.org/cancuoc/samples/generate/face"
)

// subject is one sample: who applies, for what, and what happens.
type subject struct {
	sample      samples.Sample
	application packet.Submission
	face        *face.Face // nil: no portrait
	hands       uint64     // the seed of the fingers; 0: none are taken
	bandaged    bool       // the right index finger cannot be taken
	whole       bool       // all ten fingers are taken, and both eyes
	poor        bool       // the first portrait is blurred and dark
	registry    func(*packet.Person)
	oldCard     *samples.LiveCard
}

func place(text, province string) packet.Place {
	return packet.Place{Text: text, Province: province}
}

// openHours are when the counters of the samples are open.
const openHours = "7:30–11:30, 13:30–17:00, thứ Hai đến thứ Bảy"

// stations lists where the samples are enrolled.
func stations() []samples.Station {
	return []samples.Station{
		{ID: "001-TN-01", Province: "001", Name: "Phòng Cảnh sát QLHC về TTXH, Hà Nội", Address: "Số 1, Phố Mẫu, Phường Hoàn Kiếm, Hà Nội", Hours: openHours},
		{ID: "048-TN-01", Province: "048", Name: "Phòng Cảnh sát QLHC về TTXH, Đà Nẵng", Address: "Số 1, Đường Mẫu, Phường Hải Châu, Đà Nẵng", Hours: openHours},
		{ID: "066-TN-01", Province: "066", Name: "Phòng Cảnh sát QLHC về TTXH, Đắk Lắk", Address: "Số 1, Đường Mẫu, Phường Buôn Ma Thuột, Đắk Lắk", Hours: openHours},
		{ID: "079-TN-01", Province: "079", Name: "Phòng Cảnh sát QLHC về TTXH, Thành phố Hồ Chí Minh", Address: "Số 1, Đường Mẫu, Phường Sài Gòn, Thành phố Hồ Chí Minh", Hours: openHours},
	}
}

// officers lists who works there: in each province an officer who enrolls, one who
// hands cards over and one who approves.
func officers() []samples.Officer {
	var all []samples.Officer
	for _, s := range stations() {
		p := string(s.Province)
		all = append(all,
			samples.Officer{Badge: identity.OfficerID("CB-" + p + "-0007"), Role: samples.Enroller},
			samples.Officer{Badge: identity.OfficerID("CB-" + p + "-0012"), Role: samples.Enroller},
			samples.Officer{Badge: identity.OfficerID("PD-" + p + "-0001"), Role: samples.Approver},
		)
	}
	return append(all,
		samples.Officer{Badge: "GD-C06-0003", Role: samples.Adjudicator},
		samples.Officer{Badge: "SX-C06-0001", Role: samples.Operator},
	)
}

func approve(province string) samples.Step {
	return samples.Step{Awaiting: identity.ToApprove, Do: samples.Approve, By: identity.OfficerID("PD-" + province + "-0001")}
}

// collects is the citizen collecting the card, with the left index finger on the
// reader.
func collects(province string, oldCard identity.OldCard) samples.Step {
	return samples.Step{
		Awaiting: identity.ToHandOver, Do: samples.HandOver, By: identity.OfficerID("CB-" + province + "-0012"),
		Method: identity.HandOverByFingerprint, Position: "left-index", File: "left-index-handover.png", Template: "left-index-handover.fmr",
		OldCard: oldCard,
	}
}

// handingIn is a hand-over whose old card was received, for a card by post with the
// application.
func handingIn(step samples.Step) samples.Step {
	step.OldCard = identity.OldCardReceived
	return step
}

// receives is a hand-over without a finger on the reader.
func receives(province string, method identity.HandOverMethod, proof string) samples.Step {
	return samples.Step{
		Awaiting: identity.ToHandOver, Do: samples.HandOver, By: identity.OfficerID("CB-" + province + "-0012"),
		Method: method, Proof: proof,
	}
}

// request is what most applications have in common.
func request(province, id, kind, ground, filed string, p packet.Person) packet.Submission {
	return packet.Submission{
		EnrollmentID: province + "-2026-" + id, Station: province + "-TN-01", Officer: "CB-" + province + "-0007",
		Channel: "station", Type: kind, Ground: ground, FiledOn: filed, Person: p, Delivery: "collect",
	}
}

// agreed is an application whose citizen agreed to be told of it by e-mail.
func agreed(email string, a packet.Submission) packet.Submission {
	a.Contact = &packet.Contact{Consent: true, Email: email}
	return a
}

// chipCard is a citizen identity card in the form of 2021.
func chipCard(serial, issued string) *samples.LiveCard {
	return &samples.LiveCard{Serial: serial, Form: "cccd-2021", Issued: issued}
}

const (
	hanoi   = "Phường Hoàn Kiếm, Hà Nội"
	danang  = "Phường Hải Châu, Đà Nẵng"
	daklak  = "Xã Krông Năng, Đắk Lắk"
	saigon  = "Phường Bến Thành, Thành phố Hồ Chí Minh"
	kinh    = "Kinh"
	none    = "Không"
	friday  = "2026-11-20"
	monday  = "2026-11-23"
	adults  = "first-issue"
	renewal = "exchange"
	again   = "reissue"

	certificate = "certificate-issue"
)

// subjects lists the samples in the order they are sent.
func subjects() []subject {
	return append(append(ages(), cases()...), troubles()...)
}

// ages are the applications that follow from the applicant's age.
func ages() []subject {
	return []subject{
		{
			sample: samples.Sample{
				Name: "01-first-issue-at-14", Shows: "The first card, at 14, free of charge; valid to 25.",
				Steps: []samples.Step{approve("001"), collects("001", "")}, End: identity.Issued,
			},
			application: request("001", "0001", adults, "first-card", monday, packet.Person{
				Number: "001212999901", Name: "Nguyễn Đỗ Nhật Kỳ", Birth: "2012-10-05", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "O+",
				Origin: place(hanoi, "001"), BirthRegistration: place(hanoi, "001"), Residence: place("Số 12, Phố Mẫu, "+hanoi, "001"),
				Marks: "Nốt ruồi C: 1cm trên sau mép trái", Father: "Nguyễn Đỗ Quảng", Mother: "Trần Thị Nhàn",
			}),
			face: &face.Face{Seed: 101, Age: 14, Hair: face.Short, Mole: true}, hands: 1,
		},
		{
			sample: samples.Sample{
				Name: "02-exchange-at-25", Shows: "Exchange at 25; the old card is given back; valid to 40.",
				Steps: []samples.Step{approve("048"), collects("048", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("048", "0002", renewal, "age", monday, packet.Person{
				Number: "048301999902", Name: "Đặng Thị Ngọc Ước", Birth: "2001-11-02", Sex: "F", Ethnicity: kinh, Religion: "Phật giáo", BloodGroup: "A+",
				Origin: place(danang, "048"), BirthRegistration: place(danang, "048"), Residence: place("Số 45, Đường Mẫu, "+danang, "048"),
				Marks: "Sẹo chấm C: 2cm dưới trước đuôi mắt phải", Father: "Đặng Văn Ẩn", Mother: "Phùng Thị Ngà",
			}),
			face: &face.Face{Seed: 102, Age: 25, Female: true, Hair: face.Long}, hands: 2,
			oldCard: chipCard("00C1A52021110202", "2021-03-15"),
		},
		{
			sample: samples.Sample{
				Name: "03-exchange-at-40", Shows: "Exchange at 40; valid to 60.",
				Steps: []samples.Step{approve("079"), collects("079", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("079", "0003", renewal, "age", friday, packet.Person{
				Number: "079086999903", Name: "Trần Quốc Hưng", Birth: "1986-09-15", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "B+",
				Origin: place("Xã Cần Giuộc, Tây Ninh", "080"), BirthRegistration: place(saigon, "079"), Residence: place("Số 8, Đường Mẫu, "+saigon, "079"),
				Marks: "Sẹo C: 3cm trên giữa lông mày trái", Father: "Trần Quốc Việt", Mother: "Lâm Thị Sen", Spouse: "Đoàn Thị Thu Hường",
			}),
			face: &face.Face{Seed: 103, Age: 40, Skin: 1, Hair: face.Parted}, hands: 3,
			oldCard: chipCard("00C1A52021091503", "2021-07-06"),
		},
		{
			sample: samples.Sample{
				Name: "04-exchange-at-60", Shows: "Exchange at 60; the card never expires. Ten fingers and both eyes.",
				Steps: []samples.Step{approve("079"), collects("079", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("079", "0004", renewal, "age", monday, packet.Person{
				Number: "092166999904", Name: "Võ Thị Mỹ Tỷ", Birth: "1966-08-20", Sex: "F", Ethnicity: kinh, Religion: "Phật giáo Hòa Hảo", BloodGroup: "AB+",
				Origin: place("Phường Ninh Kiều, Cần Thơ", "092"), BirthRegistration: place("Phường Ninh Kiều, Cần Thơ", "092"), Residence: place("Số 230, Đường Mẫu, "+saigon, "079"),
				Marks: "Nốt ruồi C: 2cm dưới mép phải", Father: "Võ Văn Tỏ", Mother: "Lê Thị Lượm", Spouse: "Mai Văn Hiển", OldNumber: "361999904",
			}),
			face: &face.Face{Seed: 104, Age: 60, Female: true, Skin: 1, Hair: face.Bun, Mole: true}, hands: 4, whole: true,
			oldCard: chipCard("00C1A52021082004", "2021-09-30"),
		},
		{
			sample: samples.Sample{
				Name: "05-child-of-8", Shows: "A child's card under the law of 2023: by the mother, with biometrics; handed to her. Valid to 14.",
				Steps: []samples.Step{approve("001"), receives("001", identity.HandOverByProxy, "Giấy khai sinh, mẹ nhận thay")}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("001", "0005", adults, "first-card", friday, packet.Person{
					Number: "024318999905", Name: "Bùi Lê Thảo Hà", Birth: "2018-04-18", Sex: "F", Ethnicity: kinh, Religion: none,
					Origin: place("Phường Bắc Giang, Bắc Ninh", "024"), BirthRegistration: place("Phường Bắc Giang, Bắc Ninh", "024"), Residence: place("Số 3, Ngõ 7, Phố Mẫu, "+hanoi, "001"),
					Father: "Bùi Duy Khoa", Mother: "Lê Thị Phượng",
				})
				a.Representative, a.Exemption = "Lê Thị Phượng", "child"
				return a
			}(),
			face: &face.Face{Seed: 105, Age: 8, Female: true, Hair: face.Bob}, hands: 5,
		},
		{
			sample: samples.Sample{
				Name: "06-child-under-6", Shows: "A card for a child under 6, filed online by the father: no portrait, no fingerprints.",
				Steps: []samples.Step{approve("001"), receives("001", identity.HandOverByProxy, "Giấy khai sinh, cha nhận thay")}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("001", "0006", adults, "first-card", monday, packet.Person{
					Number: "096323999906", Name: "Phạm Hoàng Khánh Quỳnh", Birth: "2023-07-01", Sex: "F", Ethnicity: kinh, Religion: none,
					Origin: place("Phường Tân Thành, Cà Mau", "096"), BirthRegistration: place("Phường Tân Thành, Cà Mau", "096"), Residence: place("Số 21, Phố Mẫu, "+hanoi, "001"),
					Father: "Phạm Hoàng Sơn", Mother: "Tống Thị Diệu",
				})
				a.Channel, a.Representative, a.Exemption = "online", "Phạm Hoàng Sơn", "child"
				return a
			}(),
		},
		{
			sample: samples.Sample{
				Name: "07-old-cmnd", Shows: "The holder of a 9-digit CMND, 68 years old; the right index finger is bandaged. The card never expires.",
				Steps: []samples.Step{approve("048"), collects("048", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("048", "0007", adults, "from-cmnd", monday, packet.Person{
				Number: "038058999907", Name: "Vũ Nghè Thời Sẵn", Birth: "1958-02-03", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "O+",
				Origin: place("Phường Hạc Thành, Thanh Hóa", "038"), BirthRegistration: place("Phường Hạc Thành, Thanh Hóa", "038"), Residence: place("Tổ 5, "+danang, "048"),
				Marks: "Sẹo dài 2cm trên trán", Father: "Vũ Văn Gỗ", Mother: "Hà Thị Mơ", Spouse: "Nguyễn Thị Vẻ", OldNumber: "171999907",
			}),
			face: &face.Face{Seed: 107, Age: 68, Skin: 2, Hair: face.Receding}, hands: 7, bandaged: true,
		},
	}
}

// cases are the other grounds of the law, and what is hard to print.
func cases() []subject {
	return []subject{
		{
			sample: samples.Sample{
				Name: "08-reissue-after-loss", Shows: "Reissue after loss, at the station: the capture that is presented stands for the latest on file.",
				Steps: []samples.Step{approve("001"), collects("001", "")}, End: identity.Issued,
			},
			application: request("001", "0008", again, "lost", monday, packet.Person{
				Number: "031090999908", Name: "Lê Sĩ Khẳng Chỉnh", Birth: "1990-03-12", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "A-",
				Origin: place("Phường Hồng Bàng, Hải Phòng", "031"), BirthRegistration: place("Phường Hồng Bàng, Hải Phòng", "031"), Residence: place("Số 77, Phố Mẫu, "+hanoi, "001"),
				Marks: "Nốt ruồi C: 1cm trước tai phải", Father: "Lê Sĩ Tuấn", Mother: "Vương Thị Mận",
			}),
			face: &face.Face{Seed: 108, Age: 36, Skin: 1, Hair: face.Short}, hands: 8,
			oldCard: chipCard("00C1A52022031208", "2022-05-18"),
		},
		{
			sample: samples.Sample{
				Name: "09-reissue-online", Shows: "Reissue after loss, filed online with the portrait on file and no capture; sent by post.",
				Steps: []samples.Step{approve("079"), receives("079", identity.HandOverByPost, "VN000000009VN")}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("079", "0009", again, "lost", friday, packet.Person{
					Number: "070069999909", Name: "Tạ Mẹo Từ Lộc", Birth: "1969-01-25", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "B-",
					Origin: place("Phường Bình Phước, Đồng Nai", "075"), BirthRegistration: place("Phường Bình Phước, Đồng Nai", "075"), Residence: place("Số 19, Đường Mẫu, "+saigon, "079"),
					Marks: "Sẹo chấm C: 1cm dưới đuôi mắt trái", Father: "Tạ Văn Thọ", Mother: "Đinh Thị Nết",
				})
				a.Channel, a.Delivery, a.DeliveryTo = "online", "post", "Số 19, Đường Mẫu, "+saigon
				return a
			}(),
			face:    &face.Face{Seed: 109, Age: 57, Skin: 1, Hair: face.Parted},
			oldCard: chipCard("00C1A52021012509", "2021-08-11"),
		},
		{
			sample: samples.Sample{
				Name: "10-change-of-details", Shows: "Exchange because the given name was changed; the population registry has the new one already.",
				Steps: []samples.Step{approve("048"), collects("048", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("048", "0010", renewal, "details", friday, packet.Person{
				Number: "036195999910", Name: "Hồ Cẩm Nhã Mẫn", Birth: "1995-05-30", Sex: "F", Ethnicity: kinh, Religion: "Công giáo", BloodGroup: "O-",
				Origin: place("Phường Nam Định, Ninh Bình", "037"), BirthRegistration: place("Phường Nam Định, Ninh Bình", "037"), Residence: place("Số 64, Đường Mẫu, "+danang, "048"),
				Marks: "Nốt ruồi C: 2cm trên khóe miệng trái", Father: "Hồ Văn Kiệm", Mother: "Cao Thị Lũy", Spouse: "Mạc Đình Uy",
			}),
			face: &face.Face{Seed: 110, Age: 31, Female: true, Hair: face.Bob, Mole: true}, hands: 10,
			oldCard: chipCard("00C1A52021053010", "2021-05-05"),
		},
		{
			sample: samples.Sample{
				Name: "11-long-name", Shows: "A name of nine words: the MRZ is truncated, the printed name shrinks.",
				Steps: []samples.Step{approve("079"), collects("079", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("079", "0011", renewal, "age", monday, packet.Person{
				Number: "060199999911", Name: "Lương Hoàng Thị Thanh Thảo Nguyên Phương Trâm Anh", Birth: "1999-12-31", Sex: "F", Ethnicity: kinh, Religion: "Cao Đài", BloodGroup: "A+",
				Origin: place("Phường Phan Thiết, Lâm Đồng", "068"), BirthRegistration: place("Phường Phan Thiết, Lâm Đồng", "068"),
				Residence: place("Căn hộ 1205, Tầng 12, Tòa nhà B, Khu nhà ở Mẫu, Số 168/24/7, Đường Mẫu, "+saigon, "079"),
				Marks:     "Sẹo chấm C: 1cm dưới trước đuôi mày phải", Father: "Lương Hoàng Phi", Mother: "Thái Thị Thanh",
			}),
			face: &face.Face{Seed: 111, Age: 26, Female: true, Hair: face.Long}, hands: 11,
			oldCard: chipCard("00C1A52021123111", "2021-12-20"),
		},
		{
			sample: samples.Sample{
				Name: "12-long-royal-name", Shows: "A royal name of eight words, truncated in the MRZ; exchange because the province was rearranged, free of charge.",
				Steps: []samples.Step{approve("048"), collects("048", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("048", "0012", renewal, "boundaries", monday, packet.Person{
				Number: "046178999912", Name: "Công Tằng Tôn Nữ Thị Bích Huyền Trân", Birth: "1978-06-21", Sex: "F", Ethnicity: kinh, Religion: "Phật giáo", BloodGroup: "AB-",
				Origin: place("Phường Thuận Hóa, Huế", "046"), BirthRegistration: place("Phường Thuận Hóa, Huế", "046"), Residence: place("Số 5, Kiệt 31, Đường Mẫu, "+danang, "048"),
				Marks: "Nốt ruồi C: 1cm dưới mép phải", Father: "Công Tằng Tôn Thất Bửu", Mother: "Nguyễn Phúc Thị Nga",
			}),
			face: &face.Face{Seed: 112, Age: 48, Female: true, Hair: face.Bun}, hands: 12,
			oldCard: chipCard("00C1A52021062112", "2021-10-12"),
		},
		{
			sample: samples.Sample{
				Name: "13-ethnic-minority", Shows: "An Ê-đê name with letters that Vietnamese does not have; the first card, at 22; exempt from fees.",
				Steps: []samples.Step{approve("066"), collects("066", "")}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("066", "0013", adults, "first-card", monday, packet.Person{
					Number: "066204999913", Name: "Y Bhŭk Niê", Birth: "2004-01-15", Sex: "M", Ethnicity: "Ê-đê", Religion: "Tin lành", BloodGroup: "O+",
					Origin: place(daklak, "066"), BirthRegistration: place(daklak, "066"), Residence: place("Buôn Mẫu, "+daklak, "066"),
					Marks: "Sẹo chấm C: 2cm trên đầu mày trái", Father: "Y Blĭk Kdăm", Mother: "H'Hen Niê",
				})
				a.Exemption, a.ExemptionProof = "minority", "Giấy xác nhận cư trú tại xã đặc biệt khó khăn, số 13/GXN"
				return a
			}(),
			face: &face.Face{Seed: 113, Age: 22, Skin: 3, Hair: face.Short}, hands: 13,
		},
		{
			sample: samples.Sample{
				Name: "14-by-post", Shows: "The card is sent to the citizen's address; the courier's number is the proof.",
				Steps: []samples.Step{approve("079"), handingIn(receives("079", identity.HandOverByPost, "VN000000014VN"))}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("079", "0014", renewal, "request", friday, packet.Person{
					Number: "086192999914", Name: "Huỳnh Bé Thủy Phụng", Birth: "1992-04-02", Sex: "F", Ethnicity: "Hoa", Religion: none, BloodGroup: "B+",
					Origin: place("Phường Long Châu, Vĩnh Long", "086"), BirthRegistration: place("Phường Long Châu, Vĩnh Long", "086"), Residence: place("Số 300, Đường Mẫu, "+saigon, "079"),
					Marks: "Nốt ruồi C: 1cm trên mép trái", Father: "Huỳnh Kim Phát", Mother: "Quách Thị Lệ", Spouse: "Triệu Vĩ Hào",
				})
				a.Delivery, a.DeliveryTo = "post", "Số 300, Đường Mẫu, "+saigon
				return a
			}(),
			face: &face.Face{Seed: 114, Age: 34, Female: true, Hair: face.Long, Skin: 1}, hands: 14,
			oldCard: chipCard("00C1A52021040214", "2021-11-25"),
		},
		{
			sample: samples.Sample{
				Name: "15-urgent", Shows: "An urgent application: it passes the others.",
				Steps: []samples.Step{approve("001"), collects("001", "")}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("001", "0015", adults, "first-card", monday, packet.Person{
					Number: "002308999915", Name: "Giàng Tú Sẻ Mỵ", Birth: "2008-08-08", Sex: "F", Ethnicity: "Mông", Religion: none, BloodGroup: "O+",
					Origin: place("Xã Đồng Văn, Tuyên Quang", "008"), BirthRegistration: place("Xã Đồng Văn, Tuyên Quang", "008"), Residence: place("Số 2, Phố Mẫu, "+hanoi, "001"),
					Marks: "Nốt ruồi C: 2cm dưới mắt trái", Father: "Giàng A Páo", Mother: "Vừ Thị Dợ",
				})
				a.Urgent = true
				return a
			}(),
			face: &face.Face{Seed: 115, Age: 18, Female: true, Skin: 1, Hair: face.Parted}, hands: 15,
		},
		{
			sample: samples.Sample{
				Name: "16-damaged-card", Shows: "Reissue because the card was damaged beyond use.",
				Steps: []samples.Step{approve("001"), collects("001", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("001", "0016", again, "damaged", monday, packet.Person{
				Number: "034087999916", Name: "Đổng Văn Thắng Có Tự", Birth: "1987-02-27", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "A+",
				Origin: place("Phường Thái Bình, Hưng Yên", "033"), BirthRegistration: place("Phường Thái Bình, Hưng Yên", "033"), Residence: place("Số 90, Phố Mẫu, "+hanoi, "001"),
				Marks: "Sẹo C: 1cm dưới cằm", Father: "Đổng Văn Quý", Mother: "Phí Thị Xoan", Spouse: "Kiều Thị Lan",
			}),
			face: &face.Face{Seed: 116, Age: 39, Skin: 2, Hair: face.Short}, hands: 16,
			oldCard: chipCard("00C1A52021022716", "2021-04-22"),
		},
	}
}

// troubles are the applications in which something goes wrong.
func troubles() []subject {
	return []subject{
		{
			sample: samples.Sample{
				Name: "17-poor-portrait", Shows: "The portrait is blurred and dark; the citizen, who is told by e-mail, comes back and is photographed again.",
				Steps: []samples.Step{
					{Awaiting: identity.ToRecapture, Do: samples.Recapture, By: "CB-001-0007", Portrait: "recapture/portrait.jpg"},
					approve("001"), collects("001", identity.OldCardReceived),
				}, End: identity.Issued,
			},
			application: agreed("nora.ly@example.org", request("001", "0017", renewal, "appearance", friday, packet.Person{
				Number: "022307999917", Name: "Lý Thị Nở Rỡ", Birth: "2007-06-09", Sex: "F", Ethnicity: "Tày", Religion: none, BloodGroup: "B+",
				Origin: place("Phường Hạ Long, Quảng Ninh", "022"), BirthRegistration: place("Phường Hạ Long, Quảng Ninh", "022"), Residence: place("Số 31, Phố Mẫu, "+hanoi, "001"),
				Marks: "Nốt ruồi C: 1cm trên mép phải", Father: "Lý Văn Đẩu", Mother: "Ma Thị Hẹn",
			})),
			face: &face.Face{Seed: 117, Age: 19, Female: true, Hair: face.Bob}, hands: 17, poor: true,
			oldCard: chipCard("00C1A52022060917", "2022-06-30"),
		},
		{
			sample: samples.Sample{
				Name: "18-duplicate-person", Shows: "The person of 03-exchange-at-40 under another name and number: the fingerprints are found, an adjudicator decides.",
				After: &samples.After{Sample: "03-exchange-at-40", Passed: identity.Deduplication},
				Steps: []samples.Step{{
					Awaiting: identity.ToAdjudicate, Do: samples.Adjudicate, By: "GD-C06-0003", SamePerson: true,
					Reason: "Hai ngón trỏ và khuôn mặt trùng với hồ sơ của người khác",
				}}, End: identity.Rejected, Reason: "another person has these fingerprints",
			},
			application: request("001", "0018", adults, "first-card", monday, packet.Person{
				Number: "074087999918", Name: "Trần Xuân Thế Tấn", Birth: "1987-01-19", Sex: "M", Ethnicity: kinh, Religion: none,
				Origin: place("Phường Thủ Dầu Một, Thành phố Hồ Chí Minh", "079"), BirthRegistration: place("Phường Thủ Dầu Một, Thành phố Hồ Chí Minh", "079"), Residence: place("Số 15, Phố Mẫu, "+hanoi, "001"),
				Marks: "Sẹo C: 3cm trên giữa lông mày trái", Father: "Trần Thế Vinh", Mother: "Chu Thị Yến",
			}),
			face: &face.Face{Seed: 103, Age: 40, Skin: 1, Hair: face.Parted}, hands: 3,
		},
		{
			sample: samples.Sample{
				Name: "19-withdrawn", Shows: "The citizen takes the application back before it is approved.",
				Steps: []samples.Step{{
					Awaiting: identity.ToApprove, Do: samples.Withdraw, By: "CB-048-0012", Reason: "card-found: Công dân đã tìm thấy thẻ cũ và xin rút hồ sơ",
				}}, End: identity.Withdrawn, Reason: "withdrawn by the citizen",
			},
			application: request("048", "0019", renewal, "request", monday, packet.Person{
				Number: "051183999919", Name: "Ngô Hòe Vẽ Huệ", Birth: "1983-10-10", Sex: "F", Ethnicity: kinh, Religion: none, BloodGroup: "O+",
				Origin: place("Phường Cẩm Thành, Quảng Ngãi", "051"), BirthRegistration: place("Phường Cẩm Thành, Quảng Ngãi", "051"), Residence: place("Số 8, Kiệt 2, Đường Mẫu, "+danang, "048"),
				Marks: "Nốt ruồi C: 1cm dưới khóe miệng phải", Father: "Ngô Văn Tạo", Mother: "Lưu Thị Phấn",
			}),
			face: &face.Face{Seed: 119, Age: 43, Female: true, Skin: 2, Hair: face.Bun}, hands: 19,
			oldCard: chipCard("00C1A52021101019", "2021-06-14"),
		},
		{
			sample: samples.Sample{
				Name: "20-remade", Shows: "The print of the front is smeared, the camera sees it: the blank is spoiled and accounted for, and another card is made.",
				Faults: []samples.Fault{{Card: 1, At: identity.Inspection, What: "the print of the front is smeared"}},
				Steps:  []samples.Step{approve("066"), collects("066", identity.OldCardReceived)}, End: identity.Issued,
			},
			application: request("066", "0020", renewal, "request", friday, packet.Person{
				Number: "064200999920", Name: "Dương Thể Lợi Nhỏ", Birth: "2000-12-24", Sex: "M", Ethnicity: "Gia-rai", Religion: "Công giáo", BloodGroup: "AB+",
				Origin: place("Phường Pleiku, Gia Lai", "052"), BirthRegistration: place("Phường Pleiku, Gia Lai", "052"), Residence: place("Số 40, Đường Mẫu, Phường Buôn Ma Thuột, Đắk Lắk", "066"),
				Marks: "Sẹo chấm C: 1cm trên cánh mũi trái", Father: "Dương Văn Thể", Mother: "Siu H'Bia",
			}),
			face: &face.Face{Seed: 120, Age: 25, Skin: 2, Hair: face.Parted}, hands: 20,
			oldCard: chipCard("00C1A52023122420", "2023-02-08"),
		},
		{
			sample: samples.Sample{
				Name: "21-wrong-data", Shows: "The birth date contradicts the population registry; nothing clears it up, and an officer rejects.",
				Steps: []samples.Step{{
					Awaiting: identity.ToResolve, Do: samples.Reject, By: "PD-079-0001",
					Reason: "data-not-proven: Ngày sinh không khớp Cơ sở dữ liệu quốc gia về dân cư, công dân không có giấy tờ chứng minh",
				}}, End: identity.Rejected, Reason: "refused by an officer",
			},
			application: request("079", "0021", renewal, "request", monday, packet.Person{
				Number: "082075999921", Name: "Phan Đình Đức Cử", Birth: "1975-05-15", Sex: "M", Ethnicity: kinh, Religion: none, BloodGroup: "B+",
				Origin: place("Phường Mỹ Tho, Đồng Tháp", "082"), BirthRegistration: place("Phường Mỹ Tho, Đồng Tháp", "082"), Residence: place("Số 118, Đường Mẫu, "+saigon, "079"),
				Marks: "Nốt ruồi C: 2cm trước tai trái", Father: "Phan Đình Hậu", Mother: "Trịnh Thị Cúc",
			}),
			face: &face.Face{Seed: 121, Age: 51, Skin: 1, Hair: face.Receding}, hands: 21,
			registry: func(p *packet.Person) { p.Birth = "1975-05-05" },
			oldCard:  chipCard("00C1A52021050521", "2021-03-29"),
		},
		{
			sample: samples.Sample{
				Name: "22-certificate", Shows: "An identity certificate, of paper, for somebody of Vietnamese origin whose nationality is not determined: with the paper that proves descent, free of charge; valid for two years.",
				Steps: []samples.Step{approve("079"), collects("079", "")}, End: identity.Issued,
			},
			application: func() packet.Submission {
				a := request("079", "0022", certificate, "first-certificate", monday, packet.Person{
					Number: "086188999922", Name: "Thạch Thị Sô Phi", Birth: "1988-05-17", Sex: "F", Ethnicity: "Khmer", Religion: "Phật giáo", Nationality: "undetermined",
					Origin: place("Phường Trà Vinh, Vĩnh Long", "086"), BirthRegistration: packet.Place{Text: "Tỉnh Svay Rieng, Vương quốc Campuchia"}, Residence: place("Số 7, Đường Mẫu, "+saigon, "079"),
					Marks: "Nốt ruồi C: 2cm dưới mắt phải", Mother: "Thạch Thị Sua",
				})
				a.OriginProof, a.ResidingSince = "Giấy khai sinh năm 1961 của mẹ, do Vĩnh Long cấp", "2019-02-11"
				return a
			}(),
			face: &face.Face{Seed: 122, Age: 38, Female: true, Skin: 2, Hair: face.Bun}, hands: 22,
		},
	}
}
