package chip

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.org/cancuoc/personalization/chip/lds"
	"example.org/cancuoc/personalization/chip/pki"
	"example.org/cancuoc/personalization/chip/sod"
	"example.org/cancuoc/personalization/chip/tlv"
)

// Verify checks what was read by itself: whether the chip gave access and is genuine,
// and whether its data is complete and signed by a document signer that the CSCA
// certified. trust is what the reader trusts, at is the time of the inspection.
func Verify(r *Reading, trust *pki.TrustStore, at time.Time) Result {
	result := Result{Access: r.Access}
	result.add("Access", r.Refused)
	if r.Refused != nil {
		return result
	}
	if r.PACE != nil {
		result.add("PACE", r.PACE)
	}
	if r.Interrupted != nil && r.ChipAuthentication == nil {
		name := "Reading"
		if errors.Is(r.Interrupted, ErrMessaging) {
			name = "Secure messaging"
		}
		result.add(name, r.Interrupted)
	}
	if r.Interrupted == nil || r.ChipAuthentication != nil {
		result.add("Chip Authentication", r.ChipAuthentication)
	}
	if r.Interrupted == nil || r.ActiveAuthentication != nil {
		result.add("Active Authentication", r.ActiveAuthentication)
	}
	object, err := sod.Parse(r.Files[lds.SOD])
	result.readable(r, object)
	if err != nil {
		if r.Interrupted == nil || r.Files[lds.SOD] != nil {
			result.add("Passive authentication", missing(r.Files, lds.SOD, err))
		}
		return result
	}
	passive := object.Verify(trust, at)
	if passive == nil {
		passive = checkUnsigned(r.Files[lds.SOD])
	}
	result.add("Passive authentication", passive)
	result.add("Data group hashes", checkHashes(r, object))
	result.add("List of data groups", checkLists(r, object))
	result.add("Extended Access Control", checkClosed(r))
	result.add("Encoding", checkLengths(r))
	result.cardAccess(r)
	return result
}

// missing is the error for a file: that it could not be read, or err.
func missing(files lds.Files, ef lds.EF, err error) error {
	if files[ef] == nil {
		return errors.New(string(ef) + " could not be read")
	}
	return err
}

