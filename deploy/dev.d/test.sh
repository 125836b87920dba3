#!/bin/bash
# test [--quick] [PART…]: installs, builds and tests everything, or only the named parts
set -uo pipefail

# A table: part, minutes it may take on two cores (all: 46), whether the others need it, command.
# A part runs when its folder is there; that no suite vanishes is a lint's business (suites).
parts() {
        local runs=1000000
        [ -z "$quick" ] || runs=50000
        cat <<TABLE
install     1.5 needed deploy/dev install
build       3.0 needed deploy/dev build release asan clang fuzz
format      0.1 -      tests/lint/run format
shell       0.2 -      tests/lint/run shell
lints       0.5 -      tests/lint/run -x format,shell,tidy
self-test   0.7 -      tests/lint/self-test
tidy        4.0 -      tests/lint/run tidy
unit        1.5 -      tests/support/ctest build/asan -E ^integration-
valgrind    1.5 -      tests/support/valgrind build/release/tests/unit-*
vectors     0.5 -      vectors
integration 22.0 -     integration
fault       3.0 -      tests/support/suites tests/fault/matrix/run
chaos       4.5 -      tests/support/suites tests/fault/chaos/run
servers     1.5 -      tests/support/suites tests/fault/servers/run -- --quick
fuzz        2.0 -      tests/support/suites tests/fuzz/run -- -n $runs
TABLE
}

# What is left out by --quick, besides most of the fuzzing.
not_quick=' valgrind fault chaos servers '

# Suites with real servers. Those whose programs are built are known to ctest, by names that begin
# with integration-; the other scripts are run as they are, three at a time: they mostly wait for servers.
# Those of ctest look at times too and have the machine for themselves.
integration() {
        local script known scripts=()
        known=$(ctest --test-dir build/asan --show-only=json-v1)
        # The longest begin first, or they are left alone at the end.
        for script in tests/integration/{receipts,orders,laws,eventctl}/run tests/integration/*/run; do
                [[ $known == *"/$script\""* || " ${scripts[*]-} " == *" $script "* ]] || scripts+=("$script")
        done
        tests/support/suites -j 3 "${scripts[@]}"
        if [[ $known == *'"integration-'* ]]; then
                tests/support/ctest build/asan -R '^integration-'
        fi
}

# A maker of vectors compares by --check; one that can break its own input does so by --prove.
vectors() {
        local maker
        for maker in tests/vectors/make*; do
                tests/support/suites "$maker" -- --check
                if grep -q -e '--prove' "$maker"; then
                        tests/support/suites "$maker" -- --prove
                fi
        done
}

there() {
        case $1 in
        vectors | fuzz) [ -d "tests/$1" ] ;;
        *) true ;;
        esac
}

wanted() {
        local part=$1
        shift
        [ $# = 0 ] || [[ " $* " == *" $part "* ]]
}

# Prints minutes with one decimal.
minutes() {
        echo "$(($1 / 60)).$(($1 % 60 / 6))"
}

# Shows what of a log tells why: the tests that failed, which may stand anywhere in it, and its end.
show_failure() {
        {
                grep -nE -B 3 -A 9 '^ *FAIL |^ *Traceback|, [1-9][0-9]* bad|[1-9][0-9]* failed$' "$1" | head -n 120
                echo '...'
                tail -n 30 "$1"
        } | sed 's/^/  | /'
        echo "  | (all of it: $1)"
}

# Runs a part, its output in a log; sets `result`, and adds to passed and failed.
run_part() {
        local part=$1 needed=$2 log=build/log/$1.log status good bad
        shift 2
        "$@" >"$log" 2>&1 </dev/null
        status=$?
        read -r good bad < <(awk '/^[0-9]+ passed, [0-9]+ failed$/ { good += $1; bad += $3 }
                END { print good + 0, bad + 0 }' "$log")
        if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
                bad=1
        elif [ "$needed" != needed ] && [ $((good + bad)) = 0 ]; then
                echo "this part ran no test" >>"$log"
                bad=1
        fi
        passed=$((passed + good)) failed=$((failed + bad))
        result=ok
        if [ "$bad" != 0 ]; then
                result=FAILED
                show_failure "$log"
        fi
        [ "$needed" = needed ] || result+=" ($good of $((good + bad)))"
}

quick=''
if [ "${1-}" = --quick ]; then
        quick=yes
        shift
fi
mkdir -p build/log
passed=0 failed=0 broken='' summary=''
while read -r part budget needed command; do
        if ! wanted "$part" "$@" || ! there "$part"; then
                continue
        elif [ -n "$quick" ] && [[ $not_quick == *" $part "* ]]; then
                continue
        fi
        if [ -n "$broken" ]; then
                result="not run: $broken failed" spent=0
        else
                echo "== $part"
                started=$SECONDS
                # shellcheck disable=SC2086 # a command of the table is words, with patterns
                run_part "$part" "$needed" $command
                spent=$((SECONDS - started))
                if [ "$needed" = needed ] && [ "$result" != ok ]; then
                        broken=$part
                fi
        fi
        summary+=$(printf '%-12s %-24s %8s %8s' "$part" "$result" "$(minutes "$spent")" "$budget")$'\n'
done < <(parts)

echo
printf '%-12s %-24s %8s %8s\n' part result minutes "at most"
printf '%s' "$summary"
printf '%-12s %-24s %8s\n\n' all '' "$(minutes $SECONDS)"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
