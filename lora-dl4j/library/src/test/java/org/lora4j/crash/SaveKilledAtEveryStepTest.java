/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterDirectory;
import org.lora4j.config.LoraConfig;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.HeatMap;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.docs.TinyModelFiles;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.GgufAdapterExport;
import org.lora4j.export.GgufExport;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.export.LoraExport;
import org.lora4j.export.OnnxExport;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.checkpoint.CheckpointContent;
import org.lora4j.internal.checkpoint.CheckpointFolder;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.TinyLlama2c;
import org.lora4j.multitask.MultiTaskAdapter;
import org.lora4j.multitask.TinyMultiTasks;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.text.LabeledText;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.SentenceExample;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.weights.ModelWeights;
import org.lora4j.weights.WeightMerge;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Every save and export of the library, killed at its steps: afterwards the place holds what was there before or what was saved,
 * whole, and the next save succeeds. Each step is a change of the file system, see {@link DyingFileSystem}; processes that are
 * really killed are in {@code KilledSaveTest} of the conformance tests.
 */
class SaveKilledAtEveryStepTest {

    private static final long SEED = 20261130;

    private static final String QUERY = "encoder.layer.0.attention.self.query";

    /** A save of one of two things to a place. */
    private interface Save {
        void to(Path place, int number) throws IOException;
    }

    /** What is at a place, comparable by equals. */
    private interface Load {
        Object from(Path place) throws IOException;
    }

    private record Subject(Save save, Load load, boolean replaces) {}

    /** What a place holds before a save and after it. */
    private record Outcomes(Object before, Object after) {}

    /** Thousands of files are forced to the disk, which takes no time where the disk is memory. */
    private static final class InMemory implements TempDirFactory {

