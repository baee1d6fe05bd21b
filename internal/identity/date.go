package identity

// Date is a calendar date of which month or day may be unknown (0).
type Date struct{ Year, Month, Day int }

// Display gives dd/mm/yyyy, or mm/yyyy, or yyyy where parts are unknown.
func (d Date) Display() string { return "" }
