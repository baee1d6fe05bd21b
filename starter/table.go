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
	fmt.Fprintln(t, strings.Join(headings, "\t"))
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // to a terminal: nobody is left to be told
}
