/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.lora4j.integration.benchmark.Machine;
import org.lora4j.integration.demonstration.ProcessorTime;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextEncoder;

/**
 * Measures what is not yet measured, and prints the table of everything. Small draws come first, then the sets in turn for each seed.
 *
 * <p>Arguments: the folder of the published data, the file of the cells, sets, sizes and candidates by their keys, seeds, each with commas
 * between them; {@code all} for all sets or candidates.
 */
public final class FitBenchmark {

    private static final String ALL = "all";
    private static final int WARM_UP = 200;

    private final TextEncoder encoder;
    private final Path data;
    private final CellFile file;
    private final Map<PublishedTexts, TextSet> read = new EnumMap<>(PublishedTexts.class);
    private boolean warm;

    private record Work(PublishedTexts set, Cell.Draw draw, Candidate candidate) {}

    private FitBenchmark(TextEncoder encoder, Path data, CellFile file) {
        this.encoder = encoder;
        this.data = data;
        this.file = file;
    }

    /**
     * Runs the benchmark.
     *
     * @param args data, file, sets, sizes, seeds, candidates
     * @throws IOException if the data is missing or the file cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Path data = Path.of(args[0]);
        if (!Files.isDirectory(data.resolve("banking77"))) {
            throw new IOException("no data set " + data.resolve("banking77").toAbsolutePath()
                    + "; expected the published files there. Name their folder: -Dlora4j.shared=FOLDER, which has"
                    + " data/banking77");
        }
        CellFile file = CellFile.open(Path.of(args[1]));
        Machine.facts().forEach((name, value) -> System.out.println(name + ": " + value));
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2")) {
            new FitBenchmark(encoder, data, file).run(works(args));
        }
        System.out.println();
        System.out.print(new FitTable(file.cells()));
    }

    private static List<Work> works(String[] args) {
        Set<String> sets = Set.of(args[2].split(","));
        Set<String> candidates = Set.of(args[5].split(","));
        List<Work> works = new ArrayList<>();
        for (int size :
                Stream.of(args[3].split(",")).mapToInt(Integer::parseInt).toArray()) {
            for (long seed :
                    Stream.of(args[4].split(",")).mapToLong(Long::parseLong).toArray()) {
                for (PublishedTexts set : PublishedTexts.values()) {
                    for (Candidate candidate : Candidate.values()) {
                        if (has(sets, set.key()) && has(candidates, candidate.key())) {
                            works.add(new Work(set, new Cell.Draw(set.key(), size, seed), candidate));
                        }
                    }
                }
            }
        }
        return works;
    }

    private static boolean has(Set<String> keys, String key) {
        return keys.contains(ALL) || keys.contains(key);
    }

    private void run(List<Work> works) throws IOException {
        for (Work work : works) {
            Cell.Draw draw = work.draw();
            if (file.find(draw, work.candidate().key()).isEmpty()) {
                TextSet set = set(work.set());
                warmUp(set);
                Cell cell = measure(work.set().reader(encoder), set, draw, work.candidate());
                file.add(cell);
                System.out.printf(
                        Locale.ROOT,
                        "%s, %d examples, seed %d, %s: %.4f in %.1f s  %s%n",
                        draw.set(),
                        draw.size(),
                        draw.seed(),
                        work.candidate().label(),
                        cell.accuracy(),
                        cell.seconds(),
                        cell.chosen());
            }
        }
    }

    private TextSet set(PublishedTexts set) throws IOException {
        TextSet known = read.get(set);
        if (known == null) {
            known = set.read(data);
            read.put(set, known);
        }
        return known;
    }

    /** What Java compiles on the way is nobody's cost. */
    private void warmUp(TextSet set) {
        if (!warm) {
            Candidate.DEFAULT.fit(encoder, set.draw(WARM_UP, 0), 0);
            Candidate.PLAIN.fit(encoder, set.draw(WARM_UP, 0), 0);
            warm = true;
        }
    }

    private static Cell measure(TextEncoder encoder, TextSet set, Cell.Draw draw, Candidate candidate) {
        List<LabeledText> train = set.draw(draw.size(), draw.seed());
        if (train.size() < draw.size()) {
            throw new IllegalArgumentException(draw.set() + " has " + train.size() + " texts to draw from; expected "
                    + draw.size() + " or more. Leave it out by -Dbenchmark.sets=...");
        }
        double before = ProcessorTime.seconds();
        Learned learned = candidate.fit(encoder, train, draw.seed());
        double seconds = ProcessorTime.seconds() - before;
        return new Cell(draw, candidate.key(), set.test().size(), learned.right(set.test()), seconds, learned.chosen());
    }
}
