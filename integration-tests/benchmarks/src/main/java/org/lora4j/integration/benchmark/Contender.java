/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * One thing to time.
 *
 * @param key its name in claims and in the JSON file
 * @param label its name in the table
 * @param turns does it a few times
 */
record Contender(String key, String label, Supplier<List<Turn>> turns) {

    /** Something that does not tell its own time. */
    static Contender timed(String key, String label, int repetitions, Runnable work) {
        return new Contender(
                key,
                label,
                () -> Stream.generate(() -> Turn.of(work)).limit(repetitions).toList());
    }
}
