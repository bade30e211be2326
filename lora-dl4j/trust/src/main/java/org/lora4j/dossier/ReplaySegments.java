/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.lora4j.dossier.Replay.PartTraining;
import org.lora4j.dossier.Replay.Saved;
import org.lora4j.dossier.ReplayVerdict.Outcome;
import org.lora4j.internal.format.file.TemporaryFolder;
import org.lora4j.train.CheckpointChain;
import org.lora4j.train.CheckpointChain.Link;
import org.lora4j.train.Checkpoints;
import org.lora4j.trust.Receipt;

/**
 * Trains segments of a run again, from one checkpoint to the next.
 *
 * @param chain the checkpoints, sound
 * @param training goes on from one
 */
record ReplaySegments(CheckpointChain chain, PartTraining training) {

    /** No checkpoint is due by time. */
    private static final Duration NEVER = Duration.ofDays(10_000);

    /**
     * A segment.
     *
     * @param from where it begins; empty for the start of the run
     * @param to where it ends
     * @param last whether the run ends there
     */
    private record Segment(Optional<Link> from, Link to, boolean last) {

        private long begin() {
            return from.map(link -> link.record().step()).orElse(0L);
        }

        @Override
        public String toString() {
            return "steps " + begin() + " to " + to.record().step();
        }
    }

    /** What is known after some segments. */
    private static final class Findings {
        private final Set<String> inputs = new LinkedHashSet<>();
        private final Set<String> envelope = new LinkedHashSet<>();
        private final Map<String, Double> apart = new LinkedHashMap<>();
        private final List<String> segments = new ArrayList<>();
        private boolean same = true;
    }

    ReplayVerdict compare(Saved recorded, int count, long seed) throws IOException {
        Findings findings = new Findings();
        try (TemporaryFolder temporary = TemporaryFolder.create()) {
            compare(recorded, drawn(count, seed), temporary.folder(), findings);
        }
        double most = findings.apart.values().stream()
                .mapToDouble(value -> value)
                .max()
                .orElse(0);
        Outcome outcome = Outcome.DIFFERENT;
        if (findings.inputs.isEmpty() && findings.same) {
            outcome = Outcome.SAME_BITS;
        } else if (findings.inputs.isEmpty() && !findings.envelope.isEmpty() && most <= Replay.TOLERANCE) {
            outcome = Outcome.SAME_WITHIN_TOLERANCE;
        }
        return new ReplayVerdict(
                outcome,
                List.copyOf(findings.inputs),
                List.copyOf(findings.envelope),
                findings.apart,
                most,
                Replay.TOLERANCE,
                findings.segments);
    }

    private List<Segment> segments() {
        List<Link> links = chain.links();
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < links.size(); i++) {
            Link to = links.get(i);
            segments.add(
                    new Segment(i == 0 ? Optional.empty() : Optional.of(links.get(i - 1)), to, i == links.size() - 1));
        }
        return segments;
    }

    /** Some segments, none twice, in their order. The last is always one: it alone ties what was saved to the checkpoints. */
    private List<Segment> drawn(int count, long seed) {
        List<Segment> all = segments();
        SplittableRandom random = new SplittableRandom(seed);
        Set<Integer> places = new TreeSet<>(Set.of(all.size() - 1));
        while (places.size() < Math.min(count, all.size())) {
            places.add(random.nextInt(all.size()));
        }
        return places.stream().map(all::get).toList();
    }

    /** Trains all of them by one call, so that model and data are made ready once. */
    private void compare(Saved recorded, List<Segment> segments, Path temporary, Findings findings) throws IOException {
        Path folder = temporary.resolve("checkpoints");
        Path saved = temporary.resolve("replay");
        training.saveTo(saved, pieces(segments, folder));
        Saved replayed = Saved.read(saved);
        Receipt now = replayed.receipt();
        List<String> envelope = Replay.envelope(recorded.receipt(), now);
        findings.envelope.addAll(envelope);
        findings.inputs.addAll(Replay.inputs(recorded.receipt(), now, !envelope.isEmpty()));
        compareSaved(recorded, replayed, findings);
        List<Link> reached = CheckpointChain.read(folder).links();
        for (Segment segment : segments) {
            compare(segment, reached, findings);
        }
    }

    private static Checkpoints pieces(List<Segment> segments, Path folder) throws IOException {
        Checkpoints checkpoints = new Checkpoints(folder, Long.MAX_VALUE, NEVER, Integer.MAX_VALUE);
        for (Segment segment : segments) {
            // The last one is written when the run ends, which takes an evaluation more.
            OptionalLong end = segment.last()
                    ? OptionalLong.empty()
                    : OptionalLong.of(segment.to().record().step());
            if (segment != segments.get(0)) {
                checkpoints = checkpoints.withPiece(segment.from().orElseThrow().file(), end);
                continue;
            }
            if (segment.from().isPresent()) {
                CheckpointChain.copy(segment.from().get(), folder);
            }
            checkpoints = end.isPresent() ? checkpoints.withUntil(end.getAsLong()) : checkpoints;
        }
        return checkpoints;
    }

    private static void compare(Segment segment, List<Link> all, Findings findings) throws IOException {
        Optional<Link> reached = all.stream()
                .filter(link -> link.record().step() > segment.begin()
                        && link.record().step() <= segment.to().record().step())
                .reduce((earlier, later) -> later);
        if (reached.isPresent()
                && reached.get().record().hash().equals(segment.to().record().hash())) {
            findings.segments.add(segment + ": the same in every bit");
            return;
        }
        findings.same = false;
        if (reached.isEmpty()) {
            findings.apart.put("steps", Double.MAX_VALUE);
            findings.segments.add(segment + ": it ended before its first step");
            return;
        }
        Map<String, Double> apart = CheckpointChain.differences(segment.to(), reached.get());
        apart.forEach((name, much) -> findings.apart.merge(name, Math.min(much, Double.MAX_VALUE), Math::max));
        findings.segments.add(segment + ": " + apart.size() + " values differ");
    }

    private static void compareSaved(Saved recorded, Saved replayed, Findings findings) {
        if (recorded.receipt().hash(Receipt.TRAINED).equals(replayed.receipt().hash(Receipt.TRAINED))) {
            return;
        }
        findings.same = false;
        Map<String, Double> apart = Replay.apart(recorded.arrays(), replayed.arrays());
        if (apart.isEmpty()) {
            // How far it is cannot be told, so it is not within any tolerance.
            findings.apart.put("what was saved", Double.MAX_VALUE);
        }
        apart.forEach((name, much) -> findings.apart.merge("saved " + name, much, Math::max));
        findings.segments.add("what was saved: it came out otherwise");
    }
}
