/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Every setting of a training: the one table from which flags, keys in YAML, {@code --set} and {@code help settings} follow. */
enum Setting {
    // The data.
    DATA(
            Part.DATA,
            Kind.FILE,
            "",
            "FILE",
            "examples: CSV, TSV, JSON lines, JSON, CoNLL; or .gz; a folder of images",
            "train_file"),
    TEXT(Part.DATA, Kind.TEXT, "text", "COLUMN", "column with the text"),
    LABEL(Part.DATA, Kind.TEXT, "label", "COLUMN", "column with the label, or a list of labels"),
    LABEL_SEPARATOR(Part.DATA, Kind.TEXT, "", "TEXT", "what is between the labels of a cell with several"),
    FIRST(Part.DATA, Kind.TEXT, "", "COLUMN", "column with the first text of a pair"),
    SECOND(Part.DATA, Kind.TEXT, "", "COLUMN", "column with the second text of a pair"),
    NUMBER(Part.DATA, Kind.TEXT, "", "COLUMN", "column with the number to tell"),
    SPANS(Part.DATA, Kind.TEXT, "", "COLUMN", "column with entities: a list of [from, to, type]"),
    QUERY(Part.DATA, Kind.TEXT, "", "COLUMN", "column with what is searched for"),
    PASSAGE(Part.DATA, Kind.TEXT, "", "COLUMN", "column with the text that is to be found"),
    NEGATIVE(Part.RARE, Kind.TEXT, "", "COLUMN", "column with a text, or a list of texts, that is not to be found"),
    RELEVANCE(Part.DATA, Kind.TEXT, "", "COLUMN", "column with 1 where the passage answers, else 0"),
    VALIDATION(Part.DATA, Kind.FILE, "", "FILE", "examples to choose the best epoch by", "validation_file"),
    TEST(Part.DATA, Kind.FILE, "", "FILE", "examples to measure the finished model on", "test_file"),
    VALIDATION_FRACTION(
            Part.RARE,
            Kind.NUMBER,
            "a fifth, or a tenth from 1,000 examples on",
            "SHARE",
            "how much of the data is kept back to choose by"),
    TEST_FRACTION(
            Part.RARE,
            Kind.NUMBER,
            "0",
            "SHARE",
            "how much of the data is kept back to measure on, drawn before all else"),
    GROUP(
            Part.RARE,
            Kind.TEXT,
            "",
            "COLUMN",
            "column that says what belongs together, such as a customer: no group is in two parts"),
    SKIP_BAD(Part.DATA, Kind.INTEGER, "0", "N", "so many unreadable rows may be left out"),
    IMAGE(Part.RARE, Kind.TEXT, "image", "COLUMN", "column with the path of an image to predict"),
    LONGEST_EDGE(Part.RARE, Kind.INTEGER, "as they are", "PIXELS", "larger images are shrunk to it as they are read"),
    SKIP_EMPTY(Part.RARE, Kind.FLAG, "false", "", "leave out rows with an empty text"),
    FORMAT(Part.RARE, Kind.TEXT, "by the name of the file", "NAME", "csv, tsv, jsonl, json or conll"),
    SEPARATOR(Part.RARE, Kind.TEXT, "told from the header", "CHAR", "what is between the columns of a CSV file"),
    CHARSET(Part.RARE, Kind.TEXT, "told from the bytes", "NAME", "charset of the data, such as ISO-8859-1"),
    DECIMAL(Part.RARE, Kind.TEXT, "told from the numbers", "NAME", "point or comma: how numbers are written"),
    // The model.
    BASE(
            Part.MODEL,
            Kind.TEXT,
            Bases.INSIDE,
            "MODEL",
            "directory, ONNX file, name, or org/name in HF's cache",
            "model_name_or_path",
            "base_model"),
    TASK(Part.MODEL, Kind.TEXT, "", "NAME", "the task, told from the columns; help settings lists"),
    MAX_LENGTH(
            Part.RARE,
            Kind.INTEGER,
            "that of the model",
            "TOKENS",
            "longer texts are cut",
            "max_seq_length",
            "max_length"),
    OUT(Part.MODEL, Kind.FILE, "", "DIR", "directory to write the model to", "output_dir"),
    // What learns.
    METHOD(Part.ADAPTER, Kind.TEXT, "lora", "NAME", "lora, dora, ia3 ...; head: that alone; full: all", "peft_type"),
    RANK(Part.ADAPTER, Kind.INTEGER, "8", "N", "rank of the adapter", "r", "lora_r"),
    ALPHA(Part.ADAPTER, Kind.NUMBER, "twice the rank", "X", "strength of the adapter", "lora_alpha"),
    DROPOUT(Part.RARE, Kind.NUMBER, "0", "P", "probability of dropping an input of the adapter", "lora_dropout"),
    TARGET_MODULES(Part.RARE, Kind.LIST, "all-linear", "NAMES", "which modules are adapted", "target_modules"),
    EXCLUDE_MODULES(Part.RARE, Kind.LIST, "", "NAMES", "which of them are left out after all", "exclude_modules"),
    METHOD_OPTIONS(
            Part.RARE, Kind.MAP, "", "", "other options of the method by PEFT's names, such as {use_rslora: true}"),
    // How it learns.
    EPOCHS(
            Part.TRAINING,
            Kind.INTEGER,
            "3, or 10",
            "N",
            "how often all examples are seen",
            "num_train_epochs",
            "num_epochs"),
    LEARNING_RATE(
            Part.TRAINING, Kind.NUMBER, "that of the task", "RATE", "highest learning rate", "learning_rate", "lr"),
    BATCH_SIZE(Part.TRAINING, Kind.INTEGER, "8 to 32, or 64", "N", "texts of a step", "per_device_train_batch_size"),
    SEED(Part.TRAINING, Kind.INTEGER, "42", "N", "seed of everything random"),
    HEAD_LEARNING_RATE(Part.RARE, Kind.NUMBER, "0.002", "RATE", "highest learning rate of the head"),
    PATIENCE(
            Part.RARE,
            Kind.INTEGER,
            "4; 3 for retrieval, 2 for language models",
            "N",
            "epochs without a better one after which training stops",
            "early_stopping_patience"),
    TOKEN_BUDGET(Part.RARE, Kind.INTEGER, "4096; 2048 for language models", "TOKENS", "tokens of a batch, at most"),
    ACCUMULATION(Part.RARE, Kind.INTEGER, "1", "N", "batches of a step", "gradient_accumulation_steps"),
    EVALUATE_EVERY(
            Part.RARE,
            Kind.INTEGER,
            "after each epoch",
            "STEPS",
            "look at the validation part after so many steps, too",
            "eval_steps"),
    WEIGHT_DECAY(Part.RARE, Kind.NUMBER, "0.01", "X", "weight decay of AdamW", "weight_decay"),
    WARMUP(Part.RARE, Kind.NUMBER, "0.06", "SHARE", "share of the steps in which the rate rises", "warmup_ratio"),
    SCHEDULE(
            Part.RARE,
            Kind.TEXT,
            "linear",
            "NAME",
            "how the rate falls: linear, cosine or constant",
            "lr_scheduler_type"),
    AUGMENTATION(
            Part.RARE, Kind.TEXT, "none", "NAME", "how images change from epoch to epoch: none, photographs or signs"),
    BALANCED_LABELS(Part.RARE, Kind.FLAG, "false", "", "rare labels count as much as others"),
    CLASS_WEIGHTS(Part.RARE, Kind.MAP, "", "", "how much examples of a label count, such as {fraud: 5}"),
    THRESHOLD(
            Part.RARE, Kind.NUMBER, "0.5", "P", "from which probability on a label is given, if there may be several"),
    TEMPERATURE(Part.RARE, Kind.NUMBER, "0.05", "X", "temperature of the loss of retrieval"),
    HARD_NEGATIVES(
            Part.RARE, Kind.INTEGER, "0", "N", "wrong passages to find for each query of retrieval before training"),
    PACKING(Part.RARE, Kind.FLAG, "true", "", "several examples of a language model share a row"),
    LONG_ROWS(
            Part.RARE,
            Kind.TEXT,
            "refuse",
            "NAME",
            "examples of a language model that are too long: refuse, cut-start or cut-end"),
    RECOMPUTING(
            Part.RARE,
            Kind.FLAG,
            "false",
            "",
            "compute activations of a language model again to save memory",
            "gradient_checkpointing"),
    STORAGE(
            Part.RARE,
            Kind.TEXT,
            "as-stored",
            "NAME",
            "how weights of a language model are held: as-stored, int8 or nf4"),
    CHECKPOINT_STEPS(
            Part.RARE, Kind.INTEGER, "by time alone", "STEPS", "write down the run after so many steps", "save_steps"),
    CHECKPOINT_SECONDS(Part.RARE, Kind.NUMBER, "300", "SECONDS", "write down the run after so much time");

