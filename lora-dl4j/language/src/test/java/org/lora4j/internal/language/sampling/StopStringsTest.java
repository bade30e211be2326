/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StopStringsTest {

    private static List<String> shown(List<String> stops, String... pieces) {
        StopStrings strings = new StopStrings(stops);
        List<String> shown = new ArrayList<>();
        for (String piece : pieces) {
            shown.add(strings.accept(piece));
        }
        shown.add(strings.isFound() ? "STOP" : strings.rest());
        return shown;
    }

    @Test
    void textWithoutStopStrings_goesThroughAtOnce() {
        assertThat(shown(List.of(), "a", "", "bc")).containsExactly("a", "", "bc", "");
    }

    @Test
    void textBeforeAStopString_isShown_andNothingAfterIt() {
        assertThat(shown(List.of("END"), "one END two", "three")).containsExactly("one ", "", "STOP");
    }

    @Test
    void textThatMayBecomeAStopString_isHeldBack() {
        assertThat(shown(List.of("END"), "aE", "N", "D")).containsExactly("a", "", "", "STOP");
    }

    @Test
    void textThatDoesNotBecomeAStopString_comesLater() {
        assertThat(shown(List.of("END"), "aE", "N", "E", "x")).containsExactly("a", "", "EN", "Ex", "");
        assertThat(shown(List.of("END"), "aEN")).containsExactly("a", "EN");
    }

    @Test
    void stopStringThatBeginsInItself_isFound() {
        assertThat(shown(List.of("aab"), "a", "a", "a", "b")).containsExactly("", "", "a", "", "STOP");
    }

    @Test
    void ofTwoAtOnePlace_theLongerCuts() {
        assertThat(shown(List.of("b", "ab"), "xab")).containsExactly("x", "STOP");
        assertThat(shown(List.of("ab", "b"), "xab")).containsExactly("x", "STOP");
    }

    @Test
    void theFirstThatIsComplete_ends() {
        // "bc" is complete before "abcd" can be.
        assertThat(shown(List.of("abcd", "bc"), "ab", "cd")).containsExactly("", "a", "STOP");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void pieces_doNotMatter(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 300; round++) {
            List<String> stops = List.of(text(random, 1 + random.nextInt(4)), text(random, 1 + random.nextInt(4)));
            String text = text(random, 12);
            List<String> pieces = new ArrayList<>();
            for (int from = 0; from < text.length(); ) {
                int to = Math.min(text.length(), from + random.nextInt(4));
                pieces.add(text.substring(from, to));
                from = to;
            }

            String whole = joined(shown(stops, text));
            assertThat(joined(shown(stops, pieces.toArray(String[]::new))))
                    .as("seed %d: %s in %s, stops %s", seed, text, pieces, stops)
                    .isEqualTo(whole)
                    .isEqualTo(byHand(text, stops));
        }
    }

    private static String joined(List<String> shown) {
        return String.join("", shown);
    }

    /** The shortest beginning that ends with a stop string, without the longest one at its end. */
    private static String byHand(String text, List<String> stops) {
        for (int length = 1; length <= text.length(); length++) {
            String start = text.substring(0, length);
            int longest = stops.stream()
                    .filter(start::endsWith)
                    .mapToInt(String::length)
                    .max()
                    .orElse(0);
            if (longest > 0) {
                return start.substring(0, length - longest) + "STOP";
            }
        }
        return text;
    }

    private static String text(SplittableRandom random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(2)));
        }
        return text.toString();
    }
}
