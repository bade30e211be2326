/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.exec.onednn.OneDnn;
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
 * The process that {@link LanguageBenchmark} looks at: trains a decoder, and tells how long steps took or how much memory it had.
 */
public final class LanguageProcess {

    static final String STARTED = "with ND4J started";
    static final String PEAK = "peak";
    static final String STEP = "step";
    static final String BOUND = "bound";
    static final String BEST = ", best";
    static final String MEDIAN = ", median";
    static final String PROCESSOR = ", processor time, median";

    private static final int RANK = 8;
    private static final int MANY = 1 << 10;

    private LanguageProcess() {}

    /**
     * Trains.
     *
     * @param args directory of the model; rows, tokens in each, steps; {@code all} or the names of modules with a comma between
     *     them; {@code keep} or {@code recompute}; {@code bound} to measure that in turns with steps
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
        if (args.length > 6 && args[6].equals("bound")) {
            Runnable bound = bound(config, (long) rows * tokens);
            List<Turn> ofBound = new ArrayList<>();
            tell(STEP, TrainingSteps.run(shared, batch, steps, () -> ofBound.add(Turn.of(bound))));
            tell(BOUND, ofBound);
        } else {
            tell(STEP, TrainingSteps.run(shared, batch, steps));
            ChildJava.tell(PEAK, ProcessMemory.peak());
        }
    }

    // The first step plans and compiles.
    private static void tell(String name, List<Turn> turns) {
        List<Turn> warm = turns.size() > 1 ? turns.subList(1, turns.size()) : turns;
        Timing wall = Timing.of(warm.stream().map(Turn::seconds).toList());
        Timing processor = Timing.of(warm.stream().map(Turn::cpuSeconds).toList());
        ChildJava.tell(name + BEST, wall.best());
        ChildJava.tell(name + MEDIAN, wall.median());
        ChildJava.tell(name + PROCESSOR, processor.median());
    }

    private static Runnable bound(DecoderConfig config, long tokens) {
        List<LinearShape> shapes = LinearShape.of(config);
        return OneDnn.isAvailable()
                ? new OneDnnProducts(shapes, tokens, false)::run
                : new LinearProducts(shapes, tokens)::run;
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
        SplittableRandom random = new SplittableRandom(MiniLmModels.SEED);
        int[][] ids = new int[rows][tokens];
        int[][] mask = new int[rows][tokens];
        for (int row = 0; row < rows; row++) {
            for (int t = 0; t < tokens; t++) {
                ids[row][t] = random.nextInt(config.vocabulary());
                mask[row][t] = 1;
            }
        }
        Map<String, INDArray> batch =
                new LinkedHashMap<>(DecoderInputs.of(config, DataType.FLOAT, ids, mask, DecoderInputs.positions(mask)));
        batch.putAll(DecoderInputs.targets(DataType.FLOAT, ids));
        return batch;
    }
}