    /** Where it stands in help; rare ones are no flags. */
    enum Part {
        DATA("Data"),
        MODEL("Model"),
        ADAPTER("Adapter"),
        TRAINING("Training"),
        RARE("By --set or in YAML");

        private final String title;

        Part(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    /** What its values are. */
    enum Kind {
        TEXT("a text"),
        FILE("a path"),
        INTEGER("a whole number"),
        NUMBER("a number"),
        FLAG("true or false"),
        LIST("a name, or a list of names"),
        MAP("names with values");

        private final String expected;

        Kind(String expected) {
            this.expected = expected;
        }

        String expected() {
            return expected;
        }
    }

    private final Part part;
    private final Kind kind;
    private final String initial;
    private final String placeholder;
    private final String meaning;
    private final List<String> words;

    Setting(Part part, Kind kind, String initial, String placeholder, String meaning, String... words) {
        this.part = part;
        this.kind = kind;
        this.initial = initial;
        this.placeholder = placeholder;
        this.meaning = meaning;
        this.words = List.of(words);
    }

    /** Its name in YAML, behind {@code --set}, and with two dashes that of its flag. */
    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    Part part() {
        return part;
    }

    Kind kind() {
        return kind;
    }

    /** What holds without it, in words. */
    String initial() {
        return initial;
    }

    String placeholder() {
        return placeholder;
    }

    String meaning() {
        return meaning;
    }

    boolean isFlag() {
        return part != Part.RARE;
    }

    static Stream<Setting> of(Part part) {
        return Arrays.stream(values()).filter(setting -> setting.part == part);
    }

    static List<String> keys() {
        return Arrays.stream(values()).map(Setting::key).toList();
    }

    private static final Map<String, Setting> BY_KEY =
            Arrays.stream(values()).collect(Collectors.toMap(Setting::key, setting -> setting));

    private static final Map<String, Setting> BY_WORD = Arrays.stream(values())
            .flatMap(setting -> setting.words.stream().map(word -> Map.entry(word, setting)))
            .filter(entry -> !BY_KEY.containsKey(entry.getKey()))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));

    static Optional<Setting> named(String key) {
        return Optional.ofNullable(BY_KEY.get(key));
    }

    /** The setting that PEFT or transformers call so. */
    static Optional<Setting> ofWord(String word) {
        return Optional.ofNullable(BY_WORD.get(word));
    }
}