        @Override
        public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context) throws IOException {
            Path memory = Path.of("/dev/shm");
            return Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "lora4j")
                    : Files.createTempDirectory("lora4j");
        }
    }

    @TempDir
    private static Path models;

    private static TextEncoder tiny;
    private static TextEncoder bert;
    private static final Map<String, Subject> SUBJECTS = new LinkedHashMap<>();

    @TempDir(factory = InMemory.class)
    private Path folder;

    private int places;

    @BeforeAll
    static void learn() throws IOException {
        tiny = TinyEncoder.create();
        bert = TextEncoder.load(TinyModelFiles.writeDirectory(models.resolve("bert")));
        adapters();
        mergedModels();
        textTasks();
        files();
        exports();
    }

    @AfterAll
    static void close() {
        tiny.close();
        bert.close();
        SUBJECTS.clear();
    }

    private static void replaces(String name, Save save, Load load) {
        SUBJECTS.put(name, new Subject(save, load, true));
    }

    /** A directory that must not exist before. */
    private static void creates(String name, Save save) {
        SUBJECTS.put(name, new Subject(save, SaveKilledAtEveryStepTest::contents, false));
    }

    private static Adapter adapter(int rank, String module, int in, int out) {
        LoraConfig config =
                LoraConfig.builder().rank(rank).alpha(1).targetModules(module).build();
        INDArray a = Nd4j.valueArrayOf(new long[] {rank, in}, 0.5 * rank, DataType.FLOAT);
        INDArray b = Nd4j.valueArrayOf(new long[] {out, rank}, -0.25, DataType.FLOAT);
        return Adapter.of(config, Map.of(module, Map.of("lora_A.weight", a, "lora_B.weight", b)), Map.of());
    }

    private static void adapters() {
        List<Adapter> two = List.of(adapter(1, QUERY, 8, 8), adapter(2, QUERY, 8, 8));
        replaces("Adapter.save", (place, number) -> two.get(number).save(place), Adapter::load);
        replaces(
                "AdapterDirectory.save",
                (place, number) -> AdapterDirectory.save(
                        "Test", two.get(number), place, Map.of("tribuo_outputs.json", new byte[] {(byte) number})),
                place -> List.of(
                        Adapter.load(place),
                        Files.readAllBytes(AdapterDirectory.locate(place, "tribuo_outputs.json"))[0]));
        List<MultiTaskAdapter> tasks = List.of(TinyMultiTasks.adapter(3), TinyMultiTasks.adapter(4));
        replaces("MultiTaskAdapter.save", (place, number) -> tasks.get(number).save(place), place -> {
            MultiTaskAdapter loaded = MultiTaskAdapter.load(place);
            return List.of(loaded.shared(), loaded.experts(), loaded.specific("animals"), loaded.specific("colors"));
        });
        List<AdaptedNetwork<?>> networks = List.of(
                Lora.inject(
                        network(),
                        LoraConfig.builder()
                                .rank(1)
                                .alpha(1)
                                .targetModules("fc")
                                .build(),
                        1),
                Lora.inject(
                        network(),
                        LoraConfig.builder()
                                .rank(2)
                                .alpha(1)
                                .targetModules("fc")
                                .build(),
                        1));
        replaces(
                "AdaptedNetwork.save",
                (place, number) -> networks.get(number).save(place),
                place -> Lora.loadMultiLayerNetwork(place).adapter("default"));
    }

    /** As lora-tribuo exports what it merged. */
    private static void mergedModels() {
        List<MultiLayerNetwork> networks = List.of(network(), network());
        networks.get(1).params().addi(1);
        replaces(
                "NetworkFile.write",
                (place, number) -> NetworkFile.write(networks.get(number), place),
                place -> Arrays.toString(
                        NetworkFile.readMultiLayerNetwork(place).params().toFloatVector()));
        replaces(
                "SameDiffFile.write",
                (place, number) -> {
                    SameDiff graph = SameDiff.create();
                    graph.var("w", Nd4j.scalar((float) number));
                    SameDiffFile.write(graph, place);
                },
                place -> SameDiffFile.read(place).getVariable("w").getArr().getFloat(0));
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(4).nOut(3).build())
                .layer(new OutputLayer.Builder().name("out").nIn(3).nOut(2).build())
                .build());
        network.init();
        return network;
    }

    private static void textTasks() {
        List<LabeledText> some = TinyEncoder.reviews(16, 1);
        List<LabeledText> others = TinyEncoder.reviews(16, 2);
        TextClassifier head = classifier().headOnly().build().fit(some, others);
        TextClassifier otherHead = classifier().headOnly().build().fit(others, some);
        TextClassifier lora = classifier().build().fit(some, others);
        TextClassifier otherLora = classifier().build().fit(others, some);
        TextClassifier all = classifier().fullFineTuning().build().fit(some, others);
        classifiers("a head", head, otherHead);
        classifiers("LoRA", lora, otherLora);
        classifiers("all weights after a head", head, all);
        classifiers("LoRA after all weights", all, lora);
        // Another one: LoRA that is not better than its head is not kept.
        classifiers("a head after LoRA", lora, otherHead);
        List<SentenceEncoder> encoders = new ArrayList<>();
        for (String other : List.of("new", "low")) {
            List<SentenceExample> pairs = List.of(
                    SentenceExample.pair("good film", other + " play"), SentenceExample.pair("bad card", "lost york"));
            SentenceEncoder encoder = SentenceEncoder.builder(tiny).epochs(1).build();
            encoder.fit(pairs, pairs);
            encoders.add(encoder);
        }
        replaces("SentenceEncoder.save", (place, number) -> encoders.get(number).save(place), place -> {
            float[] vector = SentenceEncoder.load(place, tiny).predict("the good card");
            return Arrays.toString(vector);
        });
    }

    private static TextClassifier.Builder classifier() {
        return TextClassifier.builder(tiny).epochs(1);
    }

    private static void classifiers(String name, TextClassifier first, TextClassifier second) {
        replaces(
                "TextClassifier.save of " + name,
                (place, number) -> List.of(first, second).get(number).save(place),
                place -> TextClassifier.load(place, tiny).predict(List.of("a good film", "my bad card")));
    }

    private static void files() throws IOException {
        INDArray rows = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 5}, {2, 8}});
        List<TaskRouter> routers = List.of(
                TaskRouter.euclidean().with("left", rows),
                TaskRouter.euclidean().with("right", rows));
        replaces(
                "TaskRouter.save",
                (place, number) -> routers.get(number).save(place),
                place -> TaskRouter.load(place).tasks());
        List<ForgettingReport> reports = Stream.of(0.5, 0.75)
                .map(accuracy -> ForgettingReport.of(List.of("a", "b"), new double[][] {{accuracy, 0.1}, {0.2, 0.9}}))
                .toList();
        replaces("ForgettingReport.save", (place, number) -> reports.get(number).save(place), ForgettingReport::load);
        replaces(
                "HeatMap.save",
                (place, number) ->
                        HeatMap.of(reports.get(number), "title " + number).save(place),
                SaveKilledAtEveryStepTest::contents);
        INDArray ones = Nd4j.ones(DataType.FLOAT, 2, 2);
        Path weights = models.resolve("base.safetensors");
        SafetensorsWriter.write(
                weights,
                List.of(ArrayBytes.source("fc.weight", ones, ElementCodec.exactFor(DataType.FLOAT))),
                Map.of());
        ModelWeights base = ModelWeights.open(weights);
        replaces(
                "WeightMerge.write",
                (place, number) -> WeightMerge.write(base, List.of(adapter(number + 1, "fc", 2, 2)), place),
                SaveKilledAtEveryStepTest::contents);
        replaces(
                "checkpoint",
                (place, number) -> {
                    CheckpointContent content = new CheckpointContent();
                    content.put("number", number);
                    try (CheckpointFolder checkpoints = CheckpointFolder.open(place)) {
                        checkpoints.write(number + 1, content, 1);
                    }
                },
                place -> {
                    List<Long> found = new ArrayList<>();
                    try (CheckpointFolder checkpoints = CheckpointFolder.open(place)) {
                        checkpoints.useLatest(content -> found.add(content.count("number")));
                    }
                    return found;
                });
    }

    private static void exports() throws IOException {
        Adapter tuned = adapter(1, QUERY, 8, 8);
        Path onnx = TinyModelFiles.writeOnnx(models);
        Path decoder = TinyLlama2c.convert(models, true);
        Path checkpoint = models.resolve("tiny.bin");
        Path tokenizer = models.resolve("tok.bin");
        Adapter forDecoder = adapter(1, "model.layers.0.self_attn.q_proj", 32, 32);
        creates(
                "HuggingFaceExport.write",
                (place, number) -> HuggingFaceExport.of(bert).adapter(tuned).write(place));
        creates(
                "OnnxExport.write",
                (place, number) -> OnnxExport.of(onnx).adapter(tuned).write(place));
        creates("LoraExport.write", (place, number) -> LoraExport.of(tuned).write(place));
        creates(
                "CausalLmExport.write",
                (place, number) -> CausalLmExport.of(decoder).write(place));
        creates("GgufExport.write", (place, number) -> GgufExport.of(decoder).write(place));
        creates(
                "GgufAdapterExport.write",
                (place, number) -> GgufAdapterExport.of(decoder, forDecoder).write(place));
        creates(
                "Llama2cCheckpoint.convert",
                (place, number) -> Llama2cCheckpoint.convert(checkpoint, tokenizer, place));
    }

    /** The files at a place and their bytes; nothing if there is nothing. */
    private static Map<String, String> contents(Path place) throws IOException {
        Map<String, String> all = new TreeMap<>();
        if (Files.exists(place)) {
            try (Stream<Path> files = Files.walk(place)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    String name = place.relativize(file).toString();
                    all.put(name, Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            }
        }
        return all;
    }

    /** A place to save to, as it is before a save that may die. */
    private Path place(Subject subject) throws IOException {
        Path place = Files.createDirectory(folder.resolve("" + places++)).resolve("saved");
        if (subject.replaces) {
            subject.save.to(place, 0);
        }
        return place;
    }

    private long steps(Subject subject) throws IOException {
        DyingFileSystem immortal = new DyingFileSystem(Long.MAX_VALUE);
        subject.save.to(immortal.of(place(subject)), 1);
        return immortal.steps();
    }

    private Outcomes outcomes(String name, Subject subject) throws IOException {
        Path place = place(subject);
        Object before = subject.load.from(place);
        subject.save.to(place, 1);
        Object after = subject.load.from(place);
        assertThat(after).as(name).isNotEqualTo(before);
        return new Outcomes(before, after);
    }

    private void checkDeath(String name, Subject subject, Outcomes expected, long step) throws IOException {
        String what = name + ", killed in step " + step;
        Path place = place(subject);

        boolean died = false;
        try {
            subject.save.to(new DyingFileSystem(step).of(place), 1);
        } catch (DyingFileSystem.Death e) {
            died = true;
        }

        assertThat(died).as(what).isTrue();
        Object left = subject.load.from(place);
        assertThat(left).as(what).isIn(expected.before, expected.after);
        if (subject.replaces || left.equals(expected.before)) {
            subject.save.to(place, 1);
        }
        assertThat(subject.load.from(place)).as("saved after " + what).isEqualTo(expected.after);
    }

    @Test
    void place_afterADeathAtRandom_holdsTheOldOrTheNew(TestReporter reporter) throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        List<String> names = List.copyOf(SUBJECTS.keySet());
        for (String name : names) {
            Subject subject = SUBJECTS.get(name);
            checkDeath(name, subject, outcomes(name, subject), 1 + random.nextLong(steps(subject)));
        }
        reporter.publishEntry("saves killed", Integer.toString(names.size()));
        assertThat(names).hasSizeGreaterThanOrEqualTo(20);
    }

    @Tag("thorough")
    @Test
    void place_afterADeathInAnyStep_holdsTheOldOrTheNew(TestReporter reporter) throws IOException {
        long kills = 0;
        for (Map.Entry<String, Subject> subject : SUBJECTS.entrySet()) {
            long steps = steps(subject.getValue());
            Outcomes expected = outcomes(subject.getKey(), subject.getValue());
            for (long step = 1; step <= steps; step++) {
                checkDeath(subject.getKey(), subject.getValue(), expected, step);
            }
            reporter.publishEntry(subject.getKey(), steps + " steps");
            kills += steps;
        }
        reporter.publishEntry("saves killed", Long.toString(kills));
        assertThat(kills).isGreaterThan(200);
    }
}
