package chip

// Compare holds every field that was read against the application.
func Compare(r *Reading, want Expect) []Finding {
	var findings []Finding
	for _, c := range comparisons(r, want) {
		findings = append(findings, c.findings...)
	}
	return findings
}