// joined makes one error of several problems.
func joined(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

// readable adds the files that cannot be read although the chip should have them. Not
// every card has a portrait; fingers need Extended Access Control.
func (r *Result) readable(from *Reading, object *sod.SOD) {
	for _, ef := range slices.Sorted(maps.Keys(from.Unreadable)) {
		row, _ := lds.Find(ef)
		switch {
		case row.MasterFile: // not every chip has these files
		case slices.Contains(from.Closed, row.DataGroup):
		case ef == lds.DG2 && object != nil && object.Hashes[row.DataGroup] == nil:
		default:
			r.add(string(ef), from.Unreadable[ef])
		}
	}
}

// checkUnsigned checks the parts of EF.SOD that no signature covers (RFC 5652, 5.1 and
// 5.3): the versions, and that the signer's digest algorithm is in the list of them.
func checkUnsigned(b []byte) error {
	wrong := errors.New("an unsigned part of EF.SOD was changed")
	signed, err := tlv.Find(b, 0x77, 0x30, 0xA0, 0x30) // ContentInfo, SignedData
	if err != nil {
		return wrong
	}
	fields, err := signed.Children()
	if err != nil || len(fields) < 3 || !bytes.Equal(fields[0].Raw, []byte{0x02, 1, 3}) {
		return wrong
	}
	signer, err := tlv.Find(fields[len(fields)-1].Value, 0x30)
	if err != nil {
		return wrong
	}
	info, err := signer.Children()
	if err != nil || len(info) < 3 {
		return wrong
	}
	version := byte(1) // the signer is identified by issuer and serial number
	if info[1].Tag == 0x80 {
		version = 3 // by its key identifier
	}
	if !bytes.Equal(info[0].Raw, []byte{0x02, 1, version}) || !bytes.Contains(fields[1].Value, info[2].Raw) {
		return wrong
	}
	return nil
}

func checkHashes(r *Reading, object *sod.SOD) error {
	var problems []string
	groups := r.Files.DataGroups()
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		if err := object.CheckHash(n, groups[n]); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return joined(problems)
}

// checkLists compares the data groups in EF.COM, in EF.SOD and on the chip.
func checkLists(r *Reading, object *sod.SOD) error {
	com, err := lds.ParseCOM(r.Files[lds.COM])
	if err != nil {
		return missing(r.Files, lds.COM, err)
	}
	var problems []string
	inCOM, inSOD := slices.Sorted(slices.Values(com.DataGroups)), object.DataGroups()
	if !slices.Equal(inCOM, inSOD) || len(com.Unknown) > 0 {
		problems = append(problems, fmt.Sprintf("EF.COM lists data groups %v, EF.SOD %v", inCOM, inSOD))
	}
	if len(com.Unknown) > 0 {
		problems = append(problems, "EF.COM lists tags that are no data group's")
	}
	if (object.Version > 0) != (com.LDSVersion >= "0108") || object.LDSVersion != "" && object.LDSVersion != com.LDSVersion {
		problems = append(problems, "EF.COM and EF.SOD are of two LDS versions")
	}
	read := r.Files.DataGroups()
	for _, n := range inSOD {
		if read[n] == nil && !slices.Contains(r.Closed, n) && r.Interrupted == nil {
			problems = append(problems, fmt.Sprintf("DG%d is listed but cannot be read", n))
		}
	}
	return joined(problems)
}

// checkClosed checks that fingers and irises are closed to a reader like this one,
// which does not do Terminal Authentication.
func checkClosed(r *Reading) error {
	for _, row := range lds.Table() {
		if row.Read == lds.ExtendedAccess && r.Files[row.EF] != nil {
			return fmt.Errorf("DG%d can be read without it", row.DataGroup)
		}
	}
	return nil
}

// checkLengths checks that the length of each file has no more bytes than necessary,
// because some readers refuse that.
func checkLengths(r *Reading) error {
	var problems []string
	for _, row := range lds.Table() {
		content := r.Files[row.EF]
		if row.Tag == 0 || content == nil {
			continue
		}
		tag, header, length, err := tlv.Header(content)
		if err != nil || tlv.Size(tag, length) != header+length {
			problems = append(problems, "the length of "+string(row.EF)+" is not minimal")
		}
	}
	return joined(problems)
}

// cardAccess compares EF.CardAccess, which was read in plain, with EF.DG14, which is
// signed: a reader that does not can be made to use weaker protocols. A chip without
// EF.CardAccess is read by BAC. If its EF.DG14 announces PACE the detail says so, but
// the check does not fail, because borders accept such a chip.
func (r *Result) cardAccess(from *Reading) {
	const name = "EF.CardAccess"
	open, openErr := infosOf(from.Files[lds.CardAccess])
	signed, signedErr := infosOf(insideDG14(from.Files[lds.DG14]))
	switch {
	case from.Files[lds.CardAccess] == nil:
		c := Check{Name: name, OK: true}
		if infos, err := lds.ParseDG14(from.Files[lds.DG14]); err == nil && len(infos.PACE) > 0 {
			c.Detail = "the chip has none, but EF.DG14 announces PACE"
		}
		r.Checks = append(r.Checks, c)
	case openErr != nil:
		r.add(name, errors.New("it is malformed"))
	case signedErr != nil:
		r.add(name, errors.New("it cannot be compared with the signed EF.DG14"))
	default:
		r.add(name, compareInfos(open, signed))
	}
}

// insideDG14 is the SET OF SecurityInfo in EF.DG14.
func insideDG14(b []byte) []byte {
	file, err := tlv.ParseOnly(b, 0x6E)
	if err != nil {
		return nil
	}
	return file.Value
}

// infosOf reads a SET OF SecurityInfo as data objects.
func infosOf(b []byte) ([]tlv.Node, error) {
	set, err := tlv.ParseOnly(b, 0x31)
	if err != nil {
		return nil, err
	}
	return set.Children()
}

// compareInfos checks that every open SecurityInfo is signed, and that every signed
// one of PACE is open.
func compareInfos(open, signed []tlv.Node) error {
	among := func(list []tlv.Node, n tlv.Node) bool {
		return slices.ContainsFunc(list, func(o tlv.Node) bool { return bytes.Equal(o.Raw, n.Raw) })
	}
	for _, n := range open {
		if !among(signed, n) {
			return errors.New("it announces what the signed EF.DG14 does not")
		}
	}
	const pacePrefix = "\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04" // id-PACE and two arcs
	for _, n := range signed {
		if bytes.HasPrefix(n.Value, []byte(pacePrefix)) && !among(open, n) {
			return errors.New("it does not announce every PACE protocol of the signed EF.DG14")
		}
	}
	return nil
}
