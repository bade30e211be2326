/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;
import org.lora4j.train.ShuffledIndices;

/** The kinds of {@link TaskSampling}. */
final class Samplings {

    private Samplings() {}

    /** In proportion to a power of the sizes, in random order. */
    record Temperature(double temperature) implements TaskSampling {

        Temperature {
            Problems problems = new Problems();
            problems.check(
                    temperature >= 1 && Double.isFinite(temperature),
                    "temperature = " + temperature + ", expected a finite number, 1 or more");
            problems.throwIfAny("TaskSampling");
        }

        @Override
        public long[] counts(long[] sizes) {
            long total = Arrays.stream(sizes).sum();
            double[] powers = Arrays.stream(sizes)
                    .mapToDouble(size -> Math.pow(size, 1 / temperature))
                    .toArray();
            double sum = Arrays.stream(powers).sum();
            double[] wanted =
                    Arrays.stream(powers).map(power -> total * power / sum).toArray();
            return rounded(wanted, total);
        }

        // The whole numbers of 1 or more with the right sum that are nearest to the wanted ones.
        private static long[] rounded(double[] wanted, long total) {
            long[] counts = Arrays.stream(wanted)
                    .mapToLong(count -> Math.max(1, (long) Math.floor(count)))
                    .toArray();
            for (long sum = Arrays.stream(counts).sum(); sum < total; sum++) {
                counts[furthestBelow(wanted, counts)]++;
            }
            for (long sum = Arrays.stream(counts).sum(); sum > total; sum--) {
                counts[furthestAbove(wanted, counts)]--;
            }
            return counts;
        }

        private static int furthestBelow(double[] wanted, long[] counts) {
            int found = 0;
            for (int i = 1; i < counts.length; i++) {
                if (wanted[i] - counts[i] > wanted[found] - counts[found]) {
                    found = i;
                }
            }
            return found;
        }

        private static int furthestAbove(double[] wanted, long[] counts) {
            int found = -1;
            for (int i = 0; i < counts.length; i++) {
                boolean further = found < 0 || counts[i] - wanted[i] > counts[found] - wanted[found];
                if (counts[i] > 1 && further) {
                    found = i;
                }
            }
            return found;
        }

        @Override
        public int[] order(long[] sizes, int epoch, long seed) {
            long[] counts = counts(sizes);
            int[] sorted = IntStream.range(0, sizes.length)
                    .flatMap(task ->
                            IntStream.range(0, Math.toIntExact(counts[task])).map(i -> task))
                    .toArray();
            return Arrays.stream(ShuffledIndices.of(sorted.length, seed, epoch))
                    .map(i -> sorted[i])
                    .toArray();
        }
    }

    /** One after the other. */
    record RoundRobin() implements TaskSampling {

        @Override
        public long[] counts(long[] sizes) {
            long total = Arrays.stream(sizes).sum();
            long[] counts = new long[sizes.length];
            for (int task = 0; task < counts.length; task++) {
                counts[task] = total / sizes.length + (task < total % sizes.length ? 1 : 0);
            }
            return counts;
        }

        @Override
        public int[] order(long[] sizes, int epoch, long seed) {
            int total = Math.toIntExact(Arrays.stream(sizes).sum());
            return IntStream.range(0, total).map(step -> step % sizes.length).toArray();
        }
    }
}
