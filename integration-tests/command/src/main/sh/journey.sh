#!/bin/sh
# From a table of questions to a model in use, without a line of Java: the journey of docs/cli.md on BANKING77.
#
#   journey.sh PROGRAM DATA OUT
#
# PROGRAM is the launch script lora4j, DATA has banking77/train.csv and test.csv, OUT is made anew.
# Ends with the code of the first command that fails.
set -eu

program=$1
data=$2/banking77
out=$3

say() {
    printf '\n$ lora4j'
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./=,:-]*) printf ' "%s"' "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}

run() {
    say "$@"
    "$program" "$@"
}

if [ ! -x "$program" ]; then
    echo "example-command: there is no program $program; make it: mvn -Pcli,example-command verify" >&2
    exit 1
fi
if [ ! -f "$data/train.csv" ]; then
    echo "example-command: there is no $data/train.csv; name the folder that has data/banking77: -Dlora4j.shared=FOLDER" >&2
    exit 1
fi
rm -rf "$out"
mkdir -p "$out"
program=$(CDPATH='' cd "$(dirname "$program")" && pwd -P)/$(basename "$program")
data=$(CDPATH='' cd "$data" && pwd -P)
cd "$out"

# Every twelfth question, as the file is sorted by intent. Cells with quotes may have line breaks, and are left out.
awk 'NR == 1 || (NR % 12 == 0 && /^[^"]*,[A-Za-z_?]+\r?$/)' "$data/train.csv" > questions.csv
awk 'NR == 1 || (NR % 3 == 0 && /^[^"]*,[A-Za-z_?]+\r?$/)' "$data/test.csv" > test.csv

echo "== Look first"
run preview --data questions.csv --text text --label category --rows 2
run advise --data questions.csv --text text --label category --ask data

echo
echo "== Train, measure, use"
run train --data questions.csv --text text --label category --out head/ --method head
run train --data questions.csv --text text --label category --out model/ --epochs 4
run evaluate model/ --data test.csv --at-least accuracy=0.7
run predict model/ "where is my new card?"
head -5 test.csv | cut -d, -f1 > some.csv
run predict model/ --input some.csv --output answers.csv
cat answers.csv
run report model/ --data test.csv --out model.html

echo
echo "== Look into it, and prove it"
run inspect model/
run modules all-minilm-l6-v2
run verify model/
run verify head/ --replay
if command -v openssl > /dev/null 2>&1; then
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem 2> /dev/null
    openssl pkey -in private.pem -pubout -out public.pem
    run sign model/ --key private.pem
    run verify model/ --key public.pem --strict
else
    echo "there is no openssl: nothing is signed"
fi

echo
echo "== Into use"
# 0 if the new model is better beyond chance, 5 if it is not or if so few questions do not tell.
say gate model/ head/ --data test.csv
code=0
"$program" gate model/ head/ --data test.csv || code=$?
if [ "$code" != 0 ] && [ "$code" != 5 ]; then
    exit "$code"
fi

echo
echo "== For others"
run merge model/ --out merged/
run convert model/ --to onnx --out onnx/
run convert model/ --to peft --type f16 --out small/
run reduce model/ --rank 4 --out reduced/
run compare model/ reduced/
run search all-minilm-l6-v2 "I lost my card" --in questions.csv --text text --top 3

echo
echo "pages, models and files: $(pwd)"
