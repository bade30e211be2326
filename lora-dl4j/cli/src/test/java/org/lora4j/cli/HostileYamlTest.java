/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Files of settings that are changed at random: each is read, or refused in words; nothing else happens. */
class HostileYamlTest {

    private static final int CASES = 20_000;
    private static final List<String> SEEDS = List.of(
            "data: questions.csv\ntext: question\nrank: 8\ntarget-modules: [query, value]\n",
            "a: &x {b: [1, 2, {c: *y}]}\nd: *x\n",
            "--- # c\n'quoted ''': \"\\u00e4 \\n\"\n...\n",
            "block: |\n  a\n  b\nfolded: >-\n  c\n",
            "? complex\n: value\n- x\n",
            "%YAML 1.2\n---\n!!map {a: !!str b}\n");
    private static final String PIECES = "{}[]:,-?&*!|>'\"%@`#\n\t ~ab1.\\\u0085\ufeff\ud83d";

    @Test
    void changedFiles_areReadOrRefusedInWords() {
        Random random = new Random(42);
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            String text = changed(SEEDS.get(random.nextInt(SEEDS.size())), random);
            try {
                CliSettings.Builder builder = CliSettings.builder();
                YamlFile.read("file", text).forEach((key, value) -> builder.put(key, value.value(), "file"));
                builder.build();
            } catch (CliException e) {
                refused++;
                assertThat(e.getMessage()).as(text).isNotBlank().hasSizeLessThan(5_000);
            }
        }
        assertThat(refused).isBetween(CASES / 10, CASES);
    }

    private static String changed(String seed, Random random) {
        StringBuilder text = new StringBuilder(seed);
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            int at = random.nextInt(text.length() + 1);
            char piece = PIECES.charAt(random.nextInt(PIECES.length()));
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, piece);
                case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(5)));
                default -> text.insert(at, text.substring(at, Math.min(text.length(), at + random.nextInt(20))));
            }
        }
        return text.toString();
    }
}
