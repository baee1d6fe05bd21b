package chip

// Compare gives all findings in what was read.
func Compare(r *Reading, want Expect) []Finding {
	var findings []Finding
	for _, c := range comparisons(r, want) {
		findings = append(findings, c.findings...)
	}
	return findings
}
