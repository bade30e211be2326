/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.integration.crash.SavedKinds.Kind;

/**
 * A process that is killed at any moment while it saves text tasks, exports language models and exports Tribuo's models leaves in
 * each place what was there or what was to be there. Adapters are in {@link KilledSaveTest}, and every step of every save in {@code
 * SaveKilledAtEveryStepTest} of the library.
 */
class KilledExportTest {

    /** Each kills a save in each of 26 places: 26 in a build, 260 in a thorough one. */
    private static final int ROUNDS = Math.max(1, Integer.getInteger("kill.rounds", 5) / 5);

    /** Of the first two kinds, which replace two files of one directory, there is one place more. */
    private static final int PLACES = 3;

    private static final long SEED = 20261130;

    private record Place(Kind kind, Path path) {}

    @TempDir
    private Path folder;

    @Test
    void places_afterAKillAtAnyMoment_holdTheOldOrTheNew(TestReporter reporter)
            throws IOException, InterruptedException {
        Path models = Files.createDirectory(folder.resolve("models"));
        SavedKinds.write(models);
        SavedKinds known = new SavedKinds(models);
        Map<Kind, List<Object>> expected = new EnumMap<>(Kind.class);
        List<Place> places = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            expected.put(kind, expected(known, kind));
            for (int i = 0; i < PLACES + (kind.ordinal() < 2 ? 1 : 0); i++) {
                Place place = new Place(kind, folder.resolve(kind.name() + i));
                kind.save(known, place.path, 0);
                places.add(place);
            }
        }

        SplittableRandom random = new SplittableRandom(SEED);
        int kills = 0;
        for (int round = 0; round < ROUNDS; round++) {
            kill(models, places, random.nextInt(500));
            Set<Kind> repaired = EnumSet.noneOf(Kind.class);
            for (Place place : places) {
                String what = "round " + round + " of seed " + SEED + ", " + place;
                check(known, place, expected.get(place.kind), what);
                // One of each kind is enough for that, and saves time.
                if (repaired.add(place.kind)) {
                    repair(known, place, expected.get(place.kind).get(1), what);
                }
                kills++;
            }
        }
        reporter.publishEntry("saves killed", Integer.toString(kills));
    }

    private List<Object> expected(SavedKinds known, Kind kind) throws IOException {
        List<Object> expected = new ArrayList<>();
        for (int number = 0; number < 2; number++) {
            Path place = folder.resolve("alone-" + kind + number);
            kind.save(known, place, number);
            expected.addAll(kind.load(known, place));
        }
        assertThat(expected).as("%s", kind).hasSize(2);
        if (kind.replaces()) {
            assertThat(expected.get(0)).as("%s", kind).isNotEqualTo(expected.get(1));
        }
        return expected;
    }

    private void kill(Path models, List<Place> places, int milliseconds) throws IOException, InterruptedException {
        List<String> command = KilledSaveTest.command(ExportsForever.class, List.of(models));
        places.forEach(place -> command.addAll(List.of(place.kind.name(), place.path.toString())));
        Path log = folder.resolve("log.txt");
        Process child = new ProcessBuilder(command).redirectError(log.toFile()).start();
        try (BufferedReader output = child.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.lines().anyMatch(SavesForever.READY::equals))
                    .as(() -> "the child is ready: " + KilledSaveTest.text(log))
                    .isTrue();
            Thread.sleep(milliseconds);
            assertThat(child.isAlive())
                    .as(() -> "the child still saves: " + KilledSaveTest.text(log))
                    .isTrue();
        } finally {
            child.destroyForcibly().waitFor();
        }
        assertThat(log).as("no save has failed").content().doesNotContain("Exception");
    }

    private static void check(SavedKinds known, Place place, List<Object> expected, String what) throws IOException {
        List<Object> left = place.kind.load(known, place.path);

        assertThat(left).as(what).isSubsetOf(expected);
        if (place.kind.replaces()) {
            assertThat(left).as(what).hasSize(1);
        }
    }

    private static void repair(SavedKinds known, Place place, Object expected, String what) throws IOException {
        place.kind.save(known, place.path, 1);
        assertThat(place.kind.load(known, place.path)).as("saved after " + what).contains(expected);
    }
}
