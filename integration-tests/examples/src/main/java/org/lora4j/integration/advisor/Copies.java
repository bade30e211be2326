/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.advisor;

import java.util.Locale;
import java.util.SplittableRandom;

/** How a text gets into a data set twice. */
enum Copies {
    EXACT("as it is") {
        @Override
        String copy(String text, SplittableRandom random) {
            return text;
        }
    },
    SPELLED("other case, punctuation, spaces") {
        @Override
        String copy(String text, SplittableRandom random) {
            String other = random.nextBoolean() ? text.toUpperCase(Locale.ROOT) : text.toLowerCase(Locale.ROOT);
            return "  " + other.replaceFirst("[?.!]*$", "") + (random.nextBoolean() ? " !" : "...");
        }
    },
    MISTYPED("two neighboring letters swapped, or one left out") {
        @Override
        String copy(String text, SplittableRandom random) {
            int at = 1 + random.nextInt(text.length() - 2);
            while (text.charAt(at) == text.charAt(at - 1)) {
                at = 1 + random.nextInt(text.length() - 2);
            }
            return random.nextBoolean()
                    ? text.substring(0, at) + text.substring(at + 1)
                    : text.substring(0, at - 1) + text.charAt(at) + text.charAt(at - 1) + text.substring(at + 1);
        }
    };

    private final String words;

    Copies(String words) {
        this.words = words;
    }

    abstract String copy(String text, SplittableRandom random);

    @Override
    public String toString() {
        return words;
    }
}
