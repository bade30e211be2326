/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.server.LoraServer;
import org.lora4j.server.ServerLimits;

/**
 * Minutes of mixed load from a process of its own: right requests over adapters that are exchanged meanwhile, beside clients that read a byte a
 * second, go before the answer, send too much, send what is no JSON, or have no token. Each answer is compared with what its adapter
 * answered before; memory of the server's process must not grow.
 *
 * <p>Arguments: the folder for the report, and the minutes (10).
 */
public final class SoakBenchmark {

    static final String TOKEN = "token-of-callers";
    static final String ADMIN = "token-of-admins";

    /** Adapters that are asked, and that take the place of each other. */
    static final int ADAPTERS = 8;

    /** Names under which adapters are exchanged. */
    static final int SWAPPED = 4;

    /** A longer body is refused. */
    static final int BODY = 256 << 10;

    private static final int TEXTS = 40;
    private static final int MINUTES = 10;
    private static final int SAMPLE_MILLIS = 2_000;
    private static final double EARLY = 3.0 / MINUTES;
    private static final double MOST_GROWTH = 1.02;
    private static final double MEGABYTE = 1 << 20;

    private SoakBenchmark() {}

    /** Memory at a time. */
    private record Sample(double minute, double bytes) {}

    /**
     * Runs the benchmark.
     *
     * @param args folder, minutes
     * @throws Exception if the model or the texts are missing, or the client fails
     */
    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args.length > 0 ? args[0] : "target/benchmark");
        double minutes = args.length > 1 ? Double.parseDouble(args[1]) : MINUTES;
        Summary summary = new Summary("MiniLM behind HTTP, mixed load for " + minutes + " minutes", Machine.facts());
        try (ServedGlosses glosses = new ServedGlosses()) {
            run(glosses, minutes, summary);
        }
        summary.publish(folder, "soak");
        System.exit(0);
    }

    private static void run(ServedGlosses glosses, double minutes, Summary summary) throws Exception {
        Path expected = expected(glosses);
        for (int i = 0; i < SWAPPED; i++) {
            glosses.server().load(swapped(i), glosses.directory(i));
        }
        try (LoraServer port = LoraServer.builder()
                .encoder("minilm", glosses.server())
                .limits(ServerLimits.usual().withBodyBytes(BODY))
                .token(TOKEN)
                .adminToken(ADMIN)
                .loadFrom(glosses.directory(0).getParent())
                .accessLog(line -> {})
                .port(0)
                .start()) {
            List<Sample> samples = new ArrayList<>();
            Thread sampler = new Thread(() -> sample(samples));
            sampler.setDaemon(true);
            sampler.start();
            Map<String, Double> told = ChildJava.run(
                    SoakClient.class,
                    List.of("-Xmx512m", "-XX:+UseSerialGC"),
                    List.of(
                            Integer.toString(port.port()),
                            expected.toString(),
                            glosses.directory(0).getParent().toString(),
                            Double.toString(60 * minutes)),
                    Map.of());
            sampler.interrupt();
            sampler.join();
            told.forEach(summary::note);
            summary.note("the server", glosses.totals());
            double early = median(samples, EARLY * minutes);
            double late = median(samples, minutes);
            summary.note(
                    "resident megabytes after three tenths of the time, and at its end",
                    String.format(Locale.ROOT, "%.0f, %.0f", early / MEGABYTE, late / MEGABYTE));
            summary.promise(Promise.atMost("wrong answers", told.get(SoakClient.WRONG), 0));
            summary.promise(Promise.atMost("resident memory, end / three tenths", late / early, MOST_GROWTH));
        }
    }

    static String swapped(int number) {
        return "s" + number;
    }

    /** The texts, and for each adapter the hash of its content with its vectors. */
    private static Path expected(ServedGlosses glosses) throws IOException {
        List<String> texts = glosses.texts().subList(0, TEXTS);
        Path file = Files.createTempFile("soak", ".bin");
        try (DataOutputStream out =
                new DataOutputStream(new java.io.BufferedOutputStream(Files.newOutputStream(file)))) {
            out.writeInt(texts.size());
            for (String text : texts) {
                out.writeUTF(text);
            }
            Map<String, List<float[]>> byHash = new LinkedHashMap<>();
            for (int i = 0; i < ADAPTERS; i++) {
                TextAnswer<float[]> answer =
                        glosses.server().embed(ServedGlosses.name(i), texts).join();
                byHash.put(answer.by().contentHash(), answer.results());
            }
            out.writeInt(byHash.size());
            for (Map.Entry<String, List<float[]>> adapter : byHash.entrySet()) {
                out.writeUTF(adapter.getKey());
                for (float[] vector : adapter.getValue()) {
                    out.writeInt(vector.length);
                    for (float value : vector) {
                        out.writeFloat(value);
                    }
                }
            }
        }
        return file;
    }

    private static void sample(List<Sample> samples) {
        long start = System.nanoTime();
        try {
            while (true) {
                Thread.sleep(SAMPLE_MILLIS);
                double minute = (System.nanoTime() - start) / 60e9;
                synchronized (samples) {
                    samples.add(new Sample(minute, ProcessMemory.resident()));
                }
            }
        } catch (InterruptedException e) {
            // The load is over.
            Thread.currentThread().interrupt();
        }
    }

    /** Of the tenth of the time before a moment. */
    private static double median(List<Sample> samples, double minute) {
        synchronized (samples) {
            double end = samples.get(samples.size() - 1).minute();
            List<Double> near = samples.stream()
                    .filter(sample -> sample.minute() <= minute && sample.minute() > minute - end / MINUTES)
                    .map(Sample::bytes)
                    .sorted()
                    .toList();
            return near.get(near.size() / 2);
        }
    }
}
