module example.org/cancuoc

go 1.26.0
