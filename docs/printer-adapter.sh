#!/bin/sh
# Between a station (printing.driver: spool, printing.answers: true) and the program of a
# printer's vendor: takes each job of the folder to it, and answers. An example to begin
# from; docs/operations.md says what each answer means.
#
#     printer-adapter.sh FOLDER PROGRAM
#
# PROGRAM is called with the PDF's name. It exits with 0 when the card is out, with 75 when
# it did not begin the card, and with anything else when the card is lost. Meanwhile it
# writes what it needs a person to do, line by line; an empty line says that this is done.
cd "$1" || exit 1
program=$2

# An answer appears whole or not at all.
answer() {
	printf '%s\n' "$2" >"$1.state.new" && sync "$1.state.new" && mv "$1.state.new" "$1.state"
}

# Nobody knows what became of a job that was in work when this program ended.
for state in *.state; do
	case $(cat "$state" 2>/dev/null) in
	taken* | jammed*) answer "${state%.state}" "failed the adapter was stopped while the card was in the printer" ;;
	esac
done

while :; do
	for pdf in *.pdf; do
		job=${pdf%.pdf}
		if [ ! -e "$pdf" ] || [ -e "$job.state" ]; then continue; fi
		answer "$job" taken
		{ "$program" "$pdf"; echo "exit $?"; } | {
			code=1
			while read -r line; do
				case $line in
				"exit "*) code=${line#exit } ;;
				"") answer "$job" taken ;;
				*) answer "$job" "jammed $line" ;;
				esac
			done
			case $code in
			0) answer "$job" done ;;
			75) answer "$job" "refused the program did not begin the card" ;;
			*) answer "$job" "failed the program ended with $code" ;;
			esac
		}
	done
	sleep 0.2
done
