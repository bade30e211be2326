#!/bin/sh
# Small data and models with the names that the documents use.
#
#   fixtures.sh all         makes them in this folder, with the program lora4j; ROOT is the checkout, ADMIN a token
#   fixtures.sh DOCUMENT    changes a copy of them to what this document means by the same names
set -eu

# rows FROM HEADER: a table with another header, its third column a number of groups.
rows() {
    awk -F, -v header="$2" -v columns="$(echo "$2" | tr -cd , | wc -c)" '
        NR == 1 { print header; next }
        { print $1 "," $2 (columns > 1 ? "," NR % 6 : "") }' "$1"
}

train() {
    lora4j train -q --epochs 1 "$@" > made.log 2>&1 || { cat made.log >&2; exit 1; }
}

all() {
    awk -F, 'NR == 1 || $2 == "card" || $2 == "rate"' "$ROOT/lora-dl4j/cli/src/main/shared-classes/questions.csv" > questions.csv
    cp questions.csv test.csv
    printf 'question\nhas my card been sent?\nis the rate good today?\n' > new.csv
    printf 'has my card been sent?\nis the rate good today?\n' > questions.txt
    rows questions.csv question,team > tickets.csv
    awk -F, 'NR == 1 { print "question,answer"; next } { print $1 ",about the " $2 " of number " NR ": look at page " NR }' questions.csv > faq.csv
    awk -F, 'NR == 1 { print "question,answer,right"; next } { print $1 ",about the card," ($2 == "card"); print $1 ",about the rate," ($2 == "rate") }' questions.csv > judged.csv
    awk -F, 'NR == 1 { print "premise\thypothesis\trelation"; next } { print $1 "\tthis is about the card\t" ($2 == "card" ? "yes" : "no") }' questions.csv > pairs.tsv
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        printf 'play O\nsong B-music\n%s I-music\n\nin O\nParis B-city\ntomorrow O\n\n' "$i"
    done > slots.conll
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        printf '{"text": "Once upon a time there was a red ball of number %s."}\n' "$i"
    done > stories.jsonl
    printf '%s\n' "$ADMIN" > admin.token
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem 2> openssl.log
    openssl pkey -in private.pem -pubout -out public.pem

    images="$ROOT/lora-dl4j/image/src/test/resources/images"
    mkdir -p signs/stop signs/yield test photos models
    for i in 1 2 3 4 5 6; do
        cp "$images/rgb.png" "signs/stop/$i.png"
        cp "$images/grey.png" "signs/yield/$i.png"
        cp "$images/rgb.png" "photos/$i.png"
    done
    cp -R signs/stop signs/yield test
    cp "$images/rgb.jpg" photo.jpg
    cp "$images/grey.png" another.png
    cp -R "$ROOT/lora-dl4j/image/src/test/resources/encoders/dinov2-swiglu-imgcls" models/dinov2-small

    stories="$ROOT/lora-dl4j/language/src/test/resources/language/models/stories260k"
    for name in smollm smollm-instruct; do
        mkdir -p "models/$name"
        for file in config.json generation_config.json model.safetensors special_tokens_map.json tokenizer.json tokenizer_config.json; do
            cp "$stories/$file" "models/$name"
        done
    done
    cat > models/smollm-instruct/chat_template.jinja << 'END'
{% for message in messages %}{{ message.role }}: {{ message.content }}
{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}
END
    train --base models/smollm-instruct --data stories.jsonl --out writer/
    for name in formal short; do cp -R writer "$name"; done

    columns='--data questions.csv --text question --label intent'
    # A base that is large, in one place for all copies.
    rm -rf ../bases && mkdir ../bases
    train --data faq.csv --query question --passage answer --out first/
    lora4j merge first/ --out ../bases/minilm && rm -r first
    ln -s "$PWD/../bases/minilm" models/minilm
    train $columns --out model/
    train $columns --seed 2 --out candidate/
    train $columns --seed 3 --out first/
    train $columns --seed 4 --out second/
    over='--base models/minilm'
    train $over --data tickets.csv --text question --label team --out tickets/
    train $over --data tickets.csv --text question --label team --seed 2 --out models/tickets2
    train $over --data faq.csv --query question --passage answer --out search/
    train $over --data judged.csv --query question --passage answer --relevance right --out answers/
    cp -R model models/travel-1
    cat > stopped-run.sh << 'END'
# Leaves a run in model.run that was stopped after its first checkpoint.
lora4j train --data questions.csv --text question --label intent --epochs 200 --set checkpoint-steps=1 --out model/ &
run=$!
until ls model.run/checkpoints/* > /dev/null 2>&1; do
    kill -0 $run || exit 1
    sleep 0.1
done
kill -TERM $run
wait $run || test $? = 143
END
}

case $1 in
    all) all ;;
    README.md | docs/examples/vehicles.md)
        rows questions.csv text,label > commands.csv
        cp commands.csv questions.csv
        ;;
    docs/examples/code.md)
        rows questions.csv sentence,code > pairs.csv
        awk -F, 'NR == 1 { print "code,body,throws"; next } { print $1 "," $1 "," $2 (NR % 3 ? "" : ";other") }' questions.csv > methods.csv
        sed '1s/.*/body/' new.csv > changed.csv && mv changed.csv new.csv
        ;;
    docs/examples/healthcare.md)
        rows questions.csv answer,type,document > answers.csv
        rm test.csv && cp answers.csv test.csv
        ;;
    docs/examples/language-tasks.md) rows questions.csv command,intent > intents.csv ;;
    docs/examples/service.md)
        rm judged.csv
        rows questions.csv request,intent > judged.csv
        cp judged.csv travel.csv
        ;;
    docs/examples/tongues.md) rows questions.csv text,language > paragraphs.csv ;;
    docs/serving.md)
        awk '/^```yaml/ { on = 1; next } /^```/ { on = 0 } on' "$ROOT/docs/serving.md" > serve.yaml
        ;;
esac
