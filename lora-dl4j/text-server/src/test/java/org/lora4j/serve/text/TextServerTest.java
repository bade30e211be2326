/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.serve.ServedBy;
import org.lora4j.serve.UnknownAdapterException;
import org.lora4j.text.LabeledWords;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.Prediction;
import org.lora4j.text.ReRanker;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextPair;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TinyEncoder;
import org.lora4j.text.TokenClassifier;
import org.lora4j.tokenizer.Token;
import org.lora4j.trust.TrustPolicy;
import org.lora4j.trust.UnverifiedModelException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Timeout(120)
class TextServerTest {

    /** Names, queues and threads, and no numbers that depend on the instructions of a processor: not repeated with fewer of them. */
    private static final String ANY_PROCESSOR = "any-processor";

    /** Of one computation on two paths in FLOAT, relative to the largest number. */
    private static final double NEAR = 1e-5;

    private static final TextEncoder ENCODER = TinyEncoder.create();
    private static final TextClassifier CLASSIFIER = Served.classifier(ENCODER, 1);
    private static final TextClassifier HEAD = Served.head(ENCODER);
    private static final TextClassifier SEVERAL = Served.severalLabels(ENCODER);
    private static final PairClassifier PAIRS = Served.pairs(ENCODER);
    private static final TokenClassifier TAGGER = Served.tagger(ENCODER);
    private static final TextRegressor REGRESSOR = Served.regressor(ENCODER);
    private static final ReRanker RANKER = Served.reRanker(ENCODER);
    private static final SentenceEncoder VECTORS = Served.vectors(ENCODER);

    @TempDir
    private static Path folder;

    private final TextServer server = TextServer.builder(ENCODER).build();

    @BeforeAll
    static void save() throws IOException {
        CLASSIFIER.save(folder.resolve("classifier"));
        HEAD.save(folder.resolve("head"));
        SEVERAL.save(folder.resolve("several"));
        PAIRS.save(folder.resolve("pairs"));
        TAGGER.save(folder.resolve("tagger"));
        REGRESSOR.save(folder.resolve("regressor"));
        RANKER.save(folder.resolve("ranker"));
        VECTORS.save(folder.resolve("vectors"));
    }

    @AfterAll
    static void closeEncoder() {
        ENCODER.close();
    }

    @AfterEach
    void closeServer() {
        server.close();
    }

    private TextServer loaded(String... names) throws IOException {
        for (String name : names) {
            server.load(name, folder.resolve(name));
        }
        return server;
    }

