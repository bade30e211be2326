/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.replay;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.advice.Advice;
import org.lora4j.dossier.Replay;
import org.lora4j.dossier.ReplayVerdict;
import org.lora4j.integration.demonstration.Arguments;
import org.lora4j.integration.demonstration.ProcessorTime;
import org.lora4j.integration.demonstration.ReportFile;
import org.lora4j.report.TrainingReport;
import org.lora4j.train.CheckpointChain;
import org.lora4j.train.Checkpoints;
import org.lora4j.trust.Receipt;

/**
 * Records a run of MiniLM, one of a decoder, one of a network of Deeplearning4j and one of a trainer of Tribuo, each in a process of its own;
 * trains them again in this one, and compares every bit. Of the run of MiniLM also three of twenty segments, and what they cost.
 *
 * <p>Arguments: the folder with the data ({@code stories260k} is needed) and the one for the results.
 */
public final class ReplayExample {

    private static final int TRAINED_AGAIN = 3;

    private ReplayExample() {}

    /**
     * Runs the example. Ends with status 1 and one line if data is missing, a folder cannot be written, or a run is not the same.
     *
     * @param args data, results; or {@code record}, data, a run and its folder
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            if (args.length > 0 && args[0].equals("record")) {
                RecordedRun run = RecordedRun.valueOf(args[2]);
                Path recorded = Path.of(args[3]);
                run.train(
                        Path.of(args[1]),
                        recorded,
                        run.hasCheckpoints() ? Optional.of(kept(recorded)) : Optional.empty());
                return;
            }
            Arguments arguments = new Arguments(args);
            Path data = arguments.path(0, "../shared/data");
            if (!Files.isDirectory(data.resolve("stories260k"))) {
                throw new IOException("no data set "
                        + data.resolve("stories260k").toAbsolutePath().normalize()
                        + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                        + " data/stories260k");
            }
            Path folder = Arguments.created(arguments.path(1, "target/example-replay"), "replay.output");
            run(System.out, data, Files.createTempDirectory(folder, "run"), folder.resolve("report.json"));
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            System.err.println("example-replay: " + e.getMessage());
            System.exit(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            System.exit(1);
        }
    }

    private static void run(PrintStream out, Path data, Path folder, Path report)
            throws IOException, InterruptedException {
        Map<String, Object> figures = new LinkedHashMap<>();
        TrainingReport page = TrainingReport.titled("Runs that were trained again");
        for (RecordedRun run : RecordedRun.values()) {
            Path recorded = folder.resolve(run.name());
            record(data, run, recorded);
            ReplayVerdict[] verdict = new ReplayVerdict[1];
            double whole = seconds(() ->
                    verdict[0] = Replay.of(recorded).run(again -> run.train(data, again, Optional.empty())));
            out.println(run + ", recorded by another process: " + verdict[0]);
            out.println("  " + Receipt.read(recorded.resolve(Receipt.FILE)));
            figures.put(run.name(), verdict[0].outcome().name());
            requireSame(run.name(), verdict[0]);
            page = page.with(good(run.name(), "trained again in another process: " + verdict[0], Map.of()))
                    .with(Receipt.read(recorded.resolve(Receipt.FILE)));
            if (run.hasCheckpoints()) {
                Map<String, Object> segments = segments(out, data, run, recorded, whole);
                figures.put("segments of " + run, segments);
                page = page.with(good(
                        run + ", segments",
                        String.format(Locale.ROOT, "three of twenty cost %.3f of the run", segments.get("share")),
                        segments));
            }
        }
        ReportFile.write(report, figures);
        out.println("report: " + page.overwrite(report.resolveSibling("replay.html")));
    }

    private static Advice good(String what, String sentence, Map<String, Object> evidence) {
        return new Advice(what, Advice.Answer.GOOD, sentence, evidence);
    }

    private static Checkpoints kept(Path recorded) {
        return new Checkpoints(
                recorded.resolveSibling(recorded.getFileName() + "-checkpoints"),
                RecordedRun.STEPS_OF_A_SEGMENT,
                Duration.ofDays(1),
                Integer.MAX_VALUE);
    }

    private static void requireSame(String what, ReplayVerdict verdict) {
        if (verdict.outcome() != ReplayVerdict.Outcome.SAME_BITS) {
            throw new IllegalStateException(what + ": " + verdict + "; expected the same in every bit.");
        }
    }

    private static void record(Path data, RecordedRun run, Path recorded) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx1g",
                        "-Dorg.bytedeco.javacpp.maxbytes=2G",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=6G",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReplayExample.class.getName(),
                        "record",
                        data.toString(),
                        run.name(),
                        recorded.toString()))
                .inheritIO()
                .start();
        if (child.waitFor() != 0) {
            throw new IllegalStateException(run + ": the process that records it ended with " + child.exitValue());
        }
    }

    private static Map<String, Object> segments(
            PrintStream out, Path data, RecordedRun run, Path recorded, double whole) throws IOException {
        Path every = kept(recorded).directory();
        ReplayVerdict[] verdict = new ReplayVerdict[1];
        double some = seconds(() -> verdict[0] = Replay.of(recorded)
                .segments(
                        every,
                        TRAINED_AGAIN,
                        7,
                        (again, checkpoints) -> run.train(data, again, Optional.of(checkpoints))));
        int all = CheckpointChain.read(every).links().size();
        out.println("segments of " + run + ": " + verdict[0]);
        out.println(String.format(
                Locale.ROOT,
                "%d of %d segments took %.1f s of the processor, the run %.1f s: %.3f of it",
                TRAINED_AGAIN,
                all,
                some,
                whole,
                some / whole));
        requireSame("segments of " + run, verdict[0]);
        return Map.of("segments", all, "wholeSeconds", whole, "segmentsSeconds", some, "share", some / whole);
    }

    /** What is to be timed. */
    private interface Work {
        void run() throws IOException;
    }

    private static double seconds(Work work) throws IOException {
        double before = ProcessorTime.seconds();
        work.run();
        return ProcessorTime.seconds() - before;
    }
}
