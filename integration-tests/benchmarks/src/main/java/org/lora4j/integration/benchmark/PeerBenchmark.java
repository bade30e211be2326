/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Times this library beside its peers and beside the bound that no step can beat. Each team of contenders has a process of its
 * own, because their native libraries do not share one well; the processes stay, and all contenders of all teams take turns.
 *
 * <p>Arguments: the folder for the report, the number of rounds that count, {@code wall} or {@code processor} for the time
 * that ratios are made of, the numbers of threads with commas (0: as many as processors), the name of a {@link Match}, and optionally the keys of the
 * contenders to time, with commas, or {@code all}.
 */
public final class PeerBenchmark {

    private static final int WARM_UP_ROUNDS = 2;
    private static final String ALL = "all";

    private final int rounds;
    private final TimedBy clock;
    private final Match match;
    private final String only;
    private final Map<String, String> facts = new LinkedHashMap<>();

    PeerBenchmark(int rounds, TimedBy clock, Match match, String only) {
        this.rounds = rounds;
        this.clock = clock;
        this.match = match;
        this.only = only;
    }

    /**
     * Runs the benchmark.
     *
     * @param args folder, rounds, clock, threads, match, keys
     * @throws IOException if a process dies in its turn or the folder cannot be written
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        Match match = Match.valueOf(args[4].toUpperCase(Locale.ROOT));
        String only = args.length > 5 && !args[5].equals(ALL) ? args[5].trim() : "";
        PeerBenchmark benchmark = new PeerBenchmark(Integer.parseInt(args[1]), TimedBy.of(args[2]), match, only);
        Map<Integer, Measurements> measured = new LinkedHashMap<>();
        for (String threads : args[3].split(",")) {
            int given = Integer.parseInt(threads.trim());
            int count = given == 0 ? Runtime.getRuntime().availableProcessors() : given;
            measured.put(count, benchmark.measure(count));
        }
        benchmark.summary(measured).publish(Path.of(args[0]), args[4]);
    }

    private Summary summary(Map<Integer, Measurements> measured) {
        Summary summary = new Summary(match.title(), facts).note("ratios are made of", clock + " time");
        measured.forEach((threads, table) -> {
            String where = threads == 1 ? "1 thread" : threads + " threads";
            summary.table(where, table);
            match.claims().stream()
                    .filter(claim -> claim.isMadeFor(threads))
                    .forEach(claim -> summary.promise(claim.judge(table, clock, ", " + where)));
        });
        return summary;
    }

    /** What was told of the machine and the teams. */
    Map<String, String> facts() {
        return facts;
    }

    /** Times all contenders, in turns, with a number of threads. */
    Measurements measure(int threads) throws IOException {
        Measurements measured = new Measurements();
        for (String keys : match.groups(only)) {
            measured.addAll(measure(threads, keys));
        }
        return measured;
    }

    private Measurements measure(int threads, String keys) throws IOException {
        Measurements measured = new Measurements();
        Map<Team, TeamProcess> processes = new LinkedHashMap<>();
        Spinners spinners = Spinners.start(0);
        try {
            for (Team team : match.teams()) {
                if (isWanted(team, keys)) {
                    start(team, threads, keys, processes, measured);
                }
            }
            spinners = Spinners.start(match.spinners());
            turns(threads, processes, measured);
            return measured;
        } finally {
            spinners.close();
            processes.values().forEach(TeamProcess::close);
        }
    }

    private void turns(int threads, Map<Team, TeamProcess> processes, Measurements measured) throws IOException {
        List<Map.Entry<String, TeamProcess>> order = new ArrayList<>();
        processes
                .values()
                .forEach(process -> process.labels().keySet().forEach(key -> order.add(Map.entry(key, process))));
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            for (Map.Entry<String, TeamProcess> next : order) {
                List<Turn> turns = next.getValue().turns(next.getKey());
                if (round >= 0) {
                    measured.add(next.getKey(), next.getValue().labels().get(next.getKey()), turns);
                }
            }
            // What is first meets another processor than what is last.
            Collections.reverse(order);
            System.out.printf(
                    Locale.ROOT,
                    "%d threads, round %d of %d%s%n",
                    threads,
                    round + WARM_UP_ROUNDS + 1,
                    rounds + WARM_UP_ROUNDS,
                    round < 0 ? " (warm-up)" : "");
        }
    }

    private static boolean isWanted(Team team, String keys) {
        return keys.isEmpty() || List.of(keys.split(",")).stream().anyMatch(key -> key.startsWith(team.prefix() + "."));
    }

    private void start(Team team, int threads, String keys, Map<Team, TeamProcess> processes, Measurements measured) {
        try {
            TeamProcess process = TeamProcess.start(team, threads, keys);
            processes.put(team, process);
            process.facts().forEach((name, value) -> facts.merge(name, value, PeerBenchmark::both));
            System.out.printf(Locale.ROOT, "%s is ready%n", team);
        } catch (IOException e) {
            // The others go on; the summary says which figures are missing for it.
            measured.miss(team.prefix() + ".", team + ": " + e.getMessage());
            System.out.printf(Locale.ROOT, "%s takes no part: %s%n", team, e.getMessage());
        }
    }

    private static String both(String before, String now) {
        return before.contains(now) ? before : before + "; " + now;
    }
}
