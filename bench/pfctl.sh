#!/bin/sh
# Does the same as pfctl.c, on machines without a C compiler. pfctl.c describes the arguments and the log.
# The times in the log are wall time.
started=$(date +%s%N)
folder=$1
shift
verb=none
table=-
while getopts a:f:k:K:s:t:T:v option; do
	case $option in
	t) table=$OPTARG ;;
	T) verb=$OPTARG ;;
	s) [ "$OPTARG" = Tables ] && verb=tables ;;
	*) ;; # -a, -f, -k, -K and -v change nothing here.
	esac
done
file=$folder/$table.table
status=0
count=0
first=-
given=

leave() {
	echo "wall $started $(date +%s%N) $status $verb $table $count $first" >>"$folder/calls.log"
	exit "$status"
}

if [ "$verb" = tables ]; then
	for file in "$folder"/*.table; do
		file=${file##*/}
		printf -- '-pa-r--\t%s\n' "${file%.table}"
	done
	leave
fi
[ "$table" = - ] && leave
if [ ! -f "$file" ]; then
	echo 'pfctl: Table does not exist' >&2
	status=255
	leave
fi
if [ "$verb" = show ]; then
	sed 's/^/   /' "$file"
	leave
fi

given=$(tr -s ' \n' '\n' | grep .)
count=$(printf '%s\n' "$given" | wc -l | tr -d ' ')
first=$(printf '%s\n' "$given" | sort -t . -n -k 1,1 -k 2,2 -k 3,3 -k 4,4 | head -n 1)
case $verb in
add) printf '%s\n' "$given" | sort -u - "$file" >"$file.new" ;;
delete) printf '%s\n' "$given" | grep -Fvx -f - "$file" >"$file.new" ;;
replace) printf '%s\n' "$given" | sort -u >"$file.new" ;;
esac
sort -t . -n -k 1,1 -k 2,2 -k 3,3 -k 4,4 "$file.new" -o "$file.new"
mv "$file.new" "$file"
leave
