/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.dl4j;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.lora4j.integration.benchmark.Strict;

/**
 * What steps and outputs of Deeplearning4j networks cost with and without adapters, on one thread, for the plain build of
 * ND4J and, where the processor has AVX-512, for that build, too. Prints every figure that the project promises with
 * {@code reached} or {@code not reached}.
 *
 * <p>Arguments: the folder for {@code dl4j-benchmark.json} and {@code dl4j-benchmark.md}, and optionally the number of rounds
 * and the clock, {@code wall} or {@code processor}.
 */
public final class Dl4jBenchmark {

    private static final int ROUNDS = 12;
    private static final String WIDE = "-avx512.jar";
    private static final String CPU_INFO = "/proc/cpuinfo";
    private static final List<String> JAVA = List.of(
            "-Xmx2g",
            "-Dorg.bytedeco.javacpp.maxbytes=6G",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=10G",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

    private Dl4jBenchmark() {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock
     * @throws IOException if a process fails or the folder cannot be written
     * @throws InterruptedException if the thread is interrupted
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : ROUNDS;
        Clock clock = args.length > 2 ? Clock.of(args[2]) : Clock.WALL;
        Files.createDirectories(folder);
        double before = load();
        Map<String, Run> runs = new LinkedHashMap<>();
        for (String build : hasAvx512() ? List.of("avx512", "plain") : List.of("plain")) {
            System.out.printf(Locale.ROOT, "nd4j-native %s%n", build);
            runs.put(
                    "nd4j-native " + build, run(build.equals("plain"), folder.resolve(build + ".json"), rounds, clock));
        }
        String load = String.format(
                Locale.ROOT,
                "%.2f before, %.2f after; clock: %s",
                before,
                load(),
                clock.name().toLowerCase(Locale.ROOT));
        Dl4jReport report = new Dl4jReport(runs, load, memory());
        Path json = folder.resolve("dl4j-benchmark.json");
        report.write(json, folder.resolve("dl4j-benchmark.md"));
        System.out.printf(
                Locale.ROOT,
                "%n%s%nAlso in %s%n",
                report.markdown(),
                json.toAbsolutePath().normalize());
        Strict.require(report.missed());
    }

    /** Empty where the system does not tell how much memory of a process is resident. */
    private static OptionalDouble memory() throws IOException, InterruptedException {
        if (!Files.exists(Path.of(CPU_INFO))) {
            return OptionalDouble.empty();
        }
        MemoryFigure figure = MemoryFigure.of(MemoryFigure.Way.LOW_MEMORY);
        System.out.println(figure);
        return OptionalDouble.of(figure.bytesOverParameters());
    }

    private static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }

    private static boolean hasAvx512() throws IOException {
        boolean onClassPath = classPath(entry -> entry.endsWith(WIDE)).length() > 0;
        Path info = Path.of(CPU_INFO);
        return onClassPath && Files.exists(info) && Files.readString(info).contains(" avx512f ");
    }

    private static String classPath(Predicate<String> include) {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(include)
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** ND4J takes the widest build on its class path. */
    private static Run run(boolean plain, Path file, int rounds, Clock clock) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JAVA);
        command.addAll(List.of("-cp", classPath(entry -> !plain || !entry.endsWith(WIDE))));
        command.addAll(List.of(ClassPathRun.class.getName(), file.toString(), String.valueOf(rounds)));
        command.addAll(JAVA);
        command.add(clock.option());
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        // A kernel chosen by hand would not be the one that users get.
        builder.environment().keySet().removeIf(name -> name.startsWith("OPENBLAS_"));
        int exit = builder.start().waitFor();
        if (exit != 0) {
            throw new IOException("measuring process: exit code " + exit + "; expected 0. Its output is above.");
        }
        return new ObjectMapper().readValue(file.toFile(), Run.class);
    }
}
