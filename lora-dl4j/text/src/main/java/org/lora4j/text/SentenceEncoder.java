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
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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
import org.lora4j.internal.text.TokenRows;
import org.lora4j.internal.text.Tuning;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Progress;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.ExamplePreview;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;

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
public final class SentenceEncoder extends TunedEncoder<SentenceExample, SentenceEncoder> {

    private static final double NANOS = 1e9;
    private static final String TASK = "sentence-encoding";
    private static final String TASK_TYPE = "FEATURE_EXTRACTION";

    /** What it is among tasks. */
    static final TaskSpec.Kind KIND = new TaskSpec.Kind(TASK, TASK_TYPE, false);

    private final TextEncoder encoder;
    private final EncoderParts parts;
    private final double temperature;
    private final double margin;
    private final Map<Integer, Double> nested;

    private volatile VectorModel current;

    /** What vectors are computed by; of the encoder as it was read while nothing was learned. */
    private record VectorModel(TaskModel model, TextFitReport report, Optional<TaskEvidence> evidence, boolean learned)
            implements Tuned {}

    private SentenceEncoder(Builder builder) {
        super(builder.options(TASK_TYPE), SentenceEncoder.class);
        this.encoder = builder.encoder();
        this.parts = new EncoderParts(encoder.name(), encoder.weights(), encoder.pooling(), false);
        this.temperature = builder.temperature;
        this.margin = builder.margin;
        this.nested = builder.nested;
        this.current = new VectorModel(EmbeddingFit.frozen(parts), null, Optional.empty(), false);
    }

