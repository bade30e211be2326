/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.earlier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.Scaling;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.multitask.MultiTaskAdapter;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.Task;
import org.lora4j.multitask.TaskLabels;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.Prediction;
import org.lora4j.text.ReRanker;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TokenClassifier;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Warmup;
import org.lora4j.tribuo.LoraModel;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.tribuo.Model;
import org.tribuo.classification.Label;
import org.tribuo.impl.ArrayExample;

/** Each line of {@code numbers.txt} is what a file gave when it was written; its README says by which commit. */
class EarlierFilesTest {

    private static final Path FILES = Path.of("src", "test", "resources", "earlier");

    /** Another processor may add up in another order: of a number, or of 1 if that is more. */
    private static final double ROUNDING = 2e-5;

    /** Adam divides by roots of gradients, so that rounding of small ones shows after some steps. */
    private static final double AFTER_STEPS = 1e-3;

    private static final String GOOD = "a very good film";
    private static final String BAD = "the film is not good";

    private static Map<String, List<String>> expected;
    private static TextEncoder encoder;

    @TempDir
    private Path folder;

    @BeforeAll
    static void readEncoder() throws IOException {
        encoder = TextEncoder.load(FILES.resolve("text/encoder"));
    }

    @AfterAll
    static void closeEncoder() {
        encoder.close();
    }

    @BeforeAll
    static void readNumbers() throws IOException {
        expected = new LinkedHashMap<>();
        for (String line : Files.readAllLines(FILES.resolve("numbers.txt"))) {
            String[] words = line.split(" ");
            expected.computeIfAbsent(words[0], name -> new ArrayList<>())
                    .addAll(Arrays.asList(words).subList(1, words.length));
        }
    }

    static Set<String> names() {
        return expected.keySet();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void file_opens_andGivesWhatItGave(String name) throws Exception {
        String kind = name.substring(0, name.indexOf('/'));
        String which = name.substring(name.indexOf('/') + 1);
        for (Object given : switch (kind) {
            case "graph" -> List.of(graph(which));
            case "checkpoints" -> List.of(which.equals("graph") ? resumedGraph() : resumedLanguageModel());
            case "network" -> network(which);
            case "text" -> List.of(text(which));
            case "language" -> language(which);
            case "multitask" -> List.of(multitask(which));
            case "continual" -> List.of(continual(which));
            case "tribuo" -> tribuo(which);
            default -> throw new IllegalArgumentException("no test reads " + name);
        }) {
            if (given instanceof double[] numbers) {
                double[] then = expected.get(name).stream()
                        .mapToDouble(Double::parseDouble)
                        .toArray();
                double largest = Arrays.stream(then).map(Math::abs).max().orElseThrow();
                double rounding = kind.equals("checkpoints") || which.equals("trained-on") ? AFTER_STEPS : ROUNDING;
                assertThat(numbers).containsExactly(then, within(rounding * Math.max(1, largest)));
            } else {
                assertThat(given).isEqualTo(expected.get(name));
            }
        }
    }

    /** A folder that nothing reads would be a file whose reader was forgotten. */
    @Test
    void everyFileIsRead() throws IOException {
        for (String kind : List.of("graph", "network", "text", "tribuo")) {
            try (Stream<Path> files = Files.list(FILES.resolve(kind))) {
                assertThat(files.map(file -> file.getFileName().toString().replaceFirst("\\.\\w+$", "")))
                        .as(kind)
                        .allMatch(name -> names().contains(kind + "/" + name)
                                || Set.of("base", "merged", "serializer").contains(name));
            }
        }
    }

    private static INDArray waves(int from, long... shape) {
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, Math.sin(0.7 * (i + from) + 0.3));
        }
        return array;
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private static double[] values(float[] numbers) {
        double[] wide = new double[numbers.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = numbers[i];
        }
        return wide;
    }

    private static SameDiff base() {
        return SameDiff.load(FILES.resolve("graph/base.fb").toFile(), false);
    }

