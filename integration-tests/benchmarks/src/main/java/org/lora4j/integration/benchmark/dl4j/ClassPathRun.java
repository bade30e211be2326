/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.integration.benchmark.Machine;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures all models with the native library of its class path, and writes a {@code Run} as JSON.
 *
 * <p>Arguments: the file, the number of rounds, options of the processes that JMH starts.
 */
public final class ClassPathRun {

    private static final int WARM_UP_TURNS = 2;
    private static final double NANOSECONDS = 1e9;
    private static final int PROFILED_STEPS = 8;
    private static final List<Model> PROFILED = List.of(Model.CONVOLUTION, Model.LSTM);

    private ClassPathRun() {}

    /**
     * Measures.
     *
     * @param args file, rounds, options of Java
     * @throws IOException if the file cannot be written
     * @throws RunnerException if a process fails
     */
    public static void main(String[] args) throws IOException, RunnerException {
        Path file = Path.of(args[0]);
        int rounds = Integer.parseInt(args[1]);
        List<String> java = List.of(args).subList(2, args.length);
        Map<Model, Map<Contender, List<Double>>> seconds = new EnumMap<>(Model.class);
        for (Model model : Model.values()) {
            System.out.printf(Locale.ROOT, "  %s%n", model.label());
            seconds.put(model, measure(model, rounds * model.turnsOfARound(), java));
        }
        Map<Model, Map<Contender, Map<String, Double>>> profiles = new EnumMap<>(Model.class);
        PROFILED.forEach(model -> profiles.put(model, profile(model)));
        new ObjectMapper()
                .writerWithDefaultPrettyPrinter()
                .writeValue(file.toFile(), new Run(Machine.facts(), seconds, profiles));
    }

    private static Map<Contender, List<Double>> measure(Model model, int turns, List<String> java)
            throws RunnerException {
        Options options = new OptionsBuilder()
                .include(Turns.class.getName())
                .param("model", model.name())
                .forks(1)
                .jvmArgs(java.toArray(String[]::new))
                .warmupIterations(WARM_UP_TURNS)
                .measurementIterations(turns)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        Map<Contender, List<Double>> seconds = new EnumMap<>(Contender.class);
        for (RunResult result : new Runner(options).run()) {
            for (BenchmarkResult process : result.getBenchmarkResults()) {
                process.getIterationResults().forEach(turn -> add(turn, seconds));
            }
        }
        return seconds;
    }

    private static void add(IterationResult turn, Map<Contender, List<Double>> seconds) {
        turn.getSecondaryResults().forEach((counter, result) -> {
            if (result.getScore() > 0) {
                seconds.computeIfAbsent(Contender.ofCounter(counter), key -> new ArrayList<>())
                        .add(result.getScore() / NANOSECONDS);
            }
        });
    }

    private static Map<Contender, Map<String, Double>> profile(Model model) {
        Map<Contender, Runnable> work = Work.of(model);
        Map<Contender, Map<String, Double>> shares = new EnumMap<>(Contender.class);
        for (Contender contender : List.of(Contender.STOCK_STEP, Contender.LORA_STEP)) {
            work.get(contender).run();
            shares.put(contender, Profile.of(work.get(contender), PROFILED_STEPS));
        }
        return shares;
    }
}
