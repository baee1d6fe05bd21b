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

// Verify judges what was read by itself: whether the chip let us in as it should
// and is genuine, and whether its data is whole and signed by a document signer
// that the CSCA certified. trust is what the reader trusts, at is the time of the
// inspection.
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

// missing says that a file was not read, rather than that nothing is malformed.
func missing(files lds.Files, ef lds.EF, err error) error {
	if files[ef] == nil {
		return errors.New(string(ef) + " could not be read")
	}
	return err
}

// joined makes one error of several, in one line.
func joined(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return errors.New(strings.Join(faults, "; "))
}

// readable notes the files that are there, or ought to be, and cannot be read. A
// portrait is not on every card; fingers are for Extended Access Control.
func (r *Result) readable(from *Reading, object *sod.SOD) {
	for _, ef := range slices.Sorted(maps.Keys(from.Unreadable)) {
		row, _ := lds.Find(ef)
		switch {
		case row.MasterFile: // not every chip has them
		case slices.Contains(from.Closed, row.DataGroup):
		case ef == lds.DG2 && object != nil && object.Hashes[row.DataGroup] == nil:
		default:
			r.add(string(ef), from.Unreadable[ef])
		}
	}
}

// checkUnsigned checks what of EF.SOD no signature covers (RFC 5652, 5.1 and 5.3):
// the versions, and that the signer's digest algorithm is among those announced.
func checkUnsigned(b []byte) error {
	wrong := errors.New("a part of EF.SOD that is not signed was changed")
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
	version := byte(1) // the signer is named by issuer and serial number
	if info[1].Tag == 0x80 {
		version = 3 // by the identifier of its key
	}
	if !bytes.Equal(info[0].Raw, []byte{0x02, 1, version}) || !bytes.Contains(fields[1].Value, info[2].Raw) {
		return wrong
	}
	return nil
}

func checkHashes(r *Reading, object *sod.SOD) error {
	var faults []string
	groups := r.Files.DataGroups()
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		if err := object.CheckHash(n, groups[n]); err != nil {
			faults = append(faults, err.Error())
		}
	}
	return joined(faults)
}

// checkLists compares EF.COM with EF.SOD, and both with what could be read.
func checkLists(r *Reading, object *sod.SOD) error {
	com, err := lds.ParseCOM(r.Files[lds.COM])
	if err != nil {
		return missing(r.Files, lds.COM, err)
	}
	var faults []string
	inCOM, inSOD := slices.Sorted(slices.Values(com.DataGroups)), object.DataGroups()
	if !slices.Equal(inCOM, inSOD) || len(com.Unknown) > 0 {
		faults = append(faults, fmt.Sprintf("EF.COM lists data groups %v, EF.SOD %v", inCOM, inSOD))
	}
	if len(com.Unknown) > 0 {
		faults = append(faults, "EF.COM lists tags that are no data group's")
	}
	if (object.Version > 0) != (com.LDSVersion >= "0108") || object.LDSVersion != "" && object.LDSVersion != com.LDSVersion {
		faults = append(faults, "EF.COM and EF.SOD are of two LDS versions")
	}
	read := r.Files.DataGroups()
	for _, n := range inSOD {
		if read[n] == nil && !slices.Contains(r.Closed, n) && r.Interrupted == nil {
			faults = append(faults, fmt.Sprintf("DG%d is listed but cannot be read", n))
		}
	}
	return joined(faults)
}

// checkClosed wants fingers and irises closed to a reader like this one, which
// does no Terminal Authentication.
func checkClosed(r *Reading) error {
	for _, row := range lds.Table() {
		if row.Read == lds.ExtendedAccess && r.Files[row.EF] != nil {
			return fmt.Errorf("DG%d opens without it", row.DataGroup)
		}
	}
	return nil
}

// checkLengths wants the length of each file in as few bytes as it can be: readers
// refuse others.
func checkLengths(r *Reading) error {
	var faults []string
	for _, row := range lds.Table() {
		content := r.Files[row.EF]
		if row.Tag == 0 || content == nil {
			continue
		}
		tag, header, length, err := tlv.Header(content)
		if err != nil || tlv.Size(tag, length) != header+length {
			faults = append(faults, "the length of "+string(row.EF)+" is not minimal")
		}
	}
	return joined(faults)
}

// cardAccess compares EF.CardAccess, which was read in clear, with EF.DG14, which
// is signed: a reader that does not is open to a downgrade. A chip without
// EF.CardAccess is read by BAC; that its EF.DG14 announces PACE is said, and is no
// failure, for a border lets such a chip pass.
func (r *Result) cardAccess(from *Reading) {
	const name = "EF.CardAccess"
	open, openErr := infosOf(from.Files[lds.CardAccess])
	signed, signedErr := infosOf(insideDG14(from.Files[lds.DG14]))
	switch {
	case from.Files[lds.CardAccess] == nil:
		c := Check{Name: name, OK: true}
		if infos, err := lds.ParseDG14(from.Files[lds.DG14]); err == nil && len(infos.PACE) > 0 {
			c.Detail = "the chip has none, and EF.DG14 announces PACE"
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

// insideDG14 is the SET in EF.DG14.
func insideDG14(b []byte) []byte {
	file, err := tlv.ParseOnly(b, 0x6E)
	if err != nil {
		return nil
	}
	return file.Value
}

// infosOf reads a SET OF SecurityInfo as it stands.
func infosOf(b []byte) ([]tlv.Node, error) {
	set, err := tlv.ParseOnly(b, 0x31)
	if err != nil {
		return nil, err
	}
	return set.Children()
}

// compareInfos wants every open SecurityInfo among the signed ones, and every
// signed one of PACE among the open ones.
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
			return errors.New("it does not announce all of PACE that the signed EF.DG14 does")
		}
	}
	return nil
}
