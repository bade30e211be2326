/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The short run: every seed and everything that a fuzzer ever found, and changes of them at random. The long run is
 * {@code mvn -Pfuzz verify}.
 */
class FuzzSeedsTest {

    private static final Path SEEDS = Path.of("src/test/resources/fuzz");

    private static final long SEED = 20261125;

    private static final int RUNS = 400;

    /** Bytes that reading may allocate for each byte of input, beside what a target may have whatever the input; garbage counts. */
    private static final long FOR_EACH_BYTE = 100;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static List<Path> seeds(FuzzTarget target) throws IOException {
        try (Stream<Path> files = Files.list(SEEDS.resolve(target.name().toLowerCase(Locale.ROOT)))) {
            return files.sorted(Comparator.comparing(Path::getFileName)).toList();
        }
    }

    @BeforeAll
    static void loadEverythingOnce() throws IOException {
        // Classes and the backend are not what an input costs, nor are the assertions' own classes.
        assertThatCode(() -> assertThat(0L).as("%d", 1).isLessThan(1)).doesNotThrowAnyException();
        for (FuzzTarget target : FuzzTarget.values()) {
            for (Path seed : seeds(target)) {
                target.accepts(Files.readAllBytes(seed));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everySeed_isAcceptedOrRefusedAsAFile(FuzzTarget target) throws IOException {
        int accepted = 0;
        List<Path> seeds = seeds(target);
        for (Path seed : seeds) {
            byte[] input = Files.readAllBytes(seed);
            accepted += accepts(target, input, seed.toString()) ? 1 : 0;
        }

        assertThat(accepted).as("seeds that are good files").isBetween(1, seeds.size() - 1);
    }

    @ParameterizedTest
    @EnumSource
    void changesAtRandom_areAcceptedOrRefusedAsAFile(FuzzTarget target) throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        List<byte[]> seeds = new ArrayList<>();
        for (Path seed : seeds(target)) {
            seeds.add(Files.readAllBytes(seed));
        }
        int accepted = 0;
        for (int run = 0; run < RUNS; run++) {
            byte[] input = changed(seeds, random);
            accepted += accepts(target, input, "seed " + SEED + ", run " + run) ? 1 : 0;
        }

        // Whether any is good is the seeds' test: of files that are all header hardly one survives a change.
        assertThat(accepted).as("inputs that are good files").isLessThan(RUNS);
    }

    private static boolean accepts(FuzzTarget target, byte[] input, String what) {
        boolean[] accepted = new boolean[1];
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThatCode(() -> accepted[0] = target.accepts(input)).as(what).doesNotThrowAnyException();
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
                .as("%s: bytes allocated for %d", what, input.length)
                .isLessThan(target.freeBytes() + FOR_EACH_BYTE * input.length);
        return accepted[0];
    }

    /** A seed with a few bytes set, a part repeated or cut, or a part of another seed in its place. */
    private static byte[] changed(List<byte[]> seeds, SplittableRandom random) {
        byte[] input = seeds.get(random.nextInt(seeds.size())).clone();
        for (int change = random.nextInt(1, 5); change > 0 && input.length > 0; change--) {
            int at = random.nextInt(input.length);
            switch (random.nextInt(4)) {
                case 0 -> input[at] = (byte) random.nextInt(256);
                case 1 -> input[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> input = Arrays.copyOf(input, at);
                default -> {
                    byte[] other = seeds.get(random.nextInt(seeds.size()));
                    int length = Math.min(random.nextInt(64), Math.min(other.length, input.length - at));
                    int from = random.nextInt(other.length - length + 1);
                    System.arraycopy(other, from, input, at, length);
                }
            }
        }
        return input;
    }
}
