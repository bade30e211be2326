/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderConfigReader;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.train.Trainable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The process that {@link LanguageBenchmark} looks at: trains a decoder, and tells how much memory it had.
 */
public final class LanguageProcess {

    static final String STARTED = "with ND4J started";
    static final String PEAK = "peak";

    private static final int RANK = 8;
    private static final int MANY = 1 << 10;

    private LanguageProcess() {}

    /**
     * Trains.
     *
     * @param args directory of the model; rows, tokens in each, steps; {@code all} or the names of modules with a comma between
     *     them; {@code keep} or {@code recompute}
     * @throws IOException if the model is missing
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path directory = Path.of(args[0]);
        int rows = Integer.parseInt(args[1]);
        int tokens = Integer.parseInt(args[2]);
        int steps = Integer.parseInt(args[3]);
        Nd4j.ones(1).close();
        ChildJava.tell(STARTED, ProcessMemory.resident());
        DecoderConfig config = DecoderConfigReader.read(directory, MANY);
        Trainable model = adapted(directory, args[4]);
        if (args[5].equals("recompute")) {
            model = model.recomputingActivations();
        }
        ChildJava.tell("with the model loaded", ProcessMemory.resident());
        ChildJava.tell("peak while loading", ProcessMemory.peak());
        Map<String, INDArray> batch = batch(config, rows, tokens);
        Trainable shared = model.inParallel(Turn.THREADS);
        TrainingSteps.run(shared, batch, steps);
        ChildJava.tell(PEAK, ProcessMemory.peak());
    }

    private static Trainable adapted(Path directory, String targets) throws IOException {
        LoraConfig lora = LoraConfig.builder()
                .rank(RANK)
                .alpha(2 * RANK)
                .targetModules(
                        targets.equals("all")
                                ? ModuleSelector.allLinear()
                                : ModuleSelector.suffixes(targets.split(",")))
                .build();
        DecoderWeights weights = DecoderWeights.read(directory, WeightStorage.AS_STORED);
        return Lora.inject(DecoderGraph.of(weights, DataType.FLOAT), lora, MiniLmModels.SEED);
    }

    /** Random tokens, each of which has the next one for its target. */
    static Map<String, INDArray> batch(DecoderConfig config, int rows, int tokens) {
        int[][] ids = ids(config, rows, tokens);
        int[][] mask = new int[rows][tokens];
        Arrays.stream(mask).forEach(row -> Arrays.fill(row, 1));
        Map<String, INDArray> batch =
                new LinkedHashMap<>(DecoderInputs.of(config, DataType.FLOAT, ids, mask, DecoderInputs.positions(mask)));
        batch.putAll(DecoderInputs.targets(DataType.FLOAT, ids));
        return batch;
    }

    /** Its tokens. */
    static int[][] ids(DecoderConfig config, int rows, int tokens) {
        SplittableRandom random = new SplittableRandom(MiniLmModels.SEED);
        return Stream.generate(() -> random.ints(tokens, 0, config.vocabulary()).toArray())
                .limit(rows)
                .toArray(int[][]::new);
    }
}
