package identity

import (
	"fmt"
	"slices"
	"strings"
)

// Known refuses a value that is given and is not one of a list, with what there is and what
// may have been meant.
func Known[T ~string](field string, value T, of []T) error {
	if value == "" || slices.Contains(of, value) {
		return nil
	}
	hint := ""
	if meant, ok := closest(string(value), of); ok {
		hint = fmt.Sprintf("; did you mean %s?", meant)
	}
	words := make([]string, len(of))
	for i, v := range of {
		words[i] = string(v)
	}
	const most = 64
	return RefuseField(Invalid, field, "%q is not known; there are %s%s", OneLine(string(value[:min(len(value), most)])), strings.Join(words, ", "), hint)
}

// closest gives the value that differs from what was typed in the fewest letters, if
// it is close.
func closest[T ~string](typed string, values []T) (T, bool) {
	var best T
	const far = 3
	fewest := far
	for _, value := range values {
		if len(typed) >= len(value)+far {
			continue
		}
		if n := edits(strings.ToLower(typed), strings.ToLower(string(value))); n < fewest {
			best, fewest = value, n
		}
	}
	return best, best != ""
}

// edits counts the letters to add, drop or change between two words (Levenshtein).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