    @Override
    protected SentenceEncoder self() {
        return this;
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
        TextFitReport report = written == null ? null : TextFitReport.read(TaskFiles.file(directory), written);
        TaskModel read =
                TaskFiles.load(directory, fields, parts, encoder.trust().allowsOtherBase());
        Optional<Receipt> receipt = TaskFiles.receipt(directory, read);
        SavedEncoder.requireTrusted(named, receipt, encoder);
        current = new VectorModel(read, report, receipt.map(of -> TaskEvidence.loaded(read, of)), true);
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

    @Override
    CheckedExamples<SentenceExample> checked(
            List<SentenceExample> examples, String where, boolean skipEmpty, Problems problems, List<String> notes) {
        CheckedExamples<SentenceExample> checked = CheckedExamples.of(
                example -> example.texts().stream().anyMatch(String::isBlank),
                UnaryOperator.identity(),
                example -> List.of(),
                examples,
                where,
                skipEmpty,
                problems,
                notes);
        for (int i = 0; i < checked.examples().size(); i++) {
            check(checked.examples().get(i), where + "[" + checked.rows().get(i) + "]", problems);
        }
        return checked;
    }

    private void check(SentenceExample example, String at, Problems problems) {
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

    @Override
    Function<SentenceExample, Object> strata(CheckedExamples<SentenceExample> all) {
        return example -> 0;
    }

    @Override
    synchronized void learn(
            boolean resumed,
            CheckedExamples<SentenceExample> learned,
            CheckedExamples<SentenceExample> held,
            boolean taken,
            List<String> noted) {
        requireOpen();
        long start = System.nanoTime();
        Progress progress = options().fit().progress("SentenceEncoder.fit");
        List<SentenceExample> train = learned.examples();
        List<SentenceExample> validation = held.examples();
        SentenceKind kind = kind(train, validation);
        Map<Prompted, Integer> indices = new LinkedHashMap<>();
        List<SentenceRows> rows = rows(train, kind, indices);
        List<TokenizedText> tokens = indices.keySet().stream()
                .map(text -> encoder.tokens(text.prefix(), text.text()))
                .toList();
        TokenRows.requireFit("SentenceEncoder.fit", tokens, encoder.weights().config());
        List<String> notes = new ArrayList<>(noted);
        Preflight preflight = preflight(learned, held, tokens);
        preflight.require("SentenceEncoder.fit");
        notes.addAll(preflight.notes());
        VectorModel before = current;
        if (before.learned()) {
            notes.add(TextTask.STARTS_ANEW);
        }
        warn("", notes);
        EmbeddingFit.Outcome outcome = EmbeddingFit.fit(
                parts,
                new EmbeddingFit.Data(tokens, rows, loss(kind)),
                options().resuming(resumed),
                kind.metric(),
                validation.isEmpty()
                        ? Optional.empty()
                        : Optional.of(candidate -> kind.score(validation, new Embedder(candidate, progress))),
                progress);
        TextFitReport report = new TextFitReport(
                train.size(),
                validation.size(),
                options().fit().learningRate(),
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
            say(report);
        }
        TaskEvidence evidence = evidence(
                TASK + " " + kind,
                outcome.model(),
                options().fit().plan(!validation.isEmpty(), UnaryOperator.identity()),
                report,
                hashes(train),
                hashes(validation));
        current = new VectorModel(outcome.model(), report, Optional.of(evidence), true);
        before.model().close();
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
            CheckedExamples<SentenceExample> train,
            CheckedExamples<SentenceExample> validation,
            List<TokenizedText> tokens) {
        Preflight found = TextPreflight.ofTokens(options().fit().preflight(), tokens, encoder.maxLength());
        return showing(
                CheckedExamples.inBothParts(found, train, validation, SentenceExample::texts, "examples"),
                train,
                this::shown);
    }

    @Override
    Function<SentenceExample, ExamplePreview.Example> shown(CheckedExamples<SentenceExample> all) {
        return this::shown;
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

    /** The vectors that a model gives, with prefixes. */
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

    private Embedder embedder() {
        requireOpen();
        return new Embedder(current.model(), options().fit().progress("SentenceEncoder"));
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
        return embedder().texts(texts);
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
        return embedder().queries(texts);
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
        return embedder().passages(texts);
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
        return SentenceKind.retrieval(pairs, embedder());
    }

    /**
     * Adds to pairs the texts that this encoder takes for their positives, but that are not: those nearest to the anchor. A search learns
     * from these. Left out are the positives of the same anchor and of its group, and what is nearer to the anchor than {@code most}
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
        return withHardNegatives(pairs, corpus, count, most, count, 0);
    }

    /**
     * The same, drawn from the {@code among} nearest. A {@link ReRanker} learns from these: what it will be asked to order is all that a
     * search finds, so {@code among} is as many as that.
     *
     * @param pairs examples made by {@link SentenceExample#pair}
     * @param corpus where to look
     * @param count how many for each, 1 or more; fewer where there are no others
     * @param most as above
     * @param among how many of the nearest to draw from, {@code count} or more
     * @param seed which ones are drawn
     * @return the examples, each with its negatives, the nearest first
     * @throws IllegalArgumentException if there is no pair, {@code count} is below 1 or {@code among} below {@code count}
     * @throws IllegalStateException as {@link #predict(String)}
     */
    public List<SentenceExample> withHardNegatives(
            List<SentenceExample> pairs, Collection<String> corpus, int count, double most, int among, long seed) {
        Problems problems = new Problems();
        problems.check(!pairs.isEmpty(), "no pairs, expected one or more");
        problems.atLeast("count", count, 1);
        problems.atLeast("among", among, count);
        problems.check(
                pairs.stream().allMatch(pair -> SentenceKind.of(pair) == SentenceKind.PAIRS),
                "not all examples are pairs of texts that belong together, expected only such");
        problems.throwIfAny("SentenceEncoder.withHardNegatives");
        Random random = new Random(seed);
        Embedder embedder = embedder();
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
            Comparator<Integer> nearest = Comparator.comparingDouble(j -> -scores[j]);
            List<Integer> found = IntStream.range(0, scores.length)
                    .boxed()
                    .filter(j -> scores[j] < limit && !own.contains(texts.get(j)))
                    .filter(j -> !texts.get(j).equals(pair.anchor()))
                    .sorted(nearest)
                    .limit(among)
                    .collect(Collectors.toCollection(ArrayList::new));
            if (among > count) {
                Collections.shuffle(found, random);
            }
            mined.add(pair.withNegatives(
                    found.stream().limit(count).sorted(nearest).map(texts::get).toList()));
        }
        return mined;
    }

    @Override
    VectorModel tuned() {
        VectorModel now = current;
        return now.learned() ? now : null;
    }

    @Override
    Map<String, Object> saved(Tuned now) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("task", TASK);
        fields.put("encoder", SavedEncoder.fields(encoder));
        return fields;
    }

    @Override
    String description() {
        return TaskFiles.DESCRIPTION;
    }

    @Override
    TaskModel readBack(Path directory, Map<String, Object> fields, Tuned now) throws IOException {
        return TaskFiles.load(directory, fields, parts, true);
    }

    @Override
    void export(String where, Path directory, Tuned now) throws IOException {
        TextTask.exporter(where)
                .export(
                        new TaskExporter.Task(
                                encoder, now.model().parameters(), TaskExporter.Head.NONE, List.of(), Optional.empty()),
                        directory);
    }

    @Override
    Map<String, String> hashes() {
        return encoder.hashes();
    }

    /**
     * What this adds to its encoder, for a server that computes the encoder for many tasks at once.
     *
     * @return a copy of what was learned
     * @throws IllegalStateException if nothing was learned yet, or all weights were
     */
    public TaskHead<String, float[]> taskHead() {
        return TaskHead.ofVectors(
                "SentenceEncoder.taskHead", encoder, requireTuned("taskHead").model());
    }

    /**
     * The encoder.
     *
     * @return the encoder that this was made with
     */
    public TextEncoder encoder() {
        return encoder;
    }

    @Override
    void closeModel() {
        current.model().close();
    }

    @Override
    void closeEncoder() {
        encoder.close();
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
