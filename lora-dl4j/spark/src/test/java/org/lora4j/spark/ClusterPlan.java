/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * What a step of several workers would take on clusters that nobody has here: computed from step times that were measured, and from networks
 * as they are sold. Each worker computes one part; a batch grows with the workers.
 *
 * @param steps what parts took on one core, as they were measured; their spread is that of the workers
 * @param gradientBytes of one part
 * @param baseBytes of the base that every executor needs once
 */
record ClusterPlan(StepTimes steps, long gradientBytes, long baseBytes) {

    private static final int STEPS = 4_000;

    /**
     * How long steps take.
     *
     * @param shares of all steps, growing
     * @param seconds that so many stay below
     */
    record StepTimes(double[] shares, double[] seconds) {

        /** What a share of the steps stays below: between what was measured on a line, beyond it as the nearest. */
        double at(double share) {
            int next = 0;
            while (next < shares.length && shares[next] <= share) {
                next++;
            }
            if (next == 0 || next == shares.length) {
                return seconds[Math.max(0, next - 1)];
            }
            double part = (share - shares[next - 1]) / (shares[next] - shares[next - 1]);
            return seconds[next - 1] + part * (seconds[next] - seconds[next - 1]);
        }

        double mean() {
            double sum = 0;
            for (int i = 0; i < STEPS; i++) {
                sum += at((i + 0.5) / STEPS);
            }
            return sum / STEPS;
        }
    }

    /**
     * A network.
     *
     * @param bytes a second, of one machine in each direction
     * @param latency seconds from one machine to another
     */
    record Network(String name, double bytes, double latency) {

        static final Network ONE_GIGABIT = new Network("1 Gbit/s", 0.125e9, 200e-6);
        static final Network TEN_GIGABIT = new Network("10 Gbit/s", 1.25e9, 100e-6);
        static final Network HUNDRED_GIGABIT = new Network("100 Gbit/s", 12.5e9, 20e-6);

        double seconds(double moved) {
            return latency + moved / bytes;
        }
    }

    /** How long the slowest of the workers takes, on average over steps drawn from what was measured. */
    double slowest(int workers, long seed) {
        Random random = new Random(seed);
        double sum = 0;
        for (int step = 0; step < STEPS; step++) {
            double most = 0;
            for (int worker = 0; worker < workers; worker++) {
                most = Math.max(most, steps.at(random.nextDouble()));
            }
            sum += most;
        }
        return sum / STEPS;
    }

    /** As it is built: the first worker collects the parts of all others, and gives all parts to each. */
    double star(int workers, Network network) {
        double collected = (workers - 1) * (double) gradientBytes;
        double given = (workers - 1) * (double) workers * gradientBytes;
        return network.seconds(collected) + network.seconds(given);
    }

    /** Each worker passes on what it got to the next one: all parts reach all, in any order, and are added in theirs. */
    double ring(int workers, Network network) {
        return (workers - 1) * network.seconds(gradientBytes);
    }

    /** Sums of two go up a tree and the sum of all comes down. The order of the sum follows the tree, and so the number of workers. */
    double tree(int workers, Network network) {
        int levels = 32 - Integer.numberOfLeadingZeros(workers - 1);
        return 2 * levels * network.seconds(gradientBytes);
    }

    /** The base from one machine to each of the others, one after the other. */
    double baseFromOne(int executors, Network network) {
        return (double) executors * baseBytes / network.bytes();
    }

    /** The base in blocks, which executors that have them pass on, as Spark's broadcast does. */
    double baseByBroadcast(int executors, Network network) {
        int levels = 32 - Integer.numberOfLeadingZeros(executors);
        return 2.0 * baseBytes / network.bytes() + levels * network.latency();
    }

    /** Bytes that the first worker holds of one step. */
    double held(int workers) {
        return (double) workers * gradientBytes;
    }

    /** A row for each number of workers and network: seconds of a step, and how many times one worker it does. */
    List<String> table(List<Network> networks, int... numbers) {
        List<String> rows = new ArrayList<>();
        rows.add(
                "| workers | network | slowest worker | star | ring | tree | times one, star | ring | tree | base from one | by broadcast |");
        rows.add("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        for (int workers : numbers) {
            double slowest = slowest(workers, 1);
            for (Network network : networks) {
                double star = star(workers, network);
                double ring = ring(workers, network);
                double tree = tree(workers, network);
                double work = workers * steps.mean();
                rows.add(String.format(
                        Locale.ROOT,
                        "| %,d | %s | %s | %s | %s | %s | %.1f | %.1f | %.1f | %s | %s |",
                        workers,
                        network.name(),
                        time(slowest),
                        time(star),
                        time(ring),
                        time(tree),
                        work / (slowest + star),
                        work / (slowest + ring),
                        work / (slowest + tree),
                        time(baseFromOne(workers, network)),
                        time(baseByBroadcast(workers, network))));
            }
        }
        return rows;
    }

    private static String time(double seconds) {
        if (seconds < 1) {
            return String.format(Locale.ROOT, "%.0f ms", 1_000 * seconds);
        }
        return String.format(Locale.ROOT, seconds < 100 ? "%.1f s" : "%,.0f s", seconds);
    }
}