    private static void assertNear(float[] found, float[] expected) {
        double largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).isCloseTo(expected[i], within(NEAR * largest));
        }
    }

    private static void assertSame(ClassScores found, Prediction expected) {
        assertThat(found.prediction().labels()).isEqualTo(expected.labels());
        for (int i = 0; i < found.labels().size(); i++) {
            assertThat(found.probabilities()[i])
                    .isCloseTo(expected.scores().get(found.labels().get(i)), within(NEAR));
        }
    }

    @Test
    void classifiers_sayWhatTheySayAlone_allInOneBatch() throws IOException {
        loaded("classifier", "head", "several");

        List<CompletableFuture<TextAnswer<ClassScores>>> asked = new ArrayList<>();
        for (String name : List.of("classifier", "head", "several")) {
            asked.add(server.classify(name, Served.inputs(Served.TEXTS)));
        }

        List<TextClassifier> alone = List.of(CLASSIFIER, HEAD, SEVERAL);
        for (int task = 0; task < 3; task++) {
            TextAnswer<ClassScores> answer = asked.get(task).join();
            List<Prediction> expected = alone.get(task).predict(Served.TEXTS);
            for (int i = 0; i < expected.size(); i++) {
                assertSame(answer.results().get(i), expected.get(i));
            }
            assertThat(answer.results().get(0).severalLabels()).isEqualTo(task == 2);
        }
        assertThat(asked.get(0).join().results().get(0).labels()).containsExactly("negative", "positive");
    }

    @Test
    void logits_areThoseOfTheHead_beforeItsSoftmax() throws IOException {
        loaded("classifier");

        ClassScores scores = server.classify("classifier", Served.inputs(List.of(Served.TEXTS.get(0))))
                .join()
                .results()
                .get(0);

        double odds = Math.log(scores.probabilities()[1] / scores.probabilities()[0]);
        assertThat(scores.logits()[1] - scores.logits()[0]).isCloseTo((float) odds, within(1e-5f));
    }

    @Test
    void pairsTagsNumbersAndRelevance_areThoseOfTheTasksAlone() throws IOException {
        loaded("pairs", "tagger", "regressor", "ranker");
        RequestOptions usual = RequestOptions.usual();
        List<TextPair> pairs =
                List.of(new TextPair("a good film", "very bad"), new TextPair("paris", "new york is not paris"));
        List<List<String>> words = List.of(LabeledWords.split("play the film in paris"), LabeledWords.split("york"));

        CompletableFuture<TextAnswer<ClassScores>> classes = server.classify(
                "pairs",
                pairs.stream()
                        .map(pair -> TextInput.of(pair.first(), pair.second()))
                        .toList());
        CompletableFuture<TextAnswer<TaggedWords>> tags = server.tag("tagger", words, usual);
        CompletableFuture<TextAnswer<Double>> numbers = server.regress("regressor", Served.TEXTS, usual);
        CompletableFuture<TextAnswer<PassageScore>> ranks = server.rerank("ranker", "a good film", Served.TEXTS, usual);

        for (int i = 0; i < pairs.size(); i++) {
            assertSame(classes.join().results().get(i), PAIRS.predict(pairs.get(i)));
        }
        List<TaggedWords> tagged = TAGGER.predict(words);
        for (int i = 0; i < words.size(); i++) {
            assertThat(tags.join().results().get(i).tags())
                    .isEqualTo(tagged.get(i).tags());
            for (int word = 0; word < words.get(i).size(); word++) {
                assertThat(tags.join().results().get(i).scores().get(word))
                        .isCloseTo(tagged.get(i).scores().get(word), within(NEAR));
            }
        }
        List<Double> rated = REGRESSOR.predict(Served.TEXTS);
        for (int i = 0; i < rated.size(); i++) {
            assertThat(numbers.join().results().get(i)).isCloseTo(rated.get(i), within(10 * NEAR));
        }
        List<ReRanker.Ranked> ranked = RANKER.rank("a good film", Served.TEXTS);
        for (ReRanker.Ranked one : ranked) {
            PassageScore score = ranks.join().results().get(one.index());
            assertThat(score.index()).isEqualTo(one.index());
            assertThat(score.score()).isCloseTo(one.score(), within(NEAR));
            assertThat(1 / (1 + Math.exp(-score.logit()))).isCloseTo(score.score(), within(1e-9));
        }
    }

    @Test
    void vectors_areThoseOfTheSentenceEncoder_andOfTheBase() throws IOException {
        loaded("vectors");

        List<float[]> own = server.embed("vectors", Served.TEXTS).join().results();
        List<float[]> base = server.embed(TextServer.BASE, Served.TEXTS).join().results();

        float[][] expected = VECTORS.predict(Served.TEXTS);
        float[][] frozen = ENCODER.embed(Served.TEXTS);
        for (int i = 0; i < Served.TEXTS.size(); i++) {
            assertNear(own.get(i), expected[i]);
            assertNear(base.get(i), frozen[i]);
        }
    }

    @Test
    void vectors_canBeCutAndDividedByTheirLength_andOfAllTokens() {
        RequestOptions usual = RequestOptions.usual();
        List<String> text = List.of("a good film");
        float[] whole = server.embed(TextServer.BASE, text).join().results().get(0);

        float[] cut = server.embed(TextServer.BASE, text, VectorOptions.usual().truncated(4), usual)
                .join()
                .results()
                .get(0);
        TextAnswer<float[][]> tokens = server.embedTokens(TextServer.BASE, text, VectorOptions.usual(), usual)
                .join();

        double length = 0;
        for (int i = 0; i < 4; i++) {
            length += whole[i] * whole[i];
        }
        // The pooling of this encoder divides by the length, so a part is divided by its own.
        for (int i = 0; i < 4; i++) {
            assertThat(cut[i]).isCloseTo((float) (whole[i] / Math.sqrt(length)), within(1e-6f));
        }
        assertThat(cut).hasSize(4);
        assertThat(tokens.results().get(0)).hasDimensions(tokens.tokens(), 16);
        // The vector of the text is the mean of those of its tokens, divided by its length.
        float[] mean = new float[16];
        for (float[] token : tokens.results().get(0)) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += token[i];
            }
        }
        double norm = Math.sqrt(IntStream.range(0, mean.length)
                .mapToDouble(i -> mean[i] * mean[i])
                .sum());
        for (int i = 0; i < mean.length; i++) {
            mean[i] /= (float) norm;
        }
        assertNear(whole, mean);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.embed(
                        TextServer.BASE, text, VectorOptions.usual().truncated(17), usual))
                .withMessageContaining("dimensions = 17, expected 1 to 16");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.embed(
                        TextServer.BASE, text, VectorOptions.usual().withPrompt("query"), usual))
                .withMessageContaining("no prompt is called \"query\"");
    }

    @Test
    void similarity_isThatOfTheEncoder() throws IOException {
        loaded("vectors");

        List<Double> near = server.similarity(
                        "vectors",
                        "a good film",
                        List.of("a bad film", "paris"),
                        VectorOptions.usual(),
                        RequestOptions.usual())
                .join()
                .results();

        assertThat(near.get(0)).isCloseTo(VECTORS.similarity("a good film", "a bad film"), within(NEAR));
        assertThat(near.get(1)).isCloseTo(VECTORS.similarity("a good film", "paris"), within(NEAR));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ENCODER.similarity().of(new float[2], new float[3]))
                .withMessageContaining("vectors of 2 and of 3 numbers");
    }

    @Test
    void answer_doesNotDependOnWhatIsComputedWithIt() throws IOException {
        loaded("classifier", "vectors", "tagger");
        List<TextInput> one = Served.inputs(List.of(Served.TEXTS.get(3)));
        float[] alone =
                server.classify("classifier", one).join().results().get(0).logits();

        List<CompletableFuture<?>> others = new ArrayList<>();
        List<CompletableFuture<TextAnswer<ClassScores>>> same = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            others.add(server.embed("vectors", Served.TEXTS));
            same.add(server.classify("classifier", one));
            others.add(server.tag("tagger", List.of(List.of("play", "paris")), RequestOptions.usual()));
        }

        others.forEach(CompletableFuture::join);
        same.forEach(answer -> assertNear(answer.join().results().get(0).logits(), alone));
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void answer_saysWhoMadeIt_andWhatItCost() throws IOException {
        loaded("classifier");
        server.replace("classifier", folder.resolve("head"));

        TextAnswer<ClassScores> answer =
                server.classify("classifier", Served.inputs(Served.TEXTS)).join();

        assertThat(answer.by().adapter()).isEqualTo("classifier");
        assertThat(answer.by().generation()).isEqualTo(2);
        assertThat(answer.by()).isEqualTo(server.task("classifier").by());
        assertThat(answer.alias()).isEmpty();
        assertThat(answer.tokens())
                .isEqualTo(Served.TEXTS.stream()
                        .mapToInt(text -> ENCODER.tokens(text).length())
                        .sum());
        assertThat(answer.cut()).as("texts beyond 16 tokens").isEqualTo(1);
        assertThat(server.embed(TextServer.BASE, List.of("paris")).join().by()).isEqualTo(ServedBy.NONE);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void contentHash_isThatOfTheReceipt() throws IOException {
        loaded("classifier", "head");

        for (String name : List.of("classifier", "head")) {
            TextClassifier task = name.equals("head") ? HEAD : CLASSIFIER;
            assertThat(server.task(name).by().contentHash())
                    .isEqualTo(task.receipt().orElseThrow().hash("trained").orElseThrow());
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void tasks_areDescribed() throws IOException {
        loaded("classifier", "several", "ranker");

        assertThat(server.tasks()).extracting(LoadedTask::name).containsExactly("classifier", "ranker", "several");
        LoadedTask classifier = server.task("classifier");
        assertThat(classifier.kind()).isEqualTo(TaskKind.CLASSES);
        assertThat(classifier.labels()).containsExactly("negative", "positive");
        assertThat(classifier.severalLabels()).isFalse();
        assertThat(classifier.directory()).contains(folder.resolve("classifier"));
        assertThat(classifier.bytes()).isPositive();
        assertThat(classifier.differences()).isEmpty();
        assertThat(server.task("several").severalLabels()).isTrue();
        assertThat(server.task("ranker").severalLabels()).isFalse();
        assertThat(server.task(TextServer.BASE).kind()).isEqualTo(TaskKind.VECTORS);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void taskOfTheProgram_isServedAsItIs_andOneOfAnotherEncoderIsRefused() {
        LoadedTask task = server.register("own", CLASSIFIER);
        server.replace("own", HEAD);
        server.register("search", VECTORS);

        assertThat(task.directory()).isEmpty();
        assertSame(
                server.classify("own", Served.inputs(List.of("paris")))
                        .join()
                        .results()
                        .get(0),
                HEAD.predict("paris"));
        try (TextEncoder other = TinyEncoder.create()) {
            TextClassifier foreign = Served.head(other);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> server.register("foreign", foreign))
                    .withMessageContaining("weights of its own");
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> server.register(
                        "nothing", TextClassifier.builder(ENCODER).build()))
                .withMessageContaining("nothing was learned yet");
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void taskThatTrainedAllWeights_isRefused() {
        TextClassifier full = TextClassifier.builder(ENCODER)
                .fullFineTuning()
                .epochs(1)
                .quiet()
                .build()
                .fit(TinyEncoder.reviews(8, 1), TinyEncoder.reviews(4, 2));

        assertThatIllegalStateException()
                .isThrownBy(() -> server.register("full", full))
                .withMessageContaining("all weights of the encoder were trained");
        assertThat(server.tasks()).isEmpty();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void unknownName_isAnErrorWithNearNames_andNeverTheBase() throws IOException {
        loaded("classifier");

        for (String name : List.of("clasifier", "", " ", "../classifier", "a\u0000b\n", "x".repeat(100_000))) {
            assertThatThrownBy(() -> server.classify(name, Served.inputs(List.of("paris"))))
                    .isInstanceOf(UnknownAdapterException.class)
                    .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(5_000))
                    .satisfies(e ->
                            assertThat(e.getMessage()).doesNotContain("\u0000").doesNotContain("\n"));
        }
        assertThatThrownBy(() -> server.embed("clasifier", List.of("paris")))
                .isInstanceOfSatisfying(
                        UnknownAdapterException.class, e -> assertThat(e.near()).containsExactly("classifier"));
        assertThatThrownBy(() -> server.unload("clasifier")).isInstanceOf(UnknownAdapterException.class);
        assertThatThrownBy(() -> server.replace("clasifier", folder.resolve("head")))
                .isInstanceOf(UnknownAdapterException.class);
        assertThat(server.metrics().byAdapter()).containsOnlyKeys("classifier", TextServer.BASE);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void hostileNames_areNotLoaded() {
        for (String name :
                List.of("", " ", ".", "..", "a/b", "a\\b", "a\nb", "\u0000", "x".repeat(201), TextServer.BASE)) {
            assertThatIllegalArgumentException().isThrownBy(() -> server.load(name, folder.resolve("head")));
        }
        assertThat(server.tasks()).isEmpty();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void takenName_andWhatCannotBeRead_leaveTheServerAsItWas() throws IOException {
        loaded("classifier");
        LoadedTask before = server.task("classifier");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.load("classifier", folder.resolve("head")))
                .withMessageContaining("is registered already");
        assertThatThrownBy(() -> server.load("none", folder.resolve("none"))).isInstanceOf(IOException.class);
        Path strange = Files.createDirectories(folder.resolve("strange"));
        Files.copy(folder.resolve("head/lora4j_text.safetensors"), strange.resolve("lora4j_text.safetensors"));
        Files.writeString(
                strange.resolve("lora4j_text.json"),
                Files.readString(folder.resolve("head/lora4j_text.json"))
                        .replace("text-classification", "fortune-telling"));
        assertThatThrownBy(() -> server.replace("classifier", strange))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("fortune-telling");

        assertThat(server.task("classifier")).isEqualTo(before);
        assertThat(server.tasks()).hasSize(1);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void directoryWithoutReceipt_isRefusedByAStrictServer() throws IOException {
        Path bare = Files.createDirectories(folder.resolve("bare"));
        for (String file : List.of("lora4j_text.json", "lora4j_text.safetensors")) {
            Files.copy(folder.resolve("head").resolve(file), bare.resolve(file));
        }
        try (TextServer strict =
                TextServer.builder(ENCODER).trust(TrustPolicy.usual().strict()).build()) {
            strict.load("head", folder.resolve("head"));
            strict.load("classifier", folder.resolve("classifier"));
            assertThatThrownBy(() -> strict.load("bare", bare)).isInstanceOf(UnverifiedModelException.class);
        }
        server.load("bare", bare);
    }

    @Test
    void peftDirectoryOfVectors_isServed() throws IOException {
        Path directory = folder.resolve("peft");
        VECTORS.adapter().save(directory);

        server.load("peft", directory);

        assertNear(server.embed("peft", List.of("paris")).join().results().get(0), VECTORS.predict("paris"));
    }

    /** An adapter of Python's {@code BertModel} with {@code target_modules=["query", "pooler.dense"]}, beside one without. */
    @Test
    void peftDirectoryWithFactorsOfThePooler_isServed_overAMeanOfTokens() throws IOException {
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(TinyEncoder.weights(DataType.FLOAT).tensors());
        tensors.put("pooler.dense.weight", Nd4j.eye(16).castTo(DataType.FLOAT));
        tensors.put("pooler.dense.bias", Nd4j.zeros(DataType.FLOAT, 16));
        EncoderWeights weights = EncoderWeights.of(ENCODER.weights().config(), tensors);
        Map<String, Map<String, INDArray>> modules =
                new LinkedHashMap<>(VECTORS.adapter().modules());
        int rank = (int) modules.values().iterator().next().get("lora_A.weight").size(0);
        modules.put(
                "pooler.dense",
                Map.of(
                        "lora_A.weight", Nd4j.ones(DataType.FLOAT, rank, 16),
                        "lora_B.weight", Nd4j.ones(DataType.FLOAT, 16, rank)));
        AdapterConfig config = VECTORS.adapter().config().toBuilder()
                .targetModules(modules.keySet().toArray(String[]::new))
                .build();
        Adapter.of(config, modules, Map.of()).save(folder.resolve("pooler"));
        VECTORS.adapter().save(folder.resolve("plain"));

        try (TextEncoder encoder = TextEncoder.of(weights, TinyEncoder.tokenizer(), Pooling.NORMALIZED_MEAN);
                TextServer poolers = TextServer.builder(encoder).build()) {
            poolers.load("pooler", folder.resolve("pooler"));
            poolers.load("plain", folder.resolve("plain"));

            for (String name : List.of("pooler", "plain")) {
                assertNear(
                        poolers.embed(name, List.of("paris")).join().results().get(0), VECTORS.predict("paris"));
            }
        }
        assertThatThrownBy(() -> server.load("pooler", folder.resolve("pooler")))
                .hasMessageContaining(
                        "module \"pooler.dense\" of the adapter is not in the graph: the encoder has none: its"
                                + " checkpoint has no tensor \"pooler.dense.weight\"");
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void adapterOfAnotherKind_isRefused_andSaysWhatItIsFor() throws IOException {
        loaded("tagger", "classifier");

        assertThatThrownBy(() -> server.classify("tagger", Served.inputs(List.of("paris"))))
                .isInstanceOfSatisfying(
                        WrongTaskException.class, e -> assertThat(e.found()).isEqualTo(TaskKind.TAGS))
                .hasMessageContaining("It answers to tag");
        assertThatThrownBy(() -> server.classify("classifier", List.of(TextInput.of("a", "b"))))
                .isInstanceOf(WrongTaskException.class);
        assertThatThrownBy(() -> server.classify(TextServer.BASE, Served.inputs(List.of("paris"))))
                .isInstanceOf(WrongTaskException.class);
        assertThat(server.task("tagger").active()).as("nothing is left behind").isZero();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void emptyInputs_areNamed() throws IOException {
        loaded("classifier");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.classify("classifier", Served.inputs(List.of("paris", " ", "york", ""))))
                .withMessageContaining("input 1, 3 have an empty text");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.classify("classifier", List.of()))
                .withMessageContaining("no input");
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void requestsBeyondTheLimits_areRefusedBeforeTheyWait() {
        TextLimits limits = TextLimits.usual().request(3, 50, 30);
        RequestOptions whole = RequestOptions.usual().truncating(false);
        try (TextServer small = TextServer.builder(ENCODER).limits(limits).build()) {
            assertLimit(
                    TextLimitException.Limit.TEXTS, () -> small.embed(TextServer.BASE, Collections.nCopies(4, "a")));
            assertLimit(
                    TextLimitException.Limit.CHARACTERS, () -> small.embed(TextServer.BASE, List.of("a".repeat(51))));
            assertLimit(
                    TextLimitException.Limit.TOKENS,
                    () -> small.embed(TextServer.BASE, Collections.nCopies(3, "a a a a a a a a a a a a a")));
            assertLimit(
                    TextLimitException.Limit.LENGTH,
                    () -> small.embed(
                            TextServer.BASE, List.of("a a a a a a a a a a a a a a a a"), VectorOptions.usual(), whole));
            assertLimit(TextLimitException.Limit.CHARACTERS, () -> small.tokenize("a".repeat(51), true));
            assertLimit(TextLimitException.Limit.TOKENS, () -> small.tokenize("!".repeat(31), false));
            assertLimit(TextLimitException.Limit.TOKENS, () -> small.decode(new int[31], true));
            assertThat(small.metrics().accepted()).isZero();
            assertThat(small.metrics().open()).isZero();
            assertThat(small.embed(TextServer.BASE, List.of("a", "a", "a"))
                            .join()
                            .results())
                    .hasSize(3);
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void error_ofATokenizer_leavesNothingBehind() {
        TextTokenizer hostile = new TextTokenizer() {
            @Override
            public int[] encode(String text) {
                throw new StackOverflowError("deep");
            }

            @Override
            public int maxLength() {
                return 8;
            }
        };
        try (TextEncoder encoder = TextEncoder.of(TinyEncoder.weights(DataType.FLOAT), hostile, Pooling.MEAN);
                TextServer ofHostile = TextServer.builder(encoder).build()) {
            assertThatThrownBy(() -> ofHostile.embed(TextServer.BASE, List.of("a")))
                    .isInstanceOf(StackOverflowError.class);
            assertThat(ofHostile.metrics().open()).isZero();
        }
    }

    private static void assertLimit(TextLimitException.Limit limit, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TextLimitException.class, e -> assertThat(e.limit()).isEqualTo(limit));
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void moreThanMayWait_isRefused_andMayComeAgain() throws Exception {
        try (TextServer small = TextServer.builder(ENCODER)
                .workers(1)
                .limits(TextLimits.usual().waiting(400))
                .build()) {
            CountDownLatch release = HeldWorker.of(small);
            CompletableFuture<TextAnswer<float[]>> waits =
                    small.embed(TextServer.BASE, Collections.nCopies(300, "paris"));

            assertThatThrownBy(() -> small.embed(TextServer.BASE, Collections.nCopies(101, "paris")))
                    .isInstanceOfSatisfying(
                            ServerBusyException.class,
                            e -> assertThat(e.retryAfter()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(60)))
                    .hasMessageContaining("300 texts wait");

            assertThat(small.metrics().rejected()).isEqualTo(1);
            assertThat(small.metrics().waiting()).isEqualTo(300);
            release.countDown();
            assertThat(waits.join().results()).hasSize(300);
            assertThat(small.embed(TextServer.BASE, Collections.nCopies(101, "paris"))
                            .join()
                            .results())
                    .hasSize(101);
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void requestWhoseTimeIsOver_failsAlone_andLeavesTheQueue() throws Exception {
        try (TextServer small = TextServer.builder(ENCODER).workers(1).build()) {
            CountDownLatch release = HeldWorker.of(small);
            CompletableFuture<TextAnswer<float[]>> late = small.embed(
                    TextServer.BASE,
                    List.of("paris"),
                    VectorOptions.usual(),
                    RequestOptions.usual().within(Duration.ofMillis(50)));
            CompletableFuture<TextAnswer<float[]>> other = small.embed(TextServer.BASE, List.of("york"));

            assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(TimeoutException.class)
                    .hasMessageContaining("took longer than PT0.05S");

            assertThat(small.metrics().waiting()).isEqualTo(1);
            release.countDown();
            assertThat(other.join().results()).hasSize(1);
            assertThat(small.metrics().timedOut()).isEqualTo(1);
            Served.requireNothingOpen(small);
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void cancelledRequest_leavesTheQueue() throws Exception {
        try (TextServer small = TextServer.builder(ENCODER).workers(1).build()) {
            CountDownLatch release = HeldWorker.of(small);
            CompletableFuture<TextAnswer<float[]>> gone = small.embed(TextServer.BASE, Collections.nCopies(7, "paris"));

            gone.cancel(true);

            assertThat(small.metrics().waiting()).isZero();
            assertThat(small.metrics().cancelled()).isEqualTo(1);
            release.countDown();
            assertThat(small.task(TextServer.BASE).active()).isZero();
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void acceptedRequests_keepWhatTheyBeganWith_whenItIsExchangedOrUnloaded() throws Exception {
        try (TextServer small = TextServer.builder(ENCODER).workers(1).build()) {
            small.load("a", folder.resolve("classifier"));
            ServedBy first = small.task("a").by();
            CountDownLatch release = HeldWorker.of(small);
            CompletableFuture<TextAnswer<ClassScores>> old = small.classify("a", Served.inputs(Served.TEXTS));
            small.replace("a", folder.resolve("regressor"));
            CompletableFuture<TextAnswer<Double>> next = small.regress("a", Served.TEXTS, RequestOptions.usual());
            ServedBy second = small.task("a").by();
            assertThat(small.task("a").active()).isEqualTo(1);
            small.unload("a");
            assertThatThrownBy(() -> small.classify("a", Served.inputs(Served.TEXTS)))
                    .isInstanceOf(UnknownAdapterException.class);
            release.countDown();

            assertThat(old.join().by()).isEqualTo(first);
            assertSame(old.join().results().get(0), CLASSIFIER.predict(Served.TEXTS.get(0)));
            assertThat(next.join().by()).isEqualTo(second);
            assertThat(next.join().results().get(0)).isCloseTo(REGRESSOR.predict(Served.TEXTS.get(0)), within(1e-4));
            assertThat(small.tasks()).isEmpty();
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void drain_answersWhatWasAccepted_andTakesNoMore() throws Exception {
        TextServer small = TextServer.builder(ENCODER).workers(1).build();
        CountDownLatch release = HeldWorker.of(small);
        CompletableFuture<TextAnswer<float[]>> accepted = small.embed(TextServer.BASE, Served.TEXTS);

        assertThat(small.drain(Duration.ofMillis(20))).isFalse();
        assertThat(small.accepts()).isFalse();
        assertThatThrownBy(() -> small.embed(TextServer.BASE, List.of("paris")))
                .isInstanceOf(ServerClosedException.class);
        assertThatThrownBy(() -> small.load("head", folder.resolve("head"))).isInstanceOf(ServerClosedException.class);
        release.countDown();

        assertThat(small.drain(Duration.ofSeconds(30))).isTrue();
        assertThat(accepted).isCompleted();
        small.close();
        small.close();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void close_answersWhatWasAccepted() throws Exception {
        TextServer small = TextServer.builder(ENCODER).workers(2).build();
        List<CompletableFuture<TextAnswer<float[]>>> accepted = IntStream.range(0, 50)
                .mapToObj(i -> small.embed(TextServer.BASE, Served.TEXTS))
                .toList();

        small.close();

        assertThat(accepted).allSatisfy(answer -> assertThat(answer).isCompleted());
        assertThatThrownBy(() -> small.embed(TextServer.BASE, List.of("paris")))
                .isInstanceOf(ServerClosedException.class);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void close_inWhatDependsOnAnAnswer_doesNotWaitForItself() throws Exception {
        TextServer small = TextServer.builder(ENCODER).workers(1).build();
        CompletableFuture<Void> closed =
                small.embed(TextServer.BASE, Served.TEXTS).thenRun(small::close);

        closed.get(30, TimeUnit.SECONDS);

        assertThat(small.accepts()).isFalse();
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void textThatBreaksItsHead_failsAlone() throws Exception {
        // The head of its copy has numbers of which some sums are beyond FLOAT, others not.
        TextClassifier broken = Served.head(ENCODER);
        broken.graph().getVariable("classifier.weight").getArr().muli(0).addi(Float.MAX_VALUE);
        server.register("broken", broken);
        loaded("classifier");
        float[][] vectors = ENCODER.embed(Served.TEXTS);

        List<CompletableFuture<TextAnswer<ClassScores>>> asked = Served.TEXTS.stream()
                .map(text -> server.classify("broken", Served.inputs(List.of(text))))
                .toList();
        CompletableFuture<TextAnswer<ClassScores>> whole = server.classify("classifier", Served.inputs(Served.TEXTS));

        assertThat(whole.join().results()).hasSize(Served.TEXTS.size());
        int failed = 0;
        for (int i = 0; i < asked.size(); i++) {
            boolean breaks = overflows(vectors[i]);
            failed += breaks ? 1 : 0;
            Throwable why = asked.get(i).handle((answer, failure) -> failure).join();
            if (breaks) {
                assertThat(why)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("the answer of adapter \"broken\" holds");
            } else {
                assertThat(why).isNull();
            }
        }
        assertThat(server.metrics().failed()).isEqualTo(failed);
        assertThat(server.metrics().byAdapter().get("broken").failed()).isEqualTo(failed);
    }

    /** Whether the sum of its numbers times the largest number of FLOAT leaves the range on the way. */
    private static boolean overflows(float[] vector) {
        float sum = 0;
        for (float value : vector) {
            sum += value * Float.MAX_VALUE;
        }
        return !Float.isFinite(sum);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void metrics_countWhatWasDone() throws Exception {
        loaded("classifier");
        server.classify("classifier", Served.inputs(Served.TEXTS)).join();
        server.embed(TextServer.BASE, List.of("paris")).join();

        TextServerMetrics metrics = server.metrics();

        assertThat(metrics.accepted()).isEqualTo(2);
        assertThat(metrics.answered()).isEqualTo(2);
        assertThat(metrics.texts()).isEqualTo(Served.TEXTS.size() + 1);
        assertThat(metrics.batches()).isBetween(2L, 7L);
        assertThat(metrics.paddedTokens()).isGreaterThanOrEqualTo(metrics.tokens());
        assertThat(metrics.waiting()).isZero();
        Served.requireNothingOpen(server);
        assertThat(metrics.latency().count()).isEqualTo(2);
        AdapterCounts counts = metrics.byAdapter().get("classifier");
        assertThat(counts.requests()).isEqualTo(1);
        assertThat(counts.texts()).isEqualTo(Served.TEXTS.size());
        assertThat(counts.latency().count()).isEqualTo(1);
        server.unload("classifier");
        assertThat(server.metrics().byAdapter()).containsOnlyKeys(TextServer.BASE);
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void tokens_haveTheirPlaces_andBecomeTextAgain() {
        List<Token> tokens = server.tokenize("Playing 🎬 in Paris", true);

        assertThat(tokens)
                .extracting(Token::text)
                .containsExactly("[CLS]", "play", "##ing", "[UNK]", "in", "paris", "[SEP]");
        assertThat(tokens.get(0)).isEqualTo(new Token(2, "[CLS]", -1, -1, 0, true));
        assertThat(tokens.get(3).start()).isEqualTo(8);
        assertThat(tokens.get(3).end()).as("of Java characters").isEqualTo(10);
        assertThat(tokens.get(5).start()).isEqualTo(14);
        assertThat(server.tokenize("paris", false)).extracting(Token::text).containsExactly("paris");
        int[] ids = tokens.stream().mapToInt(Token::id).toArray();
        assertThat(server.decode(ids, true)).contains("play").doesNotContain("[CLS]");
        assertThat(server.decode(ids, false)).contains("[CLS]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.decode(new int[] {1, 100, -1}, true))
                .withMessageContaining("ids -1, 100 are not in the vocabulary");
    }

    @Test
    void pairsOfSeveralQueries_areScoredByOneGeneration_whateverIsExchangedMeanwhile() throws Exception {
        List<TextInput> pairs = List.of(
                TextInput.of("a good film", "the film is bad"),
                TextInput.of("my card", "is lost"),
                TextInput.of("a good film", "very good"));
        try (TextServer one = TextServer.builder(ENCODER).workers(1).build()) {
            one.load("ranker", folder.resolve("ranker"));
            CountDownLatch release = HeldWorker.of(one);
            CompletableFuture<TextAnswer<PassageScore>> asked = one.rerank("ranker", pairs, RequestOptions.usual());
            one.replace("ranker", folder.resolve("classifier"));
            release.countDown();

            TextAnswer<PassageScore> answer = asked.join();

            assertThat(answer.by().generation()).isEqualTo(1);
            for (int i = 0; i < pairs.size(); i++) {
                TextPair pair =
                        new TextPair(pairs.get(i).first(), pairs.get(i).second().orElseThrow());
                assertThat(answer.results().get(i).index()).isEqualTo(i);
                assertThat(answer.results().get(i).score()).isCloseTo(RANKER.predict(pair), within(NEAR));
            }
        }
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void longText_costsNoMoreThanTheTokensThatMayBe() {
        String text = "film ".repeat(200_000);
        TextServer small = TextServer.builder(ENCODER)
                .limits(TextLimits.usual().request(2, 1 << 20, 30))
                .build();
        try (small) {
            assertLimit(TextLimitException.Limit.TOKENS, () -> small.tokenize(text, true));
            assertThat(small.tokenize("film ".repeat(28), true)).hasSize(30);
            assertLimit(TextLimitException.Limit.TOKENS, () -> small.tokenize("film ".repeat(29), true));
        }
    }

    @Test
    void watchedInputs_areComparedWithTrainingTexts_byTheSameAdapter() throws IOException {
        loaded("classifier", "head");
        server.routes().alias("live", "classifier");
        server.watch("live", Served.TEXTS, 3);
        server.classify("live", Served.inputs(Served.TEXTS)).join();

        DriftWindow window = server.drift("live").orElseThrow();

        assertThat(window.by()).isEqualTo(server.task("classifier").by());
        assertThat(window.reference()).hasDimensions(Served.TEXTS.size(), 16);
        assertThat(window.served()).hasDimensions(3, 16);
        server.routes().alias("live", "head");
        server.classify("live", Served.inputs(List.of("paris"))).join();
        DriftWindow after = server.drift("live").orElseThrow();
        assertThat(after.by().adapter()).isEqualTo("head");
        assertThat(after.served())
                .as("vectors of another adapter are not comparable")
                .hasDimensions(1, 16);
        assertNear(after.served()[0], ENCODER.embed("paris"));
        assertThat(server.drift("classifier")).isEqualTo(Optional.empty());
    }

    @Tag(ANY_PROCESSOR)
    @Test
    void failuresOfJoin_areThoseOfTheRequest() {
        CompletableFuture<TextAnswer<float[]>> answer = server.embed(
                TextServer.BASE,
                Collections.nCopies(512, "a good film"),
                VectorOptions.usual(),
                RequestOptions.usual().within(Duration.ofNanos(1)));

        assertThatThrownBy(answer::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(TimeoutException.class);
    }
}