    private static INDArray ids() {
        return Nd4j.createFromArray(new int[][] {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 1, 4}});
    }

    private static double[] logits(AdaptedSameDiff model) {
        return values(model.output(Map.of("ids", ids()), "logits").get("logits"));
    }

    private static double[] graph(String method) throws IOException {
        return logits(Lora.load(base(), FILES.resolve("graph").resolve(method)));
    }

    @Test
    void mergedGraph_opens_andGivesWhatTheAdapterGave() {
        SameDiff merged = SameDiff.load(FILES.resolve("graph/merged.fb").toFile(), false);

        double[] then = expected("graph/lora");
        assertThat(values(merged.output(Map.of("ids", ids()), "logits").get("logits")))
                .containsExactly(then, within(ROUNDING * 2));
    }

    private static double[] expected(String name) {
        return expected.get(name).stream().mapToDouble(Double::parseDouble).toArray();
    }

    private static Checkpoints copy(String run, Path to) throws IOException {
        Path from = FILES.resolve("checkpoints").resolve(run);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return Checkpoints.in(to);
    }

    private double[] resumedGraph() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(4)
                .targetModules("fc1", "fc2")
                .scalingRule(Scaling.RANK_STABILIZED)
                .bias(BiasTraining.ALL)
                .modulesToSave("head")
                .build();
        AdaptedSameDiff model = Lora.inject(base(), config, 5);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(3)
                .optimizer(AdamW.of(0.05))
                .schedule(LearningRateSchedule.linear(Warmup.steps(1)))
                .seed(3)
                .build();
        INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {1, 0}, {0, 1}});
        Batch batch = Batch.of(Map.of("ids", ids(), "labels", labels), 4);

        TrainingResult result = Trainer.builder(model)
                .plan(plan)
                .checkpoints(copy("graph", folder))
                .build()
                .resume(Batches.inOrder(List.of(batch, batch)));

        assertThat(result.steps()).isEqualTo(6);
        return logits(model);
    }

    private static List<double[]> network(String which) throws IOException {
        Path network = FILES.resolve("network");
        INDArray input = waves(7, 2, 4);
        if (which.equals("trained-on")) {
            MultiLayerNetwork trained = NetworkFile.readMultiLayerNetwork(network.resolve("serializer.zip"));
            MultiLayerNetwork whole =
                    Lora.loadMultiLayerNetwork(network.resolve("lora.zip")).network();
            List<double[]> outputs = new ArrayList<>();
            for (MultiLayerNetwork one : List.of(trained, whole)) {
                one.fit(new DataSet(waves(1, 3, 4), Nd4j.eye(3).castTo(DataType.FLOAT)));
                outputs.add(values(one.output(input)));
            }
            return outputs;
        }
        MultiLayerNetwork base = NetworkFile.readMultiLayerNetwork(network.resolve("base.zip"));
        return List.of(
                values(Lora.loadMultiLayerNetwork(network.resolve(which + ".zip"))
                        .network()
                        .output(input)),
                values(Lora.load(base, network.resolve(which)).network().output(input)));
    }

    private static double[] scores(Prediction prediction) {
        return prediction.scores().values().stream().mapToDouble(score -> score).toArray();
    }

    private static Object text(String which) throws IOException {
        Path saved = FILES.resolve("text").resolve(which);
        return switch (which.replaceFirst("-.*", "")) {
            case "encoder" -> values(encoder.embed(GOOD));
            case "classifier" -> scores(TextClassifier.load(saved, encoder).predict(BAD));
            case "labels" -> scores(TextClassifier.load(saved, encoder).predict(GOOD));
            case "pairs" -> scores(PairClassifier.load(saved, encoder).predict(GOOD, BAD));
            case "tags" ->
                TokenClassifier.load(saved, encoder)
                        .predict("bad film a my new good card")
                        .tags();
            case "numbers" -> {
                TextRegressor regressor = TextRegressor.load(saved, encoder);
                yield new double[] {regressor.predict(GOOD), regressor.predict(BAD)};
            }
            case "ranker" ->
                ReRanker.load(saved, encoder).rank("where", List.of(GOOD, BAD)).stream()
                        .mapToDouble(ReRanker.Ranked::score)
                        .toArray();
            case "vectors" -> values(SentenceEncoder.load(saved, encoder).predict(GOOD));
            default -> throw new IllegalArgumentException("no test reads " + which);
        };
    }

    private static CausalLm causalLm(String directory) throws IOException {
        return CausalLm.load(FILES.resolve("language").resolve(directory));
    }

    private static double[] logProbabilities(CausalLm model) {
        return model.logProbabilities(model.tokenizer().encode("Once upon a time"));
    }

    private static List<Object> language(String which) throws IOException {
        List<Object> given = new ArrayList<>();
        try (CausalLm model = causalLm("model")) {
            if (which.equals("model")) {
                return List.of(logProbabilities(model));
            }
            model.model().addAdapter("default", Adapter.load(FILES.resolve("language/adapter")));
            model.model().activate("default");
            given.add(answer(which, model));
        }
        try (CausalLm merged = causalLm("merged")) {
            given.add(answer(which, merged));
        }
        return given;
    }

    /** Texts of the earlier version had lost the blank that they begin with. */
    private static Object answer(String which, CausalLm model) {
        return which.equals("text")
                ? List.of(model.generate("Once upon", GenerationConfig.greedy(8))
                        .text()
                        .strip()
                        .split(" "))
                : logProbabilities(model);
    }

    private double[] resumedLanguageModel() throws IOException {
        List<LmExample> texts = List.of(
                LmExample.text("Once upon a time there was a cat."),
                LmExample.text("The dog and the cat played in the park."),
                LmExample.text("Tim had a big red ball."));
        try (CausalLm model = causalLm("model")) {
            CausalLmTrainer.builder(model)
                    .adapter(LoraConfig.builder()
                            .rank(2)
                            .alpha(4)
                            .targetModules("q_proj", "v_proj")
                            .build())
                    .epochs(4)
                    .tokenBudget(40)
                    .maxLength(40)
                    .learningRate(0.02)
                    .checkpoints(copy("language", folder))
                    .build()
                    .resume(texts, texts);
            return logProbabilities(model);
        }
    }

    private static double[] multitask(String name) throws IOException {
        List<Task> tasks = List.of(task("animals", "cat", "dog"), task("colors", "red", "blue"));
        MultiTaskAdapter adapter = MultiTaskAdapter.load(FILES.resolve("multitask/adapter"));
        return logits(MultiTaskModel.of(adapter, tasks).task(name));
    }

    private static Task task(String name, String... labels) {
        return new Task(name, base(), List.of("head"), Optional.of(new TaskLabels(List.of(labels))));
    }

    private static Object continual(String which) throws IOException {
        Path saved = FILES.resolve("continual");
        if (which.equals("report")) {
            ForgettingReport report = ForgettingReport.load(saved.resolve("report.json"));
            return new double[] {report.averageAccuracy(), report.averageForgetting(), report.backwardTransfer()};
        }
        TaskRouter router = TaskRouter.load(saved.resolve(which + ".safetensors"));
        return router.route(waves(90, 3, 3).add(1)).stream()
                .flatMap(route -> Stream.of(route.task(), Float.toString((float) route.distance())))
                .toList();
    }

    private List<double[]> tribuo(String which) throws Exception {
        Path saved = FILES.resolve("tribuo");
        Model<?> model = Model.deserializeFromFile(saved.resolve(which + ".tribuo"));
        ((LoraModel<?>) model).exportAdapter(folder.resolve("adapter"));
        assertThat(Adapter.load(saved.resolve(which))).isEqualTo(Adapter.load(folder.resolve("adapter")));
        List<double[]> given = new ArrayList<>();
        given.add(probabilities(model.castModel(Label.class)));
        try (InputStream file = Files.newInputStream(saved.resolve(which + ".ser"));
                ObjectInputStream in = new ObjectInputStream(file)) {
            given.add(probabilities(((Model<?>) in.readObject()).castModel(Label.class)));
        }
        return given;
    }

    private static double[] probabilities(Model<Label> model) {
        Map<String, Label> scores = model.predict(new ArrayExample<>(
                        new Label("a"), new String[] {"A", "B", "C", "D"}, new double[] {1, 0.5, -1, 2}))
                .getOutputScores();
        return Stream.of("a", "b", "c")
                .mapToDouble(label -> scores.get(label).getScore())
                .toArray();
    }
}
