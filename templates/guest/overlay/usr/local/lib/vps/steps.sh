# shellcheck shell=sh disable=SC2034
# How a step is run, in the first boot and after it. To be sourced after lib.sh.

# `run_step FILE WORDS LOG`: with its deadline and nothing on standard input. What it said goes without our secrets to the
# files WORDS and, cut, LOG; sets `began`, and `reason`, its last word, when it fails.
run_step() {
    deadline=$(header "$1" deadline 300)
    began=$(date +%s)
    timeout --kill-after=10 "$deadline" "$1" </dev/null >"$2" 2>&1
    code=$?
    hide <"$2" >"$2.hidden" 2>/dev/null && mv "$2.hidden" "$2"
    tail -c 65536 "$2" | LC_ALL=C tr -d '\000-\010\013-\037\177' >>"$3" 2>/dev/null || true
    [ $code -eq 0 ] && return 0
    if [ $code -eq 124 ] || [ $code -eq 137 ]; then
        reason="took longer than its $deadline s"
    else
        reason=$(grep -v '^[[:space:]]*$' "$2" | tail -n 1)
        reason="${reason:-ended with code $code and said nothing}"
    fi
    return 1
}
