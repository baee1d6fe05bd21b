package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// printTable prints rows below their headings, in columns as wide as they need.
func printTable(w io.Writer, headings []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	spoken := make([]string, len(headings))
	for i, h := range headings {
		spoken[i] = text(h)
	}
	fmt.Fprintln(t, strings.Join(spoken, "\t"))
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // to a terminal: nobody is left to be told
}
