package lds

import "example.org/cancuoc/personalization/chip/tlv"

// The tags in EF.COM (9303-10, 4.6.1).
const (
	tagLDSVersion     = 0x5F01
	tagUnicodeVersion = 0x5F36
	tagList           = 0x5C
)

// unicodeVersion is the Unicode version that EF.COM announces, 4.0.0.
const unicodeVersion = "040000"

// buildCOM makes EF.COM, which lists the tags of the data groups in the order of
// their numbers.
func buildCOM(in *Input, made Files) ([]byte, error) {
	var list []byte
	for _, row := range in.Profile.table() {
		if row.DataGroup > 0 && made[row.EF] != nil {
			list = append(list, byte(row.Tag))
		}
	}
	version := "010" + in.Profile.LDSVersion[2:] // "1.7" is 0107
	return tlv.Encode(0x60,
		tlv.Encode(tagLDSVersion, []byte(version)),
		tlv.Encode(tagUnicodeVersion, []byte(unicodeVersion)),
		tlv.Encode(tagList, list)), nil
}

// CommonData is what EF.COM says.
type CommonData struct {
	LDSVersion     string // as in the file: "0107"
	UnicodeVersion string // as in the file: "040000"
	DataGroups     []int  // in the order of the file
	Unknown        []byte // listed tags that belong to no data group
}

// ParseCOM reads EF.COM. The error wraps ErrMalformed.
func ParseCOM(b []byte) (CommonData, error) {
	file, err := tlv.ParseOnly(b, 0x60)
	if err != nil {
		return CommonData{}, malformed(COM, "%w", err)
	}
	fields, err := file.Children()
	if err != nil {
		return CommonData{}, malformed(COM, "%w", err)
	}
	var com CommonData
	listed := false
	for _, field := range fields {
		switch field.Tag {
		case tagLDSVersion:
			com.LDSVersion = string(field.Value)
		case tagUnicodeVersion:
			com.UnicodeVersion = string(field.Value)
		case tagList:
			listed = true
			com.readList(field.Value)
		}
	}
	if com.LDSVersion == "" || !listed {
		return CommonData{}, malformed(COM, "the LDS version or the list of data groups is missing")
	}
	return com, nil
}

// readList reads the list of tags.
func (c *CommonData) readList(tags []byte) {
	for _, tag := range tags {
		if row, found := FindFunc(func(r Row) bool { return r.DataGroup > 0 && r.Tag == uint32(tag) }); found {
			c.DataGroups = append(c.DataGroups, row.DataGroup)
		} else {
			c.Unknown = append(c.Unknown, tag)
		}
	}
}
