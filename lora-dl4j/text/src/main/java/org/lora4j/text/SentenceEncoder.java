/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.InnerProducts;
import org.lora4j.internal.text.EmbeddingFit;
import org.lora4j.internal.text.EmbeddingLoss;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.SentenceRows;
import org.lora4j.internal.text.TaskEvidence;
import org.lora4j.internal.text.TaskFiles;
import org.lora4j.internal.text.TaskModel;
import org.lora4j.internal.text.TextOptions;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.Holdout;
import org.lora4j.train.Progress;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.lora4j.weights.ModelWeights;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Texts as vectors, near each other where texts belong together. Before {@link #fit} they are those of the encoder as it was
 * read.
 *
 * <pre>{@code
 * SentenceEncoder search = SentenceEncoder.builder(encoder).build().fit(pairs, validation);
 * float[] query = search.query("where is my card?");
 * }</pre>
 *
 * <p>What it learns follows from the examples: pairs of texts ({@link SentenceExample#pair}) by multiple negatives ranking,
 * or by triplets with {@link Builder#tripletMargin}; pairs with a similarity by regression of the cosine; texts with a vector
 * by distillation. Batches are as large as one likes: their vectors are computed first, and gradients in parts (GradCache, Gao
 * et al. 2021, arXiv:2101.06983), so memory follows {@code tokenBudget}, not {@code batchSize}.
 *
 * <p><b>State.</b> A fit that fails leaves what was there before. <b>Threads.</b> As {@link TextTask}.
 *
 * @apiNote Status: stable
 */
public final class SentenceEncoder implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SentenceEncoder.class);
    private static final String RESUME = "resume";
    private static final double NANOS = 1e9;
    private static final String TASK = "sentence-encoding";
    private static final String TASK_TYPE = "FEATURE_EXTRACTION";

    /** What it is among tasks. */
    static final TaskSpec.Kind KIND = new TaskSpec.Kind(TASK, TASK_TYPE, false);

    private final TextEncoder encoder;
    private final EncoderParts parts;
    private final TextOptions options;
    private final double temperature;
    private final double margin;
    private final Map<Integer, Double> nested;

    private volatile TaskModel model;
    private volatile TextFitReport report;
    private volatile boolean fitted;
    private volatile Optional<TaskEvidence> evidence = Optional.empty();
    private volatile boolean closed;
    private boolean ownsEncoder;

    private SentenceEncoder(Builder builder) {
        this.encoder = builder.encoder();
        this.parts = new EncoderParts(encoder.name(), encoder.weights(), encoder.pooling(), false);
        this.options = builder.options(TASK_TYPE);
        this.temperature = builder.temperature;
        this.margin = builder.margin;
        this.nested = builder.nested;
        this.model = EmbeddingFit.frozen(parts);
    }

    /**
     * Starts a sentence encoder.
     *
     * @param encoder the encoder; shared, and never changed
     * @return a builder, which needs no further call
     */
    public static Builder builder(TextEncoder encoder) {
        return new Builder(encoder);
    }

    /**
     * Reads a sentence encoder.
     *
     * @param directory where {@link #save} wrote it
     * @param encoder the encoder that it was made with
     * @return the sentence encoder, which gives the vectors of the saved one
     * @throws IOException if a file is missing or damaged, or the encoder is another one; the message lists every
     *     difference
     */
    public static SentenceEncoder load(Path directory, TextEncoder encoder) throws IOException {
        Arguments.required(directory, "SentenceEncoder.load: directory", "a directory that save wrote");
        Arguments.required(encoder, "SentenceEncoder.load: encoder", "an encoder, such as TextEncoder.load(directory)");
        SentenceEncoder loaded = builder(encoder).build();
        try (TrustPolicy.Opened opened = encoder.trust().open(directory)) {
            loaded.readFrom(opened.path(), directory);
        }
        return loaded;
    }

    private void readFrom(Path directory, Path named) throws IOException {
        Map<String, Object> fields = SavedEncoder.read(directory, TASK, "SentenceEncoder", encoder);
        Object written = fields.get("report");
        report = written == null ? null : TextFitReport.read(TaskFiles.file(directory), written);
        TaskModel read =
                TaskFiles.load(directory, fields, parts, encoder.trust().allowsOtherBase());
        Optional<Receipt> receipt = TaskFiles.receipt(directory, read);
        SavedEncoder.requireTrusted(named, receipt, encoder);
        model = read;
        evidence = receipt.map(of -> TaskEvidence.loaded(read, of));
        fitted = true;
    }

    /**
     * Reads a sentence encoder and the encoder that it was made with, which is closed with it.
     *
     * @param directory where {@link #save} wrote it
     * @param encoderFolders folders below which the encoder may be looked for, by its path and its last names; none are needed for a
     *     published encoder ({@link TextEncoder#named})
     * @return the sentence encoder, which gives the vectors of the saved one
     * @throws IOException as {@link #load(Path, TextEncoder)}, and if the encoder is not found there, is a link to elsewhere, or has other
     *     weights than when this was saved
     */
    public static SentenceEncoder load(Path directory, Path... encoderFolders) throws IOException {
        TextEncoder encoder = SavedEncoder.open(directory, "SentenceEncoder.load", encoderFolders);
        SentenceEncoder loaded = SavedEncoder.with(encoder, found -> load(directory, found));
        loaded.ownEncoder();
        return loaded;
    }

    /**
     * Learns; a part of the examples is kept back to choose the best epoch by, as {@code validationFraction} of the builder says.
     *
     * @param train two examples or more
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List, List)}
     */
    public SentenceEncoder fit(List<SentenceExample> train) {
        return learnAll("fit", train);
    }

    /**
     * Learns.
     *
     * @param train the examples to learn from, all of one kind
     * @param validation the examples to choose the best epoch by, of the same kind
     * @return this
     * @throws IllegalArgumentException if there are none, a text is empty, kinds are mixed, a vector has another length than
     *     those of the encoder, or triplets have no negatives; the message lists every problem
     */
    public SentenceEncoder fit(List<SentenceExample> train, List<SentenceExample> validation) {
        return learnGiven("fit", train, validation);
    }

    /**
     * Goes on with the run of {@link #fit(List)} from its latest checkpoint, or starts it if there is none.
     *
     * @param train the same examples
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List)}, and if the checkpoint is of another plan or model
     * @throws IllegalStateException without {@code checkpoints} of the builder
     */
    public SentenceEncoder resume(List<SentenceExample> train) {
        requireCheckpoints();
        return learnAll(RESUME, train);
    }

    /**
     * Goes on with the run of {@link #fit(List, List)} from its latest checkpoint, or starts it if there is none. With the same
     * examples, settings and encoder the end is the same to the bit.
     *
     * @param train the same examples
     * @param validation the same examples to choose by
     * @return this
     * @throws IllegalArgumentException as {@link #fit(List, List)}, and if the checkpoint is of another plan or model
     * @throws IllegalStateException without {@code checkpoints} of the builder
     */
    public SentenceEncoder resume(List<SentenceExample> train, List<SentenceExample> validation) {
        requireCheckpoints();
        return learnGiven(RESUME, train, validation);
    }

    private void requireCheckpoints() {
        if (options.run().checkpoints().isEmpty()) {
            throw new IllegalStateException("SentenceEncoder.resume: there are no checkpoints to go on from; expected"
                    + " checkpoints(Checkpoints.in(directory)) on the builder. Set it for fit as well.");
        }
    }

    private SentenceEncoder learnAll(String call, List<SentenceExample> train) {
        Objects.requireNonNull(train, "SentenceEncoder." + call + ": train is null; expected a list of examples");
        List<String> notes = new ArrayList<>();
        List<SentenceExample> all = withoutEmpty(train, "train", notes);
        // Before rows get other numbers.
        Problems problems = new Problems();
        check(all, "train", problems);
        problems.throwIfAny("SentenceEncoder." + call);
        Holdout.Split<SentenceExample> split = options.fit().holdout().of(all, example -> 0);
        return learn(call, split.train(), split.validation(), notes);
    }

    private SentenceEncoder learnGiven(String call, List<SentenceExample> train, List<SentenceExample> validation) {
        Objects.requireNonNull(train, "SentenceEncoder." + call + ": train is null; expected a list of examples");
        Objects.requireNonNull(
                validation, "SentenceEncoder." + call + ": validation is null; expected a list of examples");
        List<String> notes = new ArrayList<>();
        List<SentenceExample> learned = withoutEmpty(train, "train", notes);
        List<SentenceExample> held = withoutEmpty(validation, "validation", notes);
        if (held.isEmpty()) {
            throw new IllegalArgumentException("SentenceEncoder." + call
                    + ": the validation part is empty; expected examples to choose"
                    + " by, none of them in the training part. " + call + "(train) makes one.");
        }
        return learn(call, learned, held, notes);
    }

    /** Leaves out examples with empty texts if that was asked for; otherwise they are refused with everything else that is wrong. */
    private List<SentenceExample> withoutEmpty(List<SentenceExample> given, String name, List<String> notes) {
        if (!options.skipEmpty()) {
            return given;
        }
        List<SentenceExample> kept = new ArrayList<>();
        List<Integer> empty = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            if (given.get(i) != null && hasEmpty(given.get(i))) {
                empty.add(i);
            } else {
                kept.add(given.get(i));
            }
        }
        if (!empty.isEmpty()) {
            notes.add(CheckedExamples.leftOut(name, empty));
        }
        return kept;
    }

    private static boolean hasEmpty(SentenceExample example) {
        return example.texts().stream().anyMatch(String::isBlank);
    }

    private synchronized SentenceEncoder learn(
            String call, List<SentenceExample> train, List<SentenceExample> validation, List<String> noted) {
        requireOpen();
        long start = System.nanoTime();
        Progress progress = options.fit().progress("SentenceEncoder.fit");
        SentenceKind kind = kind(train, validation);
        Map<Prompted, Integer> indices = new LinkedHashMap<>();
        List<SentenceRows> rows = rows(train, kind, indices);
        List<TokenizedText> tokens = indices.keySet().stream()
                .map(text -> encoder.tokens(text.prefix(), text.text()))
                .toList();
        TokenRows.requireFit("SentenceEncoder.fit", tokens, encoder.weights().config());
        List<String> notes = new ArrayList<>(noted);
        Preflight preflight = preflight(train, validation, tokens);
        preflight.require("SentenceEncoder.fit");
        notes.addAll(preflight.notes());
        if (fitted) {
            notes.add(TextTask.STARTS_ANEW);
        }
        notes.forEach(note -> LOG.warn("SentenceEncoder: {}", note));
        EmbeddingFit.Outcome outcome = EmbeddingFit.fit(
                parts,
                new EmbeddingFit.Data(tokens, rows, loss(kind)),
                options.resuming(call.equals(RESUME)),
                kind.metric(),
                validation.isEmpty()
                        ? Optional.empty()
                        : Optional.of(candidate -> kind.score(validation, new Embedder(candidate, progress))),
                progress);
        TextFitReport done = new TextFitReport(
                train.size(),
                validation.size(),
                options.fit().learningRate(),
                0,
                kind.metric(),
                true,
                outcome.before(),
                outcome.after(),
                outcome.startKept(),
                Optional.empty(),
                Optional.of(outcome.training()),
                notes,
                (System.nanoTime() - start) / NANOS);
        if (!progress.isNone()) {
            LOG.info("SentenceEncoder: {}", done.line());
        }
        TaskEvidence found = evidence(outcome.model(), train, validation, kind, done);
        report = done;
        TaskModel before = model;
        model = outcome.model();
        evidence = Optional.of(found);
        fitted = true;
        before.close();
        return this;
    }

    private TaskEvidence evidence(
            TaskModel learned,
            List<SentenceExample> train,
            List<SentenceExample> validation,
            SentenceKind kind,
            TextFitReport done) {
        TrainingPlan plan = options.fit().plan(!validation.isEmpty(), UnaryOperator.identity());
        try {
            RunReceipt.requireChanged("SentenceEncoder.fit", plan, done);
        } catch (IllegalStateException e) {
            learned.close();
            throw e;
        }
        Map<String, DataHashes> data = new LinkedHashMap<>();
        data.put(Receipt.TRAIN, hashes(train));
        if (!validation.isEmpty()) {
            data.put(Receipt.VALIDATION, hashes(validation));
        }
        return TaskEvidence.of(
                TASK + " " + kind,
                learned,
                encoder::hashes,
                data,
                plan,
                options.fit().seed(),
                done);
    }

    private static DataHashes hashes(List<SentenceExample> examples) {
        DataHashes.Gathering gathering = new DataHashes.Gathering();
        for (SentenceExample example : examples) {
            example.texts().forEach(gathering::text);
            example.similarity().ifPresent(value -> gathering.number(Double.doubleToRawLongBits(value)));
            example.group().ifPresent(gathering::text);
            example.vector().ifPresent(vector -> {
                for (float value : vector) {
                    gathering.number(Float.floatToRawIntBits(value));
                }
            });
            gathering.end();
        }
        return gathering.hashes();
    }

    private EmbeddingLoss loss(SentenceKind kind) {
        return nested.isEmpty() ? lossOf(kind) : EmbeddingLoss.nested(lossOf(kind), nested);
    }

    private EmbeddingLoss lossOf(SentenceKind kind) {
        return switch (kind) {
            case PAIRS -> margin > 0 ? EmbeddingLoss.triplet(margin) : EmbeddingLoss.ranking(temperature);
            case SIMILARITIES -> EmbeddingLoss.cosine();
            case VECTORS -> EmbeddingLoss.distillation();
        };
    }

    private SentenceKind kind(List<SentenceExample> train, List<SentenceExample> validation) {
        Problems problems = new Problems();
        problems.check(!train.isEmpty(), "no examples to learn from, expected some");
        check(train, "train", problems);
        check(validation, "validation", problems);
        problems.throwIfAny("SentenceEncoder.fit");
        Set<SentenceKind> kinds = new HashSet<>();
        train.forEach(example -> kinds.add(SentenceKind.of(example)));
        validation.forEach(example -> kinds.add(SentenceKind.of(example)));
        problems.check(
                kinds.size() == 1, "the examples are " + MessageText.values(kinds) + ", expected all of one kind");
        problems.check(
                nested.isEmpty() || !kinds.contains(SentenceKind.VECTORS),
                "matryoshka(...) with examples that have a vector, expected pairs or similarities: nothing says what the first numbers"
                        + " of a given vector mean by themselves");
        problems.throwIfAny("SentenceEncoder.fit");
        return kinds.iterator().next();
    }

    private void check(List<SentenceExample> examples, String where, Problems problems) {
        List<Integer> empty = IntStream.range(0, examples.size())
                .filter(i -> examples.get(i) != null && hasEmpty(examples.get(i)))
                .boxed()
                .toList();
        problems.check(
                empty.isEmpty(),
                where + "[" + MessageText.numbers(empty) + "]" + (empty.size() == 1 ? " has" : " have")
                        + " an empty text, expected words; skipEmpty() on the builder leaves such examples out");
        for (int i = 0; i < examples.size(); i++) {
            SentenceExample example = examples.get(i);
            String at = where + "[" + i + "]";
            if (example == null) {
                problems.add(at + " is null, expected an example");
                continue;
            }
            example.vector()
                    .ifPresent(vector -> problems.check(
                            vector.length == encoder.dimension(),
                            at + " has a vector of length " + vector.length + ", expected " + encoder.dimension()
                                    + ", the length of the encoder's"));
            problems.check(
                    margin <= 0
                            || SentenceKind.of(example) != SentenceKind.PAIRS
                            || !example.negatives().isEmpty(),
                    at + " has no negatives, which triplets need, expected some; withNegatives adds them");
        }
    }

    private List<SentenceRows> rows(List<SentenceExample> examples, SentenceKind kind, Map<Prompted, Integer> indices) {
        Map<String, Integer> groups = new HashMap<>();
        List<SentenceRows> rows = new ArrayList<>();
        boolean search = kind == SentenceKind.PAIRS;
        String first = search ? encoder.prefixes().query() : encoder.prefixes().text();
        String second =
                search ? encoder.prefixes().passage() : encoder.prefixes().text();
        for (SentenceExample example : examples) {
            rows.add(new SentenceRows(
                    index(new Prompted(first, example.anchor()), indices),
                    example.positive()
                            .map(text -> index(new Prompted(second, text), indices))
                            .orElse(-1),
                    example.negatives().stream()
                            .mapToInt(text -> index(new Prompted(second, text), indices))
                            .toArray(),
                    example.similarity().orElse(0),
                    example.vector().orElse(null),
                    example.group().map(name -> index(name, groups)).orElse(-1)));
        }
        return rows;
    }

    /** A text and what is put before it. */
    private record Prompted(String prefix, String text) {}

    private static <K> int index(K key, Map<K, Integer> indices) {
        return indices.computeIfAbsent(key, added -> indices.size());
    }

    private Preflight preflight(
            List<SentenceExample> train, List<SentenceExample> validation, List<TokenizedText> tokens) {
        Preflight found = TextPreflight.ofTokens(options.fit().preflight(), tokens, encoder.maxLength());
        Set<List<String>> known = new HashSet<>();
        train.forEach(example -> known.add(example.texts()));
        long twice = validation.stream()
                .filter(example -> known.contains(example.texts()))
                .count();
        return found.with(
                        twice > 0,
                        PreflightRule.IN_BOTH_PARTS,
                        twice
                                + " examples of the validation part are in the training part, too, so scores on it are too high")
                .showing(preview(train, 3).examples().stream()
                        .map(Object::toString)
                        .toList());
    }

    /**
     * Shows examples as the model gets them, with what is learned of them, before anything is trained.
     *
     * @param examples the examples
     * @param count how many are shown at most, the first ones; 1 or more
     * @return the first examples, for a terminal or as a page
     */
    public ExamplePreview preview(List<SentenceExample> examples, int count) {
        Arguments.allRequired(examples, "SentenceEncoder.preview: examples", "an example");
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny("SentenceEncoder.preview");
        requireOpen();
        return TextPreview.of(examples, count, this::shown);
    }

    private ExamplePreview.Example shown(SentenceExample example) {
        List<TokenizedText> tokens = example.texts().stream()
                .map(text -> encoder.tokenizer().tokenize(text))
                .toList();
        List<ExamplePreview.Part> parts = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            parts.addAll(TextPreview.texts(
                    List.of((i > 0 ? " | " : "") + example.texts().get(i)), tokens.get(i)));
        }
        String target = example.vector().isPresent()
                ? "a vector of " + example.vector().get().length + " numbers"
                : example.similarity().isPresent()
                        ? String.valueOf(example.similarity().getAsDouble())
                        : "the second is the nearest";
        return new ExamplePreview.Example(
                parts, target, tokens.stream().mapToInt(TokenizedText::length).sum(), 1);
    }

    /** Vectors by a model, with prefixes. */
    private final class Embedder implements SentenceKind.Embedder {

        private final TaskModel by;
        private final Progress progress;

        private Embedder(TaskModel by, Progress progress) {
            this.by = by;
            this.progress = progress;
        }

        @Override
        public float[][] texts(List<String> texts) {
            return embed(this, encoder.prefixes().text(), texts);
        }

        @Override
        public float[][] queries(List<String> texts) {
            return embed(this, encoder.prefixes().query(), texts);
        }

        @Override
        public float[][] passages(List<String> texts) {
            return embed(this, encoder.prefixes().passage(), texts);
        }

        @Override
        public VectorSimilarity similarity() {
            return encoder.similarity();
        }
    }

    private float[][] embed(Embedder embedder, String prefix, List<String> texts) {
        Problems problems = new Problems();
        CheckedExamples.<String>checkInputs("text", texts, String::isBlank, "words", "empty", problems);
        problems.throwIfAny("SentenceEncoder");
        List<TokenizedText> tokens =
                texts.stream().map(text -> encoder.tokens(prefix, text)).toList();
        TokenRows.requireFit("SentenceEncoder", tokens, encoder.weights().config());
        return embedder.by.outputs(tokens, embedder.progress.stage("vectors", "texts", tokens.size()));
    }

    private Embedder current() {
        requireOpen();
        return new Embedder(model, options.fit().progress("SentenceEncoder"));
    }

    /**
     * The vector of a text that is compared with others of its kind.
     *
     * @param text the text
     * @return a new array
     * @throws IllegalArgumentException if the text is null or empty
     * @throws IllegalStateException if this or its encoder is closed
     */
    public float[] predict(String text) {
        return predict(List.of(Objects.requireNonNull(text, "SentenceEncoder: text is null; expected a text")))[0];
    }

    /**
     * The vectors of texts that are compared with others of their kind.
     *
     * @param texts the texts
     * @return a vector for each
     * @throws IllegalArgumentException if a text is null or empty; the message lists them
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public float[][] predict(List<String> texts) {
        return current().texts(texts);
    }

    /**
     * The vector of a text that passages are searched by.
     *
     * @param text the text
     * @return a new array
     * @throws IllegalArgumentException as {@link #predict(String)}
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public float[] query(String text) {
        return queries(List.of(Objects.requireNonNull(text, "SentenceEncoder: text is null; expected a text")))[0];
    }

    /**
     * The vectors of texts that passages are searched by.
     *
     * @param texts the texts
     * @return a vector for each
     * @throws IllegalArgumentException as {@link #predict(List)}
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public float[][] queries(List<String> texts) {
        return current().queries(texts);
    }

    /**
     * The vectors of texts that are searched.
     *
     * @param texts the texts
     * @return a vector for each
     * @throws IllegalArgumentException as {@link #predict(List)}
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public float[][] passages(List<String> texts) {
        return current().passages(texts);
    }

    /**
     * How near two texts of a kind are, by the {@link TextEncoder#similarity} of the encoder: the cosine unless its files say another.
     *
     * @param first the one
     * @param second the other
     * @return of a cosine -1 to 1; higher is nearer
     * @throws IllegalArgumentException as {@link #predict(List)}
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public double similarity(String first, String second) {
        float[][] vectors = predict(List.of(first, second));
        return encoder.similarity().of(vectors[0], vectors[1]);
    }

    /**
     * Searches passages by queries and compares with what is relevant.
     *
     * @param queries the queries
     * @param passages what is searched
     * @param relevant for each query the indices of its passages, one or more
     * @return the numbers
     * @throws IllegalArgumentException if a text is empty, or a query has no relevant passage
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public RetrievalEvaluation evaluate(
            List<String> queries, List<String> passages, List<? extends Collection<Integer>> relevant) {
        return RetrievalEvaluation.of(queries(queries), passages(passages), relevant, encoder.similarity());
    }

    /** The indices of all passages for each query, the nearest first; of equal ones the first given. */
    List<List<Integer>> nearest(List<String> queries, List<String> passages) {
        float[][] asked = queries(queries);
        float[][] searched = passages(passages);
        List<List<Integer>> all = new ArrayList<>();
        for (float[] query : asked) {
            double[] scores = new double[searched.length];
            for (int j = 0; j < scores.length; j++) {
                scores[j] = encoder.similarity().of(query, searched[j]);
            }
            all.add(IntStream.range(0, scores.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer j) -> -scores[j]))
                    .toList());
        }
        return all;
    }

    /**
     * Searches the positives of pairs, each once, by their anchors. What counts as relevant are all positives of the same
     * anchor, and of its group.
     *
     * @param pairs examples made by {@link SentenceExample#pair}
     * @return the numbers
     * @throws IllegalArgumentException if there is none, or an example of another kind
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public RetrievalEvaluation evaluate(List<SentenceExample> pairs) {
        if (pairs.isEmpty() || pairs.stream().anyMatch(pair -> SentenceKind.of(pair) != SentenceKind.PAIRS)) {
            throw new IllegalArgumentException("SentenceEncoder.evaluate: " + pairs.size()
                    + " examples, not all of them pairs of texts that belong together; expected one pair or more.");
        }
        return SentenceKind.retrieval(pairs, current());
    }

    /**
     * Adds to pairs the texts that this encoder takes for their positives, but that are not: those nearest to the anchor.
     * Left out are the positives of the same anchor and of its group, and what is nearer to the anchor than {@code most}
     * times its own positive, as it may belong to it without anybody having said so.
     *
     * @param pairs examples made by {@link SentenceExample#pair}
     * @param corpus where to look
     * @param count how many for each, 1 or more; fewer where there are no others
     * @param most such as 0.95; higher for a corpus in which every text belongs to one anchor alone
     * @return the examples, each with its negatives
     * @throws IllegalArgumentException if there is no pair or {@code count} is below 1
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public List<SentenceExample> withHardNegatives(
            List<SentenceExample> pairs, Collection<String> corpus, int count, double most) {
        Problems problems = new Problems();
        problems.check(!pairs.isEmpty(), "no pairs, expected one or more");
        problems.atLeast("count", count, 1);
        problems.check(
                pairs.stream().allMatch(pair -> SentenceKind.of(pair) == SentenceKind.PAIRS),
                "not all examples are pairs of texts that belong together, expected only such");
        problems.throwIfAny("SentenceEncoder.withHardNegatives");
        Embedder embedder = current();
        List<String> texts = corpus.stream().distinct().toList();
        float[][] vectors = embedder.passages(texts);
        float[][] anchors =
                embedder.queries(pairs.stream().map(SentenceExample::anchor).toList());
        float[][] positives = embedder.passages(
                pairs.stream().map(pair -> pair.positive().orElseThrow()).toList());
        Map<String, Set<String>> right = SentenceKind.relevant(pairs);
        List<SentenceExample> mined = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i++) {
            SentenceExample pair = pairs.get(i);
            float[] anchor = anchors[i];
            double limit = most * InnerProducts.cosine(anchor, positives[i]);
            Set<String> own = right.get(SentenceKind.key(pair));
            double[] scores = new double[texts.size()];
            for (int j = 0; j < scores.length; j++) {
                scores[j] = InnerProducts.cosine(anchor, vectors[j]);
            }
            mined.add(pair.withNegatives(IntStream.range(0, scores.length)
                    .boxed()
                    .filter(j -> scores[j] < limit && !own.contains(texts.get(j)))
                    .filter(j -> !texts.get(j).equals(pair.anchor()))
                    .sorted(Comparator.comparingDouble((Integer j) -> -scores[j]))
                    .limit(count)
                    .map(texts::get)
                    .toList()));
        }
        return mined;
    }

    /**
     * Writes what was learned: with LoRA a PEFT directory, all weights as safetensors, and beside it {@code lora4j_text.json}
     * with what the encoder has to be.
     *
     * @param directory where to; created if missing, files of an earlier save are replaced, all at once
     * @throws IOException if it cannot be written; what was there before is unchanged then
     * @throws IllegalStateException if nothing was learned yet
     */
    public synchronized void save(Path directory) throws IOException {
        requireFitted("save");
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("task", TASK);
        fields.put("encoder", SavedEncoder.fields(encoder));
        if (report != null) {
            fields.put("report", report.fields());
        }
        TaskFiles.save(
                "SentenceEncoder.save",
                directory,
                TaskFiles.DESCRIPTION,
                model,
                fields,
                evidence.flatMap(known -> known.receipt("SentenceEncoder.save", model)),
                (staging, written) -> TaskFiles.load(staging, written, parts, true));
    }

    /**
     * What the training was, as {@link #save} writes it beside the encoder.
     *
     * @return the receipt; empty if this was loaded from a directory without one, or what was trained was changed since
     * @throws IllegalStateException if nothing was learned yet
     */
    public synchronized Optional<Receipt> receipt() {
        requireFitted("receipt");
        return evidence.flatMap(known -> known.receipt("SentenceEncoder.receipt", model));
    }

    /**
     * Writes what was learned, merged, as a directory of sentence-transformers.
     *
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     * @throws IllegalStateException if nothing was learned yet, or {@code lora-dl4j-export} is not on the class path
     */
    public void export(Path directory) throws IOException {
        Arguments.required(directory, "SentenceEncoder.export: directory", "a directory to write to");
        requireFitted("export");
        TextTask.exporter("SentenceEncoder.export")
                .export(
                        new TaskExporter.Task(
                                encoder, model.parameters(), TaskExporter.Head.NONE, List.of(), Optional.empty()),
                        directory);
    }

    /**
     * What the last {@code fit} did, here or before this was saved.
     *
     * @return the report; its {@code before} is that of the encoder as it was read
     * @throws IllegalStateException if nothing was learned yet, or this was loaded from a directory without a report
     */
    public TextFitReport report() {
        if (report == null) {
            throw new IllegalStateException(
                    "SentenceEncoder.report: there is none; expected fit(...) before it, or a directory that was saved after it.");
        }
        return report;
    }

    /**
     * The adapted graph, with all that adapters can do.
     *
     * @return the live model
     * @throws IllegalStateException if nothing was learned yet, or all weights were
     */
    public AdaptedSameDiff model() {
        requireFitted("model");
        return model.adapted()
                .orElseThrow(() -> new IllegalStateException(
                        "SentenceEncoder.model: all weights were trained; expected an adapter."));
    }

    /**
     * What was learned, as a value to combine, compare or serve.
     *
     * @return a copy of the adapter
     * @throws IllegalStateException as {@link #model}
     */
    public Adapter adapter() {
        return model().adapter(AdaptedSameDiff.DEFAULT_ADAPTER);
    }

    /**
     * What this adds to its encoder, for a server that computes the encoder for many tasks at once.
     *
     * @return a copy of what was learned
     * @throws IllegalStateException if nothing was learned yet, or all weights were
     */
    public TaskHead<String, float[]> taskHead() {
        requireFitted("taskHead");
        return TaskHead.ofVectors("SentenceEncoder.taskHead", encoder, model);
    }

    /**
     * All weights of the encoder as they were learned: an adapter merged, or all of them trained in full. Exports take them:
     * {@code HuggingFaceExport.of(encoder).weights(search.weights())}.
     *
     * @return by PyTorch's names, without a prefix, and in its layout; not to be written to
     * @throws IllegalStateException if nothing was learned yet
     */
    public ModelWeights weights() {
        requireFitted("weights");
        return model.parameters();
    }

    /**
     * The encoder.
     *
     * @return the encoder that this was made with
     */
    public TextEncoder encoder() {
        return encoder;
    }

    private void requireFitted(String call) {
        requireOpen();
        if (!fitted) {
            throw new IllegalStateException(
                    "SentenceEncoder." + call + ": nothing was learned yet; expected fit(...) or load(...) before it.");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("SentenceEncoder: it is closed; expected an open one. Load it again.");
        }
    }

    /** Closes the encoder with this. */
    void ownEncoder() {
        ownsEncoder = true;
    }

    /** Frees what predictions keep; the encoder stays open, unless {@link #load(Path, Path...)} found it. */
    @Override
    public void close() {
        closed = true;
        model.close();
        if (ownsEncoder) {
            encoder.close();
        }
    }

    /**
     * Collects what a sentence encoder needs. Without any call: 64 examples a batch, at most 10 epochs, a temperature of
     * 0.05.
     *
     * @apiNote Status: stable
     */
    public static final class Builder extends TextTaskBuilder<Builder, SentenceEncoder> {

        private static final int BATCH = 64;
        private static final int EPOCHS = 10;
        private static final int PATIENCE = 3;
        private static final double RATE = 5e-4;
        private static final double TEMPERATURE = 0.05;

        private double temperature = TEMPERATURE;
        private double margin;
        private Map<Integer, Double> nested = Map.of();

        private Builder(TextEncoder encoder) {
            super("SentenceEncoder", encoder);
            batchSize(BATCH).epochs(EPOCHS).patience(PATIENCE);
        }

        @Override
        protected double defaultRate(boolean allWeights) {
            return allWeights ? super.defaultRate(true) : RATE;
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * Sets by what cosines are divided in multiple negatives ranking, {@value #TEMPERATURE} by default.
         *
         * @param value a finite number above 0; smaller ones look at the hardest negatives alone
         * @return this
         */
        public Builder temperature(double value) {
            temperature = value;
            return this;
        }

        /**
         * Learns pairs as triplets with their own negatives, in the place of all texts of a batch.
         *
         * @param value by how much the cosine with the positive should exceed that with a negative, above 0
         * @return this
         */
        public Builder tripletMargin(double value) {
            margin = value;
            return this;
        }

        /**
         * Learns vectors whose first numbers are good vectors by themselves (Kusupati et al. 2022, Matryoshka representation learning,
         * arXiv:2205.13147): the loss is summed over these lengths. {@link TextEncoder#truncate} cuts them afterwards.
         *
         * @param dimensions the lengths, such as 384, 128 and 32; usually the whole length is one of them
         * @return this
         */
        public Builder matryoshka(int... dimensions) {
            Arguments.required(dimensions, "SentenceEncoder.matryoshka: dimensions", "lengths of vectors");
            Map<Integer, Double> equal = new LinkedHashMap<>();
            for (int dimension : dimensions) {
                equal.put(dimension, 1.0);
            }
            return matryoshka(equal);
        }

        /**
         * The same with a weight for the loss of each length.
         *
         * @param weights finite numbers above 0 by the length
         * @return this
         */
        public Builder matryoshka(Map<Integer, Double> weights) {
            Arguments.allRequired(weights, "SentenceEncoder.matryoshka: weights", "a weight");
            nested = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
            return this;
        }

        /** A head alone and dropout are what vectors cannot learn. */
        @Override
        protected void check(Problems problems) {
            super.check(problems);
            problems.finiteAboveZero("temperature", temperature);
            problems.finiteFromZero("tripletMargin", margin);
            int longest = encoder().dimension();
            nested.forEach((dimension, weight) -> {
                problems.check(
                        dimension >= 1 && dimension <= longest,
                        "matryoshka: dimension " + dimension + ", expected 1 to " + longest
                                + ", the length of the encoder's vectors");
                problems.finiteAboveZero("matryoshka: weight of " + dimension, weight);
            });
            problems.check(
                    options(TASK_TYPE).tuning() != Tuning.HEAD_ONLY,
                    "headOnly() has nothing to learn here, expected adapter(...) or fullFineTuning()");
            problems.check(
                    options().adapter().dropout() == 0,
                    "dropout of the adapter = " + options().adapter().dropout()
                            + ", expected 0: vectors are computed twice and must be the same");
        }

        @Override
        protected SentenceEncoder make() {
            return new SentenceEncoder(this);
        }
    }
}
